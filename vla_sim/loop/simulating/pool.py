"""Simulators in several processes that share the tasks among them."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import VlaSimError
from vla_sim.loop.simulating.asked import AskedSimulators
from vla_sim.loop.simulating.simulators import Harvest, SimulatorsConfig, concatenated
from vla_sim.loop.simulating.worker import SimulatorProcess
from vla_sim.records.episode import Episode
from vla_sim.records.triple import Rows


class SimulatorPool(AskedSimulators):
    """Processes that answer as one would, to the bit, however many they are.

    What a task's simulators do depends on no other task's; so each process has some of the tasks,
    and answers are put into the order in which one process gives them.
    """

    def __init__(self, config: SimulatorsConfig, *, n_processes: int, seed: int = 0) -> None:
        """Start the processes, no more than there are tasks."""
        super().__init__()
        tasks = config.task_ids
        n = min(n_processes, len(tasks))
        # Neighbours in a suite cost alike: each process gets some of every kind.
        self._shares = [tasks[first::n] for first in range(n)]
        self._asked: list[SimulatorProcess] = []
        self._order: tuple[str, ...] = ()
        with ExitStack() as started:
            self._members = [
                started.enter_context(SimulatorProcess(replace(config, task_ids=share), seed=seed))
                for share in self._shares
            ]
            self._started = started.pop_all()
        self._tasks, self._table = tasks, config.table

    def ready(self, timeout_s: float) -> bool:
        """Whether all answers are there, or come within the time."""
        end_s = time.monotonic() + timeout_s
        return all(m.ready(max(0.0, end_s - time.monotonic())) for m in self._asked)

    def close(self) -> None:
        """End the processes."""
        self._started.close()

    def _take(self, verb: str, details: dict[str, Any]) -> None:
        plan = details.get("plan")
        self._verb, self._asked = verb, []
        self._order = self._tasks if plan is None else tuple(plan)
        for member, share in zip(self._members, self._shares, strict=True):
            mine = details
            if plan is not None:
                part = {task_id: specs for task_id, specs in plan.items() if task_id in share}
                if not part:
                    continue
                mine = {**details, "plan": part}
            member.ask(verb, mine)
            self._asked.append(member)

    def _give(self) -> Any:
        answers, refusals = [], []
        for member in self._asked:  # all of them, so that each can be asked again
            try:
                answers.append(member.answer())
            except VlaSimError as refusal:
                refusals.append(refusal)
        if refusals:
            raise refusals[0]
        if self._verb == "evaluate":
            return self._episodes([episode for answer in answers for episode in answer])
        if self._verb == "gallery":
            return self._rows(answers)
        return self._harvest(answers)

    def _episodes(self, episodes: Sequence[Episode]) -> list[Episode]:
        return sorted(episodes, key=lambda episode: self._order.index(episode.spec.task_id))

    def _rows(self, parts: Sequence[Rows | None]) -> Rows | None:
        """Rows of all parts in the order of their tasks."""
        some = [part for part in parts if part is not None]
        if not some:
            return None
        rows = concatenated(some)
        index = np.array([self._table.index(task_id) for task_id in self._order])
        task: NDArray[np.int64] = np.asarray(rows["task"], dtype=np.int64)
        order = np.argsort((task[:, None] == index).argmax(axis=1), kind="stable")
        return {name: values[order] for name, values in rows.items()}

    def _harvest(self, parts: Sequence[Harvest]) -> Harvest:
        steps = self._rows([part.steps for part in parts])
        assert steps is not None
        return Harvest(
            steps=steps,
            segments=self._rows([part.segments for part in parts]),
            strips=self._rows([part.strips for part in parts]),
            n_episodes=sum(part.n_episodes for part in parts),
            n_successes=sum(part.n_successes for part in parts),
            n_env_steps=sum(part.n_env_steps for part in parts),
        )
