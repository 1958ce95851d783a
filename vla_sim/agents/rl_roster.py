"""The roster: which task a slot gets next, by how often each has failed of late."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.task_names import short_name
from vla_sim.ranges import above, whole

SUCCESS, RETURN, EPISODES = "success/", "return/", "episodes/"
"""Columns of a learning curve, before the task's short name."""


@dataclass(frozen=True, kw_only=True)
class RosterConfig:
    """Settings of Roster."""

    floor: float = 0.3
    """Weight that a task keeps when it never fails, so that it is not forgotten; the rest of its
    weight is its failure rate. As in the memory of alignment."""
    window: int = 50
    """Episodes of a task over which its failure rate is taken."""

    def __post_init__(self) -> None:
        above(0, floor=self.floor)
        whole(1, window=self.window)


class Roster:
    """Gives out tasks in turn, each as often as its weight says.

    Every episode that begins gives each task its share of one; the task that is owed most is next.
    So nothing is left to chance: n slots begin with all tasks alike, and a share is kept over any
    stretch to within an episode. One task is always next.

    Attributes:
        task_ids: The tasks.
        n_ended: Episodes of each that ended.
    """

    def __init__(self, task_ids: Sequence[str], config: RosterConfig | None = None) -> None:
        """A roster on which nothing has happened."""
        self.task_ids = tuple(task_ids)
        self.config = config or RosterConfig()
        self.n_ended = [0] * len(self.task_ids)
        self._success = [_recent(self.config.window) for _ in self.task_ids]
        self._paid = [_recent(self.config.window) for _ in self.task_ids]
        self._owed = np.zeros(len(self.task_ids))

    @property
    def success(self) -> list[float | None]:
        """Share of each task's last episodes that succeeded; None before the first one ends."""
        return [_mean(values) for values in self._success]

    @property
    def weights(self) -> NDArray[np.float64]:
        """Of the tasks; one of which nothing is known counts as the others do in the mean."""
        known = [rate for rate in self.success if rate is not None]
        usual = sum(known) / len(known) if known else 0.0
        rates = [usual if rate is None else rate for rate in self.success]
        return 1.0 - np.array(rates) + self.config.floor

    def next(self) -> str:
        """The task of the next episode."""
        self._owed += self.weights / self.weights.sum()
        place = int(np.argmax(self._owed))
        self._owed[place] -= 1.0
        return self.task_ids[place]

    def end(self, task_id: str, *, success: bool, paid: float) -> None:
        """An episode of a task ended, and this was its return."""
        place = self.task_ids.index(task_id)
        self.n_ended[place] += 1
        self._success[place].append(float(success))
        self._paid[place].append(paid)

    @property
    def windows(self) -> dict[str, int]:
        """{a task's short name: episodes of a full window of it}."""
        return {short_name(task_id): self.config.window for task_id in self.task_ids}

    @property
    def numbers(self) -> dict[str, float | int | None]:
        """What a line of the learning curve says of each task; nothing where there is one."""
        if len(self.task_ids) == 1:
            return {}
        found: dict[str, float | int | None] = {}
        for place, task_id in enumerate(self.task_ids):
            name = short_name(task_id)
            found[SUCCESS + name] = self.success[place]
            found[RETURN + name] = _mean(self._paid[place])
            found[EPISODES + name] = self.n_ended[place]
        return found

    def state(self) -> dict[str, Any]:
        """What going on needs, as JSON can hold it."""
        return {
            "n_ended": list(self.n_ended),
            "success": [list(values) for values in self._success],
            "paid": [list(values) for values in self._paid],
            "owed": self._owed.tolist(),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`.

        Raises:
            ValueError: If it is of another number of tasks.
        """
        n = len(self.task_ids)
        if any(len(state[name]) != n for name in ("n_ended", "success", "paid", "owed")):
            raise ValueError(f"a roster of other tasks than {', '.join(self.task_ids)}")
        self.n_ended = [int(count) for count in state["n_ended"]]
        self._owed[:] = state["owed"]
        for kept, given in ((self._success, state["success"]), (self._paid, state["paid"])):
            for values, past in zip(kept, given, strict=True):
                values.clear()
                values.extend(map(float, past))


def _recent(window: int) -> deque[float]:
    return deque(maxlen=window)


def _mean(values: deque[float]) -> float | None:
    return sum(values) / len(values) if values else None
