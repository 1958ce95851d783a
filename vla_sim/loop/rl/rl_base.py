"""What is corrected: the aligned policy as it is benched, and what it saw.

Legend: m rows, X features, K chunk steps, A action components.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.agents.last_chunk import LastChunk
from vla_sim.align.checkpoint import Checkpoint
from vla_sim.align.model import AlignModel
from vla_sim.envs.task_table import TaskTable
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.rl.rl_features import FrozenFeatures, Kind
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import CHUNK_SIZE

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class _Plan(LastChunk):
    """And under which words."""

    words: str


class AlignedBase:
    """An `Observer` and a `Base` in one, since one look gives features and plan.

    It plans when the aligned policy would: after `n_action_steps`, and under new words. An
    observation is the features of the moment and all that is left of the plan.
    """

    def __init__(
        self, policy: AlignedPolicy, sight: FrozenFeatures, own: FrozenFeatures | None = None
    ) -> None:
        """A base that has not begun.

        Args:
            policy: Who plans.
            sight: Looks, through the same model.
            own: Looks for features alone, through one that has learnt since; None for the same.
        """
        self.policy = policy
        self.sight = sight
        self.own = own
        self.n_left = CHUNK_SIZE - policy.n_action_steps + 1
        self._plans: dict[int, _Plan] = {}
        self._step: dict[int, int] = {}

    @classmethod
    def of(
        cls,
        encoder: Checkpoint,
        bodies: Mapping[str, int],
        kind: Kind,
        learnt: AlignModel | None = None,
    ) -> "AlignedBase":
        """The base that an encoder's checkpoint is, with features of some kind.

        Args:
            encoder: The checkpoint.
            bodies: {task: the model's index of its body}.
            kind: Of the features.
            learnt: A model that gives the features in its place; it plans all the same.
        """
        table = TaskTable(own=encoder.own_tasks)
        model = LearnedModel(encoder.model, table=table, task_body=encoder.task_body)
        sight = FrozenFeatures(encoder.model, bodies, kind)
        own = None if learnt is None else FrozenFeatures(learnt, bodies, kind)
        return cls(AlignedPolicy(model), sight, own)

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        """Unbounded features, and actions."""
        features = self.sight.space(body, image_size)
        assert features.shape is not None
        n = features.shape[0] + self.n_left * body.n_act
        return spaces.Box(-np.inf, np.inf, (n,), np.float32)

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`: new episodes begin in them."""
        self.policy.reset(ids)
        for row in ids.tolist():
            self._plans.pop(row, None)

    def see(self, told: PolicyInput) -> Floats:
        """Features and what is left of the plan, float32 (m, X + n_left * A); plans where due."""
        features, chunk = self.sight.look(told)
        if self.own is not None:
            features = self.own.see(told)
        due = np.array([place for place in range(len(told)) if self._is_due(told, place)], np.int64)
        if len(due):
            planner = told.take(due)
            settled = self.policy.settled(planner, chunk[due])
            for row, step, said, plan in zip(
                planner.row.tolist(),
                planner.step.tolist(),
                planner.instructions,
                settled,
                strict=True,
            ):
                self._plans[row] = _Plan(step=step, words=said.text, chunk=plan.copy())
        self._step.update(zip(told.row.tolist(), told.step.tolist(), strict=True))
        left = self.ahead(told.row, self.n_left)
        return np.concatenate((features, left.reshape(len(told), -1)), axis=1)

    def ahead(self, rows: NDArray[np.int64], n_steps: int) -> Floats:
        """What the aligned policy would do from the last look on, (m, n_steps, A)."""
        found = []
        for row in rows.tolist():
            plan = self._plans[row]
            passed = self._step[row] - plan.step
            found.append(plan.chunk[passed : passed + n_steps])
        return np.stack(found)

    def _is_due(self, told: PolicyInput, place: int) -> bool:
        plan = self._plans.get(int(told.row[place]))
        if plan is None or plan.words != told.instructions[place].text:
            return True
        passed = int(told.step[place]) - plan.step
        return not 0 <= passed < self.policy.n_action_steps
