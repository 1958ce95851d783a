"""Standardiser: features with mean 0 and variance 1 over rows, whatever made them.

Legend: N rows, X features.
"""

import torch
from torch import Tensor, nn

SMALLEST_VARIANCE = 1e-6


class Standardiser(nn.Module):
    """By moving averages, so that no row depends on its neighbours; part of a checkpoint.

    Features after a rectifier lie close together and far from 0. What chooses by distance or by the
    greatest of a few numbers would choose the same for all of them.
    """

    mean_X: Tensor
    variance_X: Tensor
    n_seen: Tensor

    def __init__(self, n_features: int, *, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("mean_X", torch.zeros(n_features))
        self.register_buffer("variance_X", torch.ones(n_features))
        self.register_buffer("n_seen", torch.zeros(()))

    def forward(self, value: Tensor) -> Tensor:
        """The features standardised, any shape (..., X)."""
        return (value - self.mean_X) * self.variance_X.clamp_min(SMALLEST_VARIANCE).rsqrt()

    def follow(self, value_NX: Tensor) -> None:
        """Take in an update's rows, N >= 1, without a gradient."""
        # The first updates count alike: nothing of where the averages began is left.
        part = (1.0 / (self.n_seen + 1.0)).clamp_min(1.0 - self.decay)
        self.mean_X.lerp_(value_NX.mean(0), part)
        self.variance_X.lerp_((value_NX - self.mean_X).square().mean(0), part)
        self.n_seen += 1.0
