"""Light: one sun, a sky that lights from above, and shadows on the ground."""

from dataclasses import dataclass
from typing import NamedTuple

import mujoco
import numpy as np
from numpy.typing import NDArray


class Sun(NamedTuple):
    """A Light as the kernels take it.

    Attributes:
        direction: float64 (3,), unit vector towards the sun.
        weights: float32 (4,): ambient, sky, sun, and what of the sun remains in a shadow.
    """

    direction: NDArray[np.float64]
    weights: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Light:
    """A face with unit normal n has brightness ambient + sky n_z + sun max(0, n . direction)."""

    direction: tuple[float, float, float] = (0.35, -0.45, 0.82)
    """Towards the sun, of any length. Oblique to the world's axes, so that no two sides of an
    aligned box look alike."""
    ambient: float = 0.50
    sky: float = 0.10
    sun: float = 0.45
    left_in_shadow: float = 0.35
    """The part of the sun's light that reaches a shadow."""
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of all light, the sky's included: what it does to the red, green and blue of things."""

    @property
    def is_white(self) -> bool:
        """It leaves colours alone."""
        return self.colour == (1.0, 1.0, 1.0)

    def build(self) -> Sun:
        """As the kernels take it."""
        direction = np.asarray(self.direction, dtype=np.float64)
        weights = np.array([self.ambient, self.sky, self.sun, self.left_in_shadow])
        return Sun(
            direction=direction / np.linalg.norm(direction), weights=weights.astype(np.float32)
        )


def light_of(model: mujoco.MjModel) -> Light:
    """A sun that stands where the model's first directional light does, if it has one."""
    directional = model.light_type == int(mujoco.mjtLightType.mjLIGHT_DIRECTIONAL)
    fixed = directional & (model.light_bodyid == 0)
    if not fixed.any():
        return Light()
    x, y, z = -model.light_dir[np.flatnonzero(fixed)[0]]
    return Light(direction=(float(x), float(y), float(z)))
