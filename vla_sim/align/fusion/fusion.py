"""The role of a fusion: what was seen and said at a moment, in one vector.

Legend: B pictures, G sentences a picture, S cells, C map channels, D text features, X what the
decoder was told, K what is known of the body, E embedding.
"""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Moment:
    """B pictures with G sentences each, as the policy met them; nothing in it is a copy.

    Attributes:
        map_BSC: Feature maps.
        text_BGD: Features of the sentences.
        known_BK: Normalised proprioception and which body it is.
        state_BGX: What the decoder was told: the goal that the grounded attention found, seen from
            the body, and its circumstances.
    """

    map_BSC: Tensor
    text_BGD: Tensor
    known_BK: Tensor
    state_BGX: Tensor


@dataclass(frozen=True, kw_only=True)
class FusionSizes:
    """Widths that a fusion is built for, see `Moment`."""

    n_map: int
    n_text: int
    n_known: int
    n_state: int
    hidden: int
    n_embed: int


class Fusion(nn.Module):
    """From a moment to a state; whoever asks puts it on the sphere."""

    def forward(self, moment: Moment) -> Tensor:
        """The state of every sentence of every picture, shape (B, G, E)."""
        raise NotImplementedError


def each_sentence(value_BX: Tensor, text_BGD: Tensor) -> Tensor:
    """A picture's values beside each of its sentences, shape (B, G, X)."""
    return value_BX.unsqueeze(1).expand(-1, text_BGD.shape[1], -1)


def perceptron(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, n_out))
