"""TripleBuffer: the bounded memory between the simulators and the trainer."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, BadRows
from vla_sim.ranges import whole
from vla_sim.records.triple import Rows
from vla_sim.triples.drawing import Drawing
from vla_sim.triples.sharing import outlasting, thinned
from vla_sim.triples.slot_queue import SlotQueue
from vla_sim.triples.spec import Spec, count

Ints = NDArray[np.int64]
FLOOR_PART = 4
"""A task keeps at least one in so many of the rows that it would have in an even share."""


@dataclass(frozen=True, kw_only=True)
class TripleBufferConfig:
    """Settings of TripleBuffer."""

    capacity: int
    """Most rows kept; the oldest go first, see FLOOR_PART."""
    balance_by: str = "task"
    """An int64 column: a batch holds equally many rows of each of its values."""
    within: str | None = None
    """An int64 column: the rows of one task are spread evenly over its values."""
    max_duplicates: int | None = None
    """Most rows with one value of `within` (in one task) in a batch; None for no bound."""

    def __post_init__(self) -> None:
        whole(1, capacity=self.capacity, max_duplicates=self.max_duplicates)
        if self.max_duplicates is not None and self.within is None:
            raise BadConfig(
                f"max_duplicates is {self.max_duplicates}; it needs the column `within` as well"
            )

    def build(self, spec: Spec) -> "TripleBuffer":
        """An empty buffer for rows of `spec`."""
        return TripleBuffer(self, spec)


class TripleBuffer:
    """Rows with seeded, balanced sampling; safe to fill and to draw from two threads.

    Where there is no room the oldest row goes, but no task loses its last few to others, however
    many rows those bring; and rows that come at once and are too many are thinned evenly. What goes
    is always the oldest of its group (task, or task and value of `within`): one queue of slots per
    group is all the index there is, and no draw looks at all rows.
    """

    def __init__(self, config: TripleBufferConfig, spec: Spec) -> None:
        for column in (config.balance_by, config.within):
            if column is not None and (
                column not in spec or spec[column].shape or spec[column].dtype != "int64"
            ):
                raise BadConfig(
                    f"cannot balance by {column!r}: it has to be an int64 column of one number a "
                    f"row; the columns are {sorted(spec)}"
                )
        self.config = config
        self.spec = spec
        # Untouched pages of np.empty cost no memory until rows arrive.
        self._columns = {
            name: np.empty((config.capacity, *c.shape), np.dtype(c.dtype))
            for name, c in spec.items()
        }
        self._group_of_slot: Ints = np.empty(config.capacity, np.int64)
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._n_added = 0
        self._n_stored = 0
        self._number_of_slot: Ints = np.full(self.config.capacity, -1, np.int64)
        self._group_ids: dict[tuple[int, int], int] = {}
        self._queues: list[SlotQueue] = []
        self._task_of_group: Ints = np.empty(0, np.int64)
        self._drawn_from: Drawing | None = None

    def __len__(self) -> int:
        return self._n_stored

    @property
    def n_added(self) -> int:
        """Rows ever added, the dropped ones included."""
        return self._n_added

    @property
    def held(self) -> dict[int, int]:
        """Rows of each task that are here, {value of `balance_by`: count}."""
        with self._lock:
            return self._drawing().held

    def add(self, rows: Rows) -> None:
        """Take rows in; the oldest make room. Too many at once are thinned, see `thinned`.

        Raises:
            BadRows: If the rows do not fit the spec. Nothing is added then.
        """
        n = count(rows, self.spec)
        with self._lock:
            self._append(rows, n)

    def _append(self, rows: Rows, n: int) -> None:
        within = self.config.within
        task = rows[self.config.balance_by].astype(np.int64, copy=False)
        value = np.zeros(n, np.int64) if within is None else rows[within].astype(np.int64)
        n_given, places = n, np.arange(n)
        if n > self.config.capacity:
            places = thinned(task, value, self.config.capacity)
        places = places[self._make_room(task[places])]
        slots = np.flatnonzero(self._number_of_slot < 0)[: len(places)]
        for name, column in self._columns.items():
            column[slots] = rows[name][places]
        self._number_of_slot[slots] = self._n_added + places
        keys = zip(task[places].tolist(), value[places].tolist(), strict=True)
        groups = np.array([self._group(key) for key in keys], np.int64)
        self._group_of_slot[slots] = groups
        for group in np.unique(groups).tolist():
            queue = self._queues[group]
            if not queue:
                self._drawn_from = None
            queue.push(slots[groups == group])
        self._n_added += n_given
        self._n_stored += len(slots)

    def _make_room(self, task: Ints) -> NDArray[np.bool_]:
        """Drop rows to make room for more, of these tasks; returns which of those come in."""
        if self._n_stored + len(task) <= self.config.capacity:
            return np.ones(len(task), np.bool_)
        held = self._by_age()
        held_task = self._task_of_group[self._group_of_slot[held]]
        every = np.concatenate([held_task, task])
        floor = self.config.capacity // (FLOOR_PART * len(np.unique(every)))
        stays = outlasting(every, self.config.capacity, floor)
        gone = held[~stays[: len(held)]]
        self._number_of_slot[gone] = -1
        groups, n_each = np.unique(self._group_of_slot[gone], return_counts=True)
        for group, n_dropped in zip(groups.tolist(), n_each.tolist(), strict=True):
            queue = self._queues[group]
            queue.pop(n_dropped)  # of a group, it is always the oldest that go
            if not queue:
                self._drawn_from = None
        self._n_stored -= len(gone)
        return stays[len(held) :]

    def _by_age(self) -> Ints:
        """The slots that hold rows, oldest first."""
        slots = np.flatnonzero(self._number_of_slot >= 0)
        return slots[np.argsort(self._number_of_slot[slots])]

    def _group(self, key: tuple[int, int]) -> int:
        group = self._group_ids.get(key)
        if group is None:
            group = self._group_ids[key] = len(self._queues)
            self._queues.append(SlotQueue())
            self._task_of_group = np.append(self._task_of_group, key[0])
        return group

    def _drawing(self) -> Drawing:
        """The groups that hold rows, by task, in an order that only their keys decide."""
        if self._drawn_from is None:
            groups: dict[int, list[SlotQueue]] = {}
            for (task, _), group in sorted(self._group_ids.items()):
                if self._queues[group]:
                    groups.setdefault(task, []).append(self._queues[group])
            self._drawn_from = Drawing(groups=groups, max_duplicates=self.config.max_duplicates)
        return self._drawn_from

    @property
    def n_groups(self) -> int:
        """Different pairs of task and value of `within` among the rows."""
        with self._lock:
            return self._drawing().n_groups

    @property
    def largest_batch(self) -> float:
        """The most rows that `sample` would give now: 0 if there are none, infinity if no bound."""
        with self._lock:
            return self._drawing().largest_batch

    def sample(
        self,
        batch_size: int,
        rng: np.random.Generator,
        weights: Mapping[int, float] | None = None,
        *,
        without: Collection[str] = (),
    ) -> Rows:
        """Draw rows with replacement, in random order.

        Each task that holds rows gets an equal share, or one in proportion to its entry in
        `weights`, as far as `max_duplicates` lets it; which task gets one more is drawn. Equal
        contents and equal states of `rng` give equal batches.

        Args:
            batch_size: How many rows.
            rng: Draws them.
            weights: {task: weight} of every task that holds rows; None for equal shares.
            without: Columns that nobody will look at: they are zero, and cost next to nothing.

        Raises:
            BadRows: If the buffer is empty, or `max_duplicates` does not allow so large a batch.
        """
        with self._lock:
            slots = self._drawing().slots(batch_size, rng, weights)
            return {
                name: np.zeros((batch_size, *column.shape[1:]), column.dtype)
                if name in without
                else column.take(slots, axis=0)
                for name, column in self._columns.items()
            }

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All rows, oldest first, and the count: what an exact resume needs."""
        with self._lock:
            order = self._by_age()
            state: dict[str, NDArray[np.generic]] = {
                f"rows/{name}": column[order] for name, column in self._columns.items()
            }
            state["n_added"] = np.array(self._n_added, np.int64)
            return state

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Become the buffer that gave `state`: the same draws follow from the same generator.

        Raises:
            BadRows: If the state is of another spec or does not fit the capacity. The buffer is
                as before then.
        """
        rows = {k.removeprefix("rows/"): v for k, v in state.items() if k.startswith("rows/")}
        if not rows or "n_added" not in state:
            raise BadRows(
                "the state of a buffer needs rows and the count 'n_added'; what a run left on disk "
                "goes on with --data-memory disk"
            )
        n = count(rows, self.spec)
        n_added = int(state["n_added"])
        if n != min(n_added, self.config.capacity):
            raise BadRows(
                f"the state holds {n} of {n_added} rows; a buffer of capacity "
                f"{self.config.capacity} holds {min(n_added, self.config.capacity)}"
            )
        with self._lock:
            self._clear()
            self._n_added = n_added - n
            self._append(rows, n)
