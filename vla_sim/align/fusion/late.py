"""Late fusion: picture and words meet as two finished vectors."""

from dataclasses import dataclass

from torch import Tensor

from vla_sim.align.fusion.fusion import Fusion, FusionSizes, Moment
from vla_sim.align.fusion.halves import Halves


@dataclass(frozen=True, kw_only=True)
class LateConfig:
    """Settings of Late."""

    def build(self, sizes: FusionSizes) -> "Late":
        """The fusion with these settings."""
        return Late(sizes)


class Late(Fusion):
    """Half of z_V and half of z_L: what neither knows alone, their sum does not know."""

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__()
        self.halves = Halves(sizes)

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        picture_BGE, words_BGE = self.halves(moment)
        out_BGE: Tensor = 0.5 * (picture_BGE + words_BGE)
        return out_BGE
