"""What a policy may see: what a robot has, and nothing of the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.embodiment import Embodiment
from vla_sim.records.instruction import Words

PICTURE = "main"
"""What LeRobot calls the task's picture, on disk and in its observations, whichever camera took it:
cameras have names of their own, and one dataset holds tasks of several cameras."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One moment of m simulations.

    Attributes:
        images: {camera: uint8 (m, h, w, 3)}; empty where the policy needs none.
        proprio: float32 (m, n_proprio), in the order of `Embodiment.proprio_names`.
        time_s: float64 (m,), time since the episode began [s].
        joints: float32 (m, d), an arm's joint angles [rad]; None for other robots, and where
            nobody acts on it.
        tool: float32 (m, 7), position [m] and orientation, a unit quaternion (w, x, y, z), of an
            arm's tool in the world; None likewise.
    """

    images: Mapping[str, NDArray[np.uint8]]
    proprio: NDArray[np.float32]
    time_s: NDArray[np.float64]
    joints: NDArray[np.float32] | None = None
    tool: NDArray[np.float32] | None = None


@dataclass(frozen=True, kw_only=True)
class PolicyInput:
    """All that a policy is given: the robot's senses, its instruction, and a seed of its own.

    The arrays are the policy's to keep and to write on.

    Attributes:
        observation: What the sensors say, m rows.
        instructions: What the policy is told, m of them. An empty text is the empty arm.
        task_id: The Gymnasium id of the task, the same for all rows; it says which robot acts.
        embodiment: That robot's numbers: control period, actions with their units, limits.
        row: int64 (m,), which of the running episodes each row is. The number is the episode's
            until it ends, then another's: `reset` says when. It means nothing else.
        step: int64 (m,), control steps since the episode began.
        own_seed: int64 (m,), a seed for whatever the policy draws: the episode's own, equal in
            every batch and arm. It is a hash: the scene's seed cannot be read off it.
    """

    observation: Observation
    instructions: Sequence[Words]
    task_id: str
    embodiment: Embodiment
    row: NDArray[np.int64]
    step: NDArray[np.int64]
    own_seed: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.row)

    @property
    def task_ids(self) -> Sequence[str]:
        """The task of each row."""
        return [self.task_id] * len(self)

    def generators(self) -> list[np.random.Generator]:
        """A fresh generator for each row, a function of its episode and step alone.

        A policy that draws from these and nothing else acts the same in any batch.
        """
        pairs = zip(self.own_seed.tolist(), self.step.tolist(), strict=True)
        return [np.random.default_rng([seed, step]) for seed, step in pairs]

    def take(self, rows: NDArray[np.int64]) -> Self:
        """The input of some rows only, by their places in this one."""
        seen = self.observation
        return replace(
            self,
            observation=Observation(
                images={name: images[rows] for name, images in seen.images.items()},
                proprio=seen.proprio[rows],
                time_s=seen.time_s[rows],
                joints=None if seen.joints is None else seen.joints[rows],
                tool=None if seen.tool is None else seen.tool[rows],
            ),
            instructions=[self.instructions[place] for place in rows.tolist()],
            row=self.row[rows],
            step=self.step[rows],
            own_seed=self.own_seed[rows],
        )
