"""Reach: to a point above the named object, hand open, and stay."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import checked_rows
from vla_sim.agents.experts.tool_motion import ToolMotionConfig
from vla_sim.physics.filters import input_for, low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ReachExpertConfig:
    """Settings of ReachExpert."""

    clearance_m: float = 0.03
    """The tool stops this far above the object's top [m]."""
    lag_s: float = 0.0
    """How far the measured position trails the commanded one [s]."""

    def build(
        self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]
    ) -> "ReachExpert":
        """The expert for one arm."""
        return ReachExpert(self, embodiment, manners)


class ReachExpert:
    """A straight motion, time-optimal under the manner's norms of v, a and j."""

    reads = ("tcp_pos", "tcp_vel", "tcp_acc", "object_pos", "object_size")

    def __init__(
        self,
        config: ReachExpertConfig,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        self._config = config
        self._scale = embodiment.action_scale
        self._gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self._motion = ToolMotionConfig(dt_s=embodiment.control_dt_s, lag_s=config.lag_s).build(
            manners
        )

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        state = checked_rows(privileged, self.reads, goal, manner, size, goals_of="object_pos")
        m = len(goal)
        row = np.arange(m)
        target = state["object_pos"][row, goal]
        target[:, 2] += state["object_size"][row, goal] + self._config.clearance_m
        rollout = self._motion.start(state["tcp_pos"], state["tcp_vel"], state["tcp_acc"])
        rollout.aim(row, target, manner)
        action = np.zeros((m, size, len(self._scale)))
        action[:, :, -1] = 1.0
        for k in range(size):
            before = rollout.velocity
            action[:, k, :3] = input_for(before, rollout.advance(), self._gain)
        return np.clip(action / self._scale, -1.0, 1.0).astype(np.float32)
