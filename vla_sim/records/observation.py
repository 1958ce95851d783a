"""What a policy may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.instruction import Instruction

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
    """

    images: Mapping[str, NDArray[np.uint8]]
    proprio: NDArray[np.float32]
    time_s: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class PolicyInput:
    """All that decides an action: policies are pure functions of it.

    Attributes:
        observation: What the sensors say, m rows.
        instructions: What the policy is told, m of them. An empty text is the empty arm.
        task_id: The Gymnasium id of the task, the same for all rows.
        seed: int64 (m,), the episode's seed; with `step` it seeds a stochastic policy.
        step: int64 (m,), control steps since the episode began.
        privileged: {name: (m, ...)} true state of the simulation, for experts only.
        goal: int64 (m,), index of the true goal among the scene's goals, for experts only.
        manner: int64 (m,), index into MANNERS, for experts only.
    """

    observation: Observation
    instructions: Sequence[Instruction]
    task_id: str
    seed: NDArray[np.int64]
    step: NDArray[np.int64]
    privileged: Mapping[str, NDArray[np.float64]]
    goal: NDArray[np.int64]
    manner: NDArray[np.int64]
