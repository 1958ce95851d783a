"""The ray caster in other settings: pictures of the same scenes by slightly other rules."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.render.light import Light
from vla_sim.physics.render.picture import Picture
from vla_sim.physics.render.ray_caster import RAY_CASTER_ID, RayCaster


class Shadowless(RayCaster):
    """A ray caster whose shadows let all light through."""

    @property
    def id(self) -> str:
        """The renderer's name and version in run cards."""
        return f"{RAY_CASTER_ID}-shadowless"

    def adapted(self, light: Light) -> Light:
        """A light that shadows do not dim."""
        return replace(light, left_in_shadow=1.0)


class Supersampled(RayCaster):
    """A ray caster that draws at twice the size and averages four pixels into one.

    Depth and segmentation are those of the upper left of the four: they cannot be averaged.
    """

    n_samples: ClassVar[int] = 2

    @property
    def id(self) -> str:
        """The renderer's name and version in run cards."""
        return f"{RAY_CASTER_ID}-smooth"

    def render(
        self,
        geom_pos: NDArray[np.float64],
        geom_mat: NDArray[np.float64],
        rgba: NDArray[np.float32],
        followed: NDArray[np.float64] | None = None,
        *,
        depth: bool = False,
        segmentation: bool = False,
    ) -> Picture:
        """Draw n simulations; see `Renderer.render`."""
        large = super().render(
            geom_pos, geom_mat, rgba, followed, depth=depth, segmentation=segmentation
        )
        total = np.full_like(large.rgb[:, ::2, ::2], 2, dtype=np.uint16)  # to round, not to cut
        for row in (0, 1):
            for column in (0, 1):
                total += large.rgb[:, row::2, column::2]
        return Picture(
            rgb=(total >> 2).astype(np.uint8),
            depth=None if large.depth is None else large.depth[:, ::2, ::2],
            segmentation=None if large.segmentation is None else large.segmentation[:, ::2, ::2],
        )
