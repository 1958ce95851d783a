"""What a teacher is given: all that a policy has, and the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.instruction import Instruction
from vla_sim.records.observation import PolicyInput


@dataclass(frozen=True, kw_only=True)
class TeacherInput:
    """One moment of m simulations with nothing hidden.

    Attributes:
        told: What a policy would be given now.
        privileged: {name: (m, ...)} true state of the simulation.
        goal: int64 (m,), index of the true goal among the scene's goals.
        manner: int64 (m,), index into MANNERS.
        instructions: The true instructions with their meanings, whatever the arm tells.
        seed: int64 (m,), the episode's seed.
    """

    told: PolicyInput
    privileged: Mapping[str, NDArray[np.float64]]
    goal: NDArray[np.int64]
    manner: NDArray[np.int64]
    instructions: Sequence[Instruction]
    seed: NDArray[np.int64]
