"""Paint: a geom's own colour or its material's, by MuJoCo's rule."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

DEFAULT_RGBA = np.array([0.5, 0.5, 0.5, 1.0], dtype=np.float32)
"""What MuJoCo gives a geom without a colour."""


@dataclass(frozen=True, kw_only=True)
class Paint:
    """The materials' colours of a model.

    Attributes:
        has_material: bool (ngeom,).
        material_rgba: float32 (ngeom, 4), where there is a material.
    """

    has_material: NDArray[np.bool_]
    material_rgba: NDArray[np.float32]

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Paint":
        """Read the materials of a model."""
        has_material = np.asarray(model.geom_matid >= 0)
        material_rgba = np.zeros((model.ngeom, 4), dtype=np.float32)
        material_rgba[has_material] = model.mat_rgba[model.geom_matid[has_material]]
        return cls(has_material=has_material, material_rgba=material_rgba)

    def apply(self, rgba: NDArray[np.float32]) -> NDArray[np.float32]:
        """Colours to draw, (n, ngeom, 4): the material's wherever a geom was left at the default.

        Args:
            rgba: The geoms' own colours, (n, ngeom, 4).
        """
        if not self.has_material.any():
            return rgba
        left_alone = self.has_material & (rgba == DEFAULT_RGBA).all(axis=-1)
        return np.where(left_alone[..., None], self.material_rgba, rgba)
