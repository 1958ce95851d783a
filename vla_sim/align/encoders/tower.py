"""Tower: what pictures and sentences go through, and what of it learns, travels or stays.

Legend: N pictures, S = GRID * GRID cells in row-major order, C channels.
"""

from torch import Tensor, nn

from vla_sim.align.encoders.base import Base


class Tower(nn.Module):
    """What every tower says of itself beside the features that it gives."""

    @property
    def foreign(self) -> Base | None:
        """The model of somebody else's that it stands on; None where all of it is ours."""
        return None

    def on_disk(self, name: str) -> bool:
        """Whether the weight `name` of this tower belongs into a checkpoint."""
        return True

    def keep_frozen(self) -> None:
        """Freeze again what is not to learn now, after a caller let all of it learn."""

    def advance(self, fraction: float) -> None:
        """Let learn what is due after a fraction of the budget."""


class ForeignTower(Tower):
    """A tower on a base: the base is loaded from where it came from, and only the rest travels."""

    base: Base

    @property
    def foreign(self) -> Base | None:
        """The base."""
        return self.base

    def on_disk(self, name: str) -> bool:
        """All but the base, and of that what is not as it came."""
        head, _, rest = name.partition(".")
        return head != "base" or self.base.on_disk(rest)

    def keep_frozen(self) -> None:
        """See `Base.keep_frozen`."""
        self.base.keep_frozen()

    def advance(self, fraction: float) -> None:
        """See `Base.advance`."""
        self.base.advance(fraction)


class VisionTower(Tower):
    """From pictures to a map: `config.n_out` features for each of GRID x GRID cells."""

    def forward(self, image_NHWC: Tensor) -> Tensor:
        """Features of each cell, float32 (N, S, C), of uint8 pictures (N, H, W, 3)."""
        raise NotImplementedError
