"""The temperature of a contrastive pair, kept within bounds."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from vla_sim.errors import BadConfig
from vla_sim.ranges import above

INITIAL = math.log(1.0 / 0.06)
"""Between the two values the chapter recommends, tau = .05 and .07."""
CLIP = (0.01, 1.0)
"""Least and largest tau that CLIP allows."""
LARGEST = math.log(1.0 / CLIP[0])


@dataclass(frozen=True, kw_only=True)
class TemperatureConfig:
    """Between which values each pair's temperature tau stays; the chapter asks for 0.04 to 0.1."""

    vl: tuple[float, float] = CLIP
    la: tuple[float, float] = CLIP
    va: tuple[float, float] = CLIP
    step: tuple[float, float] = CLIP
    """Of the alignment of single moments."""

    def __post_init__(self) -> None:
        for field in fields(self):
            bounds = getattr(self, field.name)
            above(0, **{field.name: bounds})
            if len(bounds) != 2 or bounds[0] > bounds[1]:
                raise BadConfig(
                    f"{field.name} is {bounds}; give the least temperature, then the largest"
                )

    @torch.no_grad()
    def keep(self, log_inverse_temperature: nn.ParameterDict) -> None:
        """Bring each pair's theta within its bounds, in place."""
        for pair, theta in log_inverse_temperature.items():
            clamp_temperature(theta, getattr(self, pair))


@torch.no_grad()
def clamp_temperature(log_inverse_temperature: Tensor, bounds: tuple[float, float] = CLIP) -> None:
    """Keep theta = log(1 / tau) where tau is within bounds, in place, after each optimiser step.

    Source:
        CLIP (arXiv 2103.00020), section 2.5.
    """
    least, largest = bounds
    log_inverse_temperature.clamp_(math.log(1.0 / largest), math.log(1.0 / least))
