"""Lift: pick up the object that was named."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.frames.tabletop import Tabletop, TabletopConfig
from vla_sim.protocols.task import Outcome

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LiftConfig(TabletopConfig):
    """Settings of Lift."""

    lift_m: float = 0.08
    """The object's lowest point must rise this far above the table."""
    raise_m: float = 0.15
    """How far the expert raises it; part of the expert's path."""
    n_objects: int = 3
    horizon_s: float = 9.0
    object_low: tuple[float, float] = (0.38, -0.20)
    object_high: tuple[float, float] = (0.60, 0.20)
    min_distance_m: float = 0.13
    start_low: tuple[float, float, float] = (0.40, -0.10, 0.20)
    start_high: tuple[float, float, float] = (0.50, 0.10, 0.28)

    def build(self) -> "Lift":
        """The task with these settings."""
        return Lift(self)


class Lift(Tabletop):
    """Loose objects on a table; every one of them can be asked for."""

    def __init__(self, config: LiftConfig) -> None:
        super().__init__(config, intent_id="lift", free=True)
        self.config = config

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the goal's object is up."""
        rows = np.arange(len(goal))
        height = self.objects.clearance()
        mine = height[rows, goal]
        others = height.copy()
        others[rows, goal] = 0.0
        return Outcome(
            success=mine > self.config.lift_m,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * self.distance(goal)),
                "up": np.clip(mine / self.config.lift_m, 0.0, 1.0),
            },
            violations={"wrong_object": np.any(others > 0.5 * self.config.lift_m, axis=1)},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To get to the object, take hold of it and raise it."""
        row, opening = np.arange(len(goal)), self.robot.privileged()["gripper_width"]
        held = self.objects.held(self.robot.motion.point, opening)[row, goal]
        height = self.objects.clearance()[row, goal]
        return {
            "hand_m": self.hand_left(goal),
            "to_take": 1.0 - held,
            "height_m": np.maximum(self.config.lift_m - height, 0.0),
        }

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) straight to the object and up again [m]."""
        return self.distance(goal) + self.config.raise_m
