"""A vision model of somebody else's as picture tower: its maps, brought to our cells.

Legend: N pictures, H by W pixels, Y by X places of a map, S = GRID * GRID cells, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.encoders.base import Base, BaseConfig
from vla_sim.align.encoders.sight import Sight
from vla_sim.align.encoders.tower import ForeignTower, VisionTower
from vla_sim.ranges import whole
from vla_sim.records.triple import GRID


@dataclass(frozen=True, kw_only=True)
class ForeignVisionConfig(BaseConfig):
    """Settings of ForeignVision."""

    image_px: int | None = None
    """Size that pictures are brought to; None for the model's own."""
    n_out: int = 64
    """Channels of the feature map."""

    def __post_init__(self) -> None:
        super().__post_init__()
        whole(1, n_out=self.n_out)
        whole(GRID, image_px=self.image_px)


class ForeignVision(ForeignTower, VisionTower):
    """Sight, base, and a projection of its maps with a learned position for each cell.

    Of a network whose last map is coarser than our cells, an earlier, finer map is read as well: a
    cell must know what lies in it and not beside it.
    """

    def __init__(self, config: ForeignVisionConfig, base: Base, sight: Sight) -> None:
        super().__init__()
        self.config = config
        self.base = base
        self.sight = sight
        with torch.no_grad():
            blank = torch.zeros((1, GRID, GRID, 3), dtype=torch.uint8)
            maps = _used(self.base.model(self.sight(blank)))
        widths = [m.shape[1] for m in maps]
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths)
        self.project = nn.Linear(sum(widths), config.n_out)
        self.position = nn.Parameter(torch.randn(GRID * GRID, config.n_out) * 0.1)

    def forward(self, image_NHWC: Tensor) -> Tensor:
        """Features of each cell, float32 (N, S, C), of uint8 pictures of any size."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.base.gradients):
            maps = _used(self.base.model(self.sight(image_NHWC)))
        cells = [
            norm(_on_grid(m).flatten(2).transpose(1, 2))
            for norm, m in zip(self.norms, maps, strict=True)
        ]
        out_NSC = functional.relu(self.project(torch.cat(cells, dim=-1)) + self.position)
        return out_NSC.float()


def _used(maps: list[Tensor]) -> list[Tensor]:
    """The last map; where it is coarser than our cells, the deepest that is not, or the finest."""
    *earlier, last = maps
    if last.shape[2] >= GRID:
        return [last]
    finer = [m for m in earlier if m.shape[2] > last.shape[2]]
    fine = [m for m in finer if m.shape[2] >= GRID] or sorted(finer, key=lambda m: -m.shape[2])[:1]
    return [*fine[-1:], last]


def _on_grid(map_NCYX: Tensor) -> Tensor:
    """A map of GRID x GRID places, each where it was in the picture."""
    if map_NCYX.shape[2:] == (GRID, GRID):
        return map_NCYX
    return functional.interpolate(
        map_NCYX, (GRID, GRID), mode="bilinear", antialias=True, align_corners=False
    )
