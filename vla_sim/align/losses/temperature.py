"""The temperature of a contrastive pair, kept within bounds."""

import math

import torch
from torch import Tensor

INITIAL = math.log(1.0 / 0.06)
"""Between the two values the chapter recommends, tau = .05 and .07."""
LARGEST = math.log(100.0)


@torch.no_grad()
def clamp_temperature(log_inverse_temperature: Tensor) -> None:
    """Keep theta = log(1 / tau) in [0, log 100], in place, after each optimiser step.

    Source:
        CLIP (arXiv 2103.00020), section 2.5.
    """
    log_inverse_temperature.clamp_(0.0, LARGEST)
