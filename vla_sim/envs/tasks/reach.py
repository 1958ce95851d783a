"""Reach: bring the fingertips to just above the object that was named."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.frames.tabletop import Tabletop, TabletopConfig
from vla_sim.protocols.task import Outcome

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ReachConfig(TabletopConfig):
    """Settings of Reach."""

    hover_m: float = 0.03
    """The fingertips go this far above the object's top."""
    tolerance_m: float = 0.03
    """And must come this close to that point."""
    n_objects: int = 4
    horizon_s: float = 8.0
    object_low: tuple[float, float] = (0.36, -0.24)
    object_high: tuple[float, float] = (0.64, 0.24)
    min_distance_m: float = 0.11
    start_low: tuple[float, float, float] = (0.38, -0.12, 0.22)
    start_high: tuple[float, float, float] = (0.52, 0.12, 0.32)

    def build(self) -> "Reach":
        """The task with these settings."""
        return Reach(self)


class Reach(Tabletop):
    """Objects stand fixed on a table; every one of them can be asked for."""

    def __init__(self, config: ReachConfig) -> None:
        super().__init__(config, intent_id="reach", free=False)
        self.config = config

    def goal_point(self) -> Floats:
        """(n, n_objects, 3) just above each object."""
        point = self.objects.position().copy()
        point[:, :, 2] += self.objects.half_height + self.config.hover_m
        return point

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the fingertips are at the point above the goal's object."""
        distance = self.distance(goal)
        return Outcome(
            success=distance < self.config.tolerance_m,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={"near": 1.0 - np.tanh(4.0 * distance), "at": np.exp(-30.0 * distance)},
            violations={},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come there."""
        return {"hand_m": np.maximum(self.distance(goal) - self.config.tolerance_m, 0.0)}

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the straight way [m]."""
        return self.distance(goal)
