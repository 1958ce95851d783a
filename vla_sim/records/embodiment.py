"""The numbers that a physical prior needs: what an action means and what the body may do."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class MotionGroup:
    """A part of the measured motion whose Euclidean norm is bounded.

    The joints of an arm are groups of size 1; the tool's linear velocity is one group of size 3.
    """

    name: str
    size: int
    unit: str
    """Unit of position: "m" or "rad"."""
    velocity_limit: float
    """Largest norm of velocity [unit/s]."""
    acceleration_limit: float
    """Largest norm of acceleration [unit/s^2]."""
    jerk_limit: float
    """Largest norm of jerk [unit/s^3], as measured at the control rate."""
    position_lower: float = -np.inf
    """Lowest position [unit], for groups of size 1."""
    position_upper: float = np.inf
    """Highest position [unit], for groups of size 1."""
    source: str
    """Where the numbers come from."""


@dataclass(frozen=True, kw_only=True)
class ActionGroup:
    """Some neighbouring action components with one meaning.

    `order` is the derivative that the action commands: 0 a position-like quantity, 1 a velocity,
    2 an acceleration.
    """

    name: str
    size: int
    unit: str
    """Unit of the action itself, e.g. "m/s"."""
    order: int
    scale: float
    """SI value of a normalised action of 1."""
    motion: str | None
    """Name of the `MotionGroup` whose limits bind this action; None where no prior applies."""
    held: str = ""
    """The proprioceptive component that tells the first of these commands as it is in force now,
    filtered, in SI units; "" where none does."""
    held_rate: str = ""
    """The same for its difference quotient over the last control step."""


@dataclass(frozen=True, kw_only=True)
class Embodiment:
    """A robot as its physical priors see it: control rate, action meaning, limits of motion."""

    name: str
    control_dt_s: float
    action: tuple[ActionGroup, ...]
    motion: tuple[MotionGroup, ...]
    proprio_names: tuple[str, ...]
    """One name per component. Components 0 to 2 are the position of the controlled point [m],
    3 and 4 the cosine and sine of its yaw: policies express goals relative to that pose."""
    bandwidth_fraction: float
    """Cut-off of the action filter as a fraction of the control Nyquist frequency."""
    speed: str = ""
    """The proprioceptive component that tells the speed, where actions are accelerations."""
    comfort_acceleration: float = np.inf
    """What one beside the robot, or in it, finds comfortable of the controlled point [m/s^2],"""
    comfort_jerk: float = np.inf
    """and of its jerk [m/s^3]."""

    @property
    def n_act(self) -> int:
        """Number of action components."""
        return sum(group.size for group in self.action)

    @property
    def n_motion(self) -> int:
        """Number of measured motion components."""
        return sum(group.size for group in self.motion)

    @property
    def n_proprio(self) -> int:
        """Number of proprioceptive components."""
        return len(self.proprio_names)

    @cached_property
    def action_scale(self) -> NDArray[np.float64]:
        """SI value of a normalised action of 1, per component, shape (n_act,)."""
        scale = np.repeat([g.scale for g in self.action], [g.size for g in self.action])
        scale.setflags(write=False)
        return scale

    def motion_slice(self, name: str) -> slice:
        """Where the group `name` lies in a motion vector."""
        start = 0
        for group in self.motion:
            if group.name == name:
                return slice(start, start + group.size)
            start += group.size
        raise KeyError(f"{self.name} has no motion group {name!r}")

    def action_slice(self, name: str) -> slice:
        """Where the group `name` lies in an action vector."""
        start = 0
        for group in self.action:
            if group.name == name:
                return slice(start, start + group.size)
            start += group.size
        raise KeyError(f"{self.name} has no action group {name!r}")

    def motion_group(self, name: str) -> MotionGroup:
        """The motion group `name`."""
        return next(group for group in self.motion if group.name == name)
