"""What the model has to know about a robot: fixed scales and the limits of its motion.

Legend: N rows, G goals, P proprioceptive components, A action components.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.triple import GRID, N_ACT, N_PROPRIO

SMALLEST_SCALE = 0.02
"""A component that hardly moved in the data it was fitted on is not blown up beyond this."""


@dataclass(frozen=True, kw_only=True)
class ActionLimit:
    """Limits of the motion that one group of action components commands, in SI units."""

    start: int
    size: int
    order: int
    """Derivative that the action commands: 0 position-like, 1 velocity, 2 acceleration."""
    scale: float
    """SI value of a normalised action of 1."""
    velocity: float
    acceleration: float
    jerk: float
    held: int = -1
    """Proprioceptive component of the first of these commands as it is in force now; -1 for none.
    What is known to be in force is what manners speak of: their bounds hold here too."""
    held_rate: int = -1
    """The same for its difference quotient."""

    @property
    def stop(self) -> int:
        """One past the last component."""
        return self.start + self.size


@dataclass(frozen=True, kw_only=True)
class Steering:
    """The action component that commands a curvature, and thereby sideways acceleration."""

    index: int
    scale: float
    """Curvature of a normalised action of 1 [1/m]."""
    held: int
    """Proprioceptive component of the curvature in force."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """One embodiment in numbers; saved with the weights, since the weights mean nothing without it.

    Proprioception is read as (proprio - centre) / scale; goals are regressed in units of
    `goal_scale` around `goal_centre`, in the frame of proprio[:3].
    """

    name: str
    n_act: int
    n_proprio: int
    control_dt_s: float
    bandwidth_fraction: float
    """Cut-off of the robot's action filter over the Nyquist frequency of its control rate."""
    limits: tuple[ActionLimit, ...]
    proprio_centre: tuple[float, ...]
    """n_proprio values."""
    proprio_scale: tuple[float, ...]
    """n_proprio values, > 0."""
    goal_centre: tuple[float, float, float]
    """[m]"""
    goal_scale: tuple[float, float, float]
    """[m], > 0."""
    ground: tuple[tuple[float, float], ...] = ()
    """Where the centre of each cell of the picture meets the ground, x and y [m], in the frame of
    proprio[:2]: what a calibrated camera knows. Empty where hazards need no place."""
    speed: int = -1
    """Proprioceptive component of the speed, where actions are accelerations; -1 for none."""
    steering: Steering | None = None

    def __post_init__(self) -> None:
        if not 0 < self.n_act <= N_ACT or not 5 <= self.n_proprio <= N_PROPRIO:
            raise BadConfig(
                f"{self.name}: {self.n_act} actions and {self.n_proprio} proprioceptive components;"
                f" the model takes 1 to {N_ACT} and 5 (pose) to {N_PROPRIO}"
            )
        for what in ("proprio_centre", "proprio_scale"):
            if len(getattr(self, what)) != self.n_proprio:
                raise BadConfig(f"{self.name}: {what} needs {self.n_proprio} values")
        if self.ground and len(self.ground) != GRID * GRID:
            raise BadConfig(f"{self.name}: ground needs a point for each of {GRID * GRID} cells")
        if min(self.proprio_scale) <= 0.0 or min(self.goal_scale) <= 0.0:
            raise BadConfig(f"{self.name}: scales must be positive")

    @classmethod
    def of(
        cls,
        embodiment: Embodiment,
        *,
        proprio_centre: tuple[float, ...],
        proprio_scale: tuple[float, ...],
        goal_centre: tuple[float, float, float],
        goal_scale: tuple[float, float, float],
        ground: tuple[tuple[float, float], ...] = (),
    ) -> Self:
        """The body of an embodiment with scales given by hand."""
        return cls(
            name=embodiment.name,
            n_act=embodiment.n_act,
            n_proprio=embodiment.n_proprio,
            control_dt_s=embodiment.control_dt_s,
            bandwidth_fraction=embodiment.bandwidth_fraction,
            limits=_limits(embodiment),
            proprio_centre=proprio_centre,
            proprio_scale=proprio_scale,
            goal_centre=goal_centre,
            goal_scale=goal_scale,
            ground=ground,
            speed=_component(embodiment, embodiment.speed),
            steering=_steering(embodiment),
        )

    @classmethod
    def fit(
        cls,
        embodiment: Embodiment,
        proprio_NP: NDArray[np.floating],
        goal_point_N3: NDArray[np.floating],
        ground: tuple[tuple[float, float], ...] = (),
    ) -> Self:
        """The body of an embodiment with scales read off some rows, e.g. the first collected.

        Args:
            embodiment: The robot.
            proprio_NP: Proprioception, padded or not, shape (N, >= n_proprio).
            goal_point_N3: Points [m] of all queries, shape (N, 3); what is none left out.
            ground: See the field.

        Raises:
            BadConfig: If there are fewer than two rows or values that are not finite.
        """
        n = embodiment.n_proprio
        proprio = np.asarray(proprio_NP, dtype=np.float64)[:, :n]
        goal = np.asarray(goal_point_N3, dtype=np.float64).reshape(-1, 3)
        enough = len(proprio) > 1 and len(goal) > 1
        if not enough or not np.isfinite(proprio).all() or not np.isfinite(goal).all():
            raise BadConfig(f"{embodiment.name}: scales need at least two rows of finite numbers")
        centre, scale = proprio.mean(axis=0), proprio.std(axis=0).clip(SMALLEST_SCALE)
        centre[3:5], scale[3:5] = 0.0, 1.0  # a cosine and a sine are already of unit size
        goal_scale = goal.std(axis=0).clip(SMALLEST_SCALE)
        return cls.of(
            embodiment,
            proprio_centre=tuple(map(float, centre)),
            proprio_scale=tuple(map(float, scale)),
            goal_centre=_three(goal.mean(axis=0)),
            goal_scale=_three(goal_scale),
            ground=ground,
        )


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _limits(embodiment: Embodiment) -> tuple[ActionLimit, ...]:
    limits = []
    for group in embodiment.action:
        if group.motion is None:
            continue
        motion = embodiment.motion_group(group.motion)
        limits.append(
            ActionLimit(
                start=embodiment.action_slice(group.name).start,
                size=group.size,
                order=group.order,
                scale=group.scale,
                velocity=motion.velocity_limit,
                acceleration=motion.acceleration_limit,
                jerk=motion.jerk_limit,
                held=_component(embodiment, group.held),
                held_rate=_component(embodiment, group.held_rate),
            )
        )
    return tuple(limits)


def _component(embodiment: Embodiment, name: str) -> int:
    return embodiment.proprio_names.index(name) if name else -1


def _steering(embodiment: Embodiment) -> Steering | None:
    for group in embodiment.action:
        if group.unit == "1/m" and group.held:
            return Steering(
                index=embodiment.action_slice(group.name).start,
                scale=group.scale,
                held=_component(embodiment, group.held),
            )
    return None
