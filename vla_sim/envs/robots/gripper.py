"""A gripper's opening: from its joints to metres, and from metres to its actuators' controls."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GripperConfig:
    """Settings of Gripper.

    Attributes:
        joints: Names of the joints that say how far it is open, one or one per finger.
        actuators: Names of its actuators, which hold a joint's position.
        width_m: Openings between the fingers, rising, from closed to open.
        position: A joint's position at each of these openings.
        control_per_position: An actuator's control for a unit of that position.
        speed_m_s: Speed of opening and closing.
        lead_m: Opening beyond which its servos are saturated.
    """

    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    width_m: tuple[float, ...]
    position: tuple[float, ...]
    control_per_position: float = 1.0
    speed_m_s: float
    lead_m: float

    def __post_init__(self) -> None:
        """Refuse what does not map openings to positions and back."""
        if not self.joints or not self.actuators:
            raise BadConfig("a gripper needs at least one joint and one actuator")
        if len(self.width_m) != len(self.position) or len(self.width_m) < 2:
            raise BadConfig(
                f"{len(self.width_m)} openings and {len(self.position)} positions; there must be"
                " as many of the one as of the other, and two at least"
            )
        steps = np.diff(self.position)
        if not ((np.diff(self.width_m) > 0.0).all() and (steps * steps[0] > 0.0).all()):
            raise BadConfig("openings must rise, and positions all rise or all fall with them")
        if not min(self.speed_m_s, self.lead_m) > 0.0:
            raise BadConfig("speed_m_s and lead_m must be positive")

    def build(self) -> "Gripper":
        """The gripper with these settings."""
        return Gripper(self)


class Gripper:
    """Openings of n grippers, by straight lines between the measured ones."""

    def __init__(self, config: GripperConfig) -> None:
        self.config = config
        width, position = np.array(config.width_m), np.array(config.position)
        rising = slice(None) if position[-1] > position[0] else slice(None, None, -1)
        self._to_width = _Line(position[rising], width[rising])
        self._to_position = _Line(width, position)
        self.stroke_m = config.width_m[-1]

    def width(self, position: Floats) -> Floats:
        """Opening [m], shape (n,), of joints at `position`, shape (n, k)."""
        total = np.zeros(len(position))
        for one in position.T:
            total = total + self._to_width(one)
        return np.asarray(total / position.shape[1])

    def position(self, width: Floats) -> Floats:
        """Position of each joint, shape (n,), at openings (n,) [m]."""
        return self._to_position(width)

    def control(self, width: Floats) -> Floats:
        """Control of each actuator, shape (n,), that holds the openings (n,) [m]."""
        return np.asarray(self.config.control_per_position * self._to_position(width))


class _Line:
    """Straight lines through given points; beyond the ends they go on."""

    def __init__(self, x: Floats, y: Floats) -> None:
        self._x, self._y = x, y
        self._slope = np.diff(y) / np.diff(x)

    def __call__(self, x: Floats) -> Floats:
        k = np.clip(np.searchsorted(self._x, x) - 1, 0, len(self._slope) - 1)
        return np.asarray(self._y[k] + (x - self._x[k]) * self._slope[k])
