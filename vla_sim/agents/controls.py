"""Control policies: what doing nothing, guessing and knowing everything are worth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.table import expert_for
from vla_sim.errors import BadConfig
from vla_sim.protocols.expert import Expert
from vla_sim.protocols.task import Task
from vla_sim.protocols.teacher import Actor
from vla_sim.records.observation import PolicyInput
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import N_ACTION_STEPS


@dataclass(frozen=True, kw_only=True)
class ZeroPolicy:
    """Does nothing."""

    n_act: int

    @property
    def needs_images(self) -> bool:
        """Blind."""
        return False

    @property
    def n_action_steps(self) -> int:
        """Nothing takes no planning."""
        return 1

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """Zeros, shape (m, 1, n_act)."""
        return np.zeros((len(told), 1, self.n_act), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class RandomPolicy:
    """Uniform actions, drawn from the episode's own generators and from nothing else."""

    n_act: int

    @property
    def needs_images(self) -> bool:
        """Blind."""
        return False

    @property
    def n_action_steps(self) -> int:
        """A new action every step."""
        return 1

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """Uniform in [-1, 1), shape (m, 1, n_act)."""
        drawn = [rng.uniform(-1.0, 1.0, (1, self.n_act)) for rng in told.generators()]
        return np.array(drawn, dtype=np.float32)


class ExpertPolicy:
    """An expert as a teacher: acts on the true state, goal and manner."""

    def __init__(
        self,
        expert: Expert,
        *,
        n_action_steps: int = N_ACTION_STEPS,
        chunk_size: int | None = None,
    ) -> None:
        """Wrap an expert.

        Args:
            expert: The teacher.
            n_action_steps: Steps executed before it is asked again.
            chunk_size: Steps asked for; n_action_steps where None.

        Raises:
            BadConfig: If fewer steps are asked for than executed.
        """
        size = n_action_steps if chunk_size is None else chunk_size
        if not 1 <= n_action_steps <= size:
            raise BadConfig(f"n_action_steps {n_action_steps} must lie in [1, {size}]")
        self.expert = expert
        self._n_action_steps = n_action_steps
        self._size = size

    @property
    def needs_images(self) -> bool:
        """It sees the state itself."""
        return False

    @property
    def n_action_steps(self) -> int:
        """Steps executed before it is asked again."""
        return self._n_action_steps

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """The expert's chunk for the true goal and manner."""
        return self.expert.chunk(known.privileged, known.goal, known.manner, self._size)


def expert_policy(task_id: str, task: Task) -> ExpertPolicy:
    """The task's expert as a teacher.

    Raises:
        UnknownName: If no expert teaches the task.
    """
    return ExpertPolicy(expert_for(task_id, task.robot.embodiment, task.manners))


POLICIES: dict[str, Callable[[str, Task], Actor]] = {
    "expert": expert_policy,
    "zero": lambda task_id, task: ZeroPolicy(n_act=task.robot.embodiment.n_act),
    "random": lambda task_id, task: RandomPolicy(n_act=task.robot.embodiment.n_act),
}
"""{name: what makes the policy, or the teacher, for (task id, task)}."""
