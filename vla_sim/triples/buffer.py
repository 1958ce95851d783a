"""TripleBuffer: the bounded memory between the simulators and the trainer."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, BadRows
from vla_sim.ranges import whole
from vla_sim.records.triple import Rows
from vla_sim.triples.spec import Spec, count

Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TripleBufferConfig:
    """Settings of TripleBuffer."""

    capacity: int
    """Most rows kept; the oldest go first."""
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


class _Queue:
    """First in, first out, of row numbers; any of them can be read by its place."""

    def __init__(self) -> None:
        self._items: Ints = np.empty(16, np.int64)
        self._head = 0
        self._tail = 0

    def __len__(self) -> int:
        return self._tail - self._head

    def push(self, numbers: Ints) -> None:
        n = len(numbers)
        if self._tail + n > len(self._items):
            kept = self._items[self._head : self._tail]
            # At least half stays free, so that a push costs O(1) on average.
            self._items = np.empty(2 * (len(kept) + n), np.int64)
            self._items[: len(kept)] = kept
            self._head, self._tail = 0, len(kept)
        self._items[self._tail : self._tail + n] = numbers
        self._tail += n

    def pop(self, n: int) -> None:
        self._head += n

    def at(self, places: Ints) -> Ints:
        return self._items[places + self._head]


class TripleBuffer:
    """A ring of rows with seeded, balanced sampling; safe to fill and to draw from two threads.

    Rows are numbered as they come. The ring drops the oldest row, which is also the oldest of its
    group (task, or task and value of `within`): one queue of row numbers per group is all the
    index there is, and no draw looks at the whole ring.
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
        self._group_ids: dict[tuple[int, int], int] = {}
        self._queues: list[_Queue] = []
        self._groups_of_task: list[list[_Queue]] | None = None

    def __len__(self) -> int:
        return self._n_stored

    @property
    def n_added(self) -> int:
        """Rows ever added, the dropped ones included."""
        return self._n_added

    def add(self, rows: Rows) -> None:
        """Append rows; the oldest make room.

        Raises:
            BadRows: If the rows do not fit the spec. Nothing is added then.
        """
        n = count(rows, self.spec)
        with self._lock:
            self._append(rows, n)

    def _append(self, rows: Rows, n: int) -> None:
        capacity = self.config.capacity
        skipped = max(0, n - capacity)
        n -= skipped
        self._drop_oldest(max(0, self._n_stored + n - capacity))
        self._n_added += skipped
        numbers = np.arange(self._n_added, self._n_added + n)
        slots = numbers % capacity
        for name, column in self._columns.items():
            column[slots] = rows[name][skipped:]
        tasks = rows[self.config.balance_by][skipped:].tolist()
        within = self.config.within
        values = [0] * n if within is None else rows[within][skipped:].tolist()
        groups = np.array([self._group(key) for key in zip(tasks, values, strict=True)], np.int64)
        self._group_of_slot[slots] = groups
        for group in np.unique(groups).tolist():
            queue = self._queues[group]
            if not queue:
                self._groups_of_task = None
            queue.push(numbers[groups == group])
        self._n_added += n
        self._n_stored += n

    def _drop_oldest(self, n: int) -> None:
        oldest = self._n_added - self._n_stored
        slots = np.arange(oldest, oldest + n) % self.config.capacity
        groups, n_each = np.unique(self._group_of_slot[slots], return_counts=True)
        for group, n_dropped in zip(groups.tolist(), n_each.tolist(), strict=True):
            queue = self._queues[group]
            queue.pop(n_dropped)
            if not queue:
                self._groups_of_task = None
        self._n_stored -= n

    def _group(self, key: tuple[int, int]) -> int:
        group = self._group_ids.get(key)
        if group is None:
            group = self._group_ids[key] = len(self._queues)
            self._queues.append(_Queue())
        return group

    def _groups(self) -> list[list[_Queue]]:
        """The groups that hold rows, by task, in an order that only their keys decide."""
        if self._groups_of_task is None:
            by_task: dict[int, list[_Queue]] = {}
            for (task, _), group in sorted(self._group_ids.items()):
                if self._queues[group]:
                    by_task.setdefault(task, []).append(self._queues[group])
            self._groups_of_task = list(by_task.values())
        return self._groups_of_task

    def can_sample(self, batch_size: int) -> bool:
        """Whether `sample` would find enough rows (and values of `within`) for a batch."""
        with self._lock:
            return self._most() >= batch_size

    def _most(self) -> float:
        if not len(self):
            return 0
        if self.config.max_duplicates is None:
            return float("inf")
        return self.config.max_duplicates * sum(len(groups) for groups in self._groups())

    def sample(
        self,
        batch_size: int,
        rng: np.random.Generator,
        weights: Mapping[int, float] | None = None,
    ) -> Rows:
        """Draw rows with replacement, in random order.

        Each task that holds rows gets an equal share, or one in proportion to its entry in
        `weights`, as far as `max_duplicates` lets it; which task gets one more is drawn. Equal
        contents and equal states of `rng` give equal batches.

        Raises:
            BadRows: If the buffer is empty, or `max_duplicates` does not allow so large a batch.
        """
        with self._lock:
            if self._most() < batch_size:
                raise BadRows(
                    f"cannot draw {batch_size} rows: the buffer holds {len(self)} rows, of which "
                    f"one batch may use {self._most():g}; add rows first, or allow more than "
                    f"max_duplicates={self.config.max_duplicates}"
                )
            groups_of_task = self._groups()
            shares = (
                self._shares([len(groups) for groups in groups_of_task], batch_size, rng)
                if weights is None
                else self._weighted(weights, batch_size, rng)
            )
            numbers = np.concatenate(
                [
                    self._draw(groups, share, rng)
                    for groups, share in zip(groups_of_task, shares, strict=True)
                ]
            )
            slots = rng.permutation(numbers) % self.config.capacity
            return {name: column.take(slots, axis=0) for name, column in self._columns.items()}

    def _shares(self, n_groups: list[int], batch_size: int, rng: np.random.Generator) -> list[int]:
        """How many rows each task gives: equal, but none more than it may."""
        order = rng.permutation(len(n_groups)).tolist()
        bound = self.config.max_duplicates
        most = [batch_size if bound is None else n * bound for n in n_groups]
        # Those that can give least choose first, so that the others share what they leave.
        order.sort(key=lambda task: min(most[task], batch_size))
        shares = [0] * len(n_groups)
        left = batch_size
        for place, task in enumerate(order):
            tasks_left = len(order) - place
            shares[task] = min(most[task], left // tasks_left)
            left -= shares[task]
        return shares

    def _weighted(
        self, weights: Mapping[int, float], batch_size: int, rng: np.random.Generator
    ) -> list[int]:
        """How many rows each task gives, in proportion to its weight; remainders are drawn."""
        tasks = sorted({task for (task, _), g in self._group_ids.items() if self._queues[g]})
        try:
            share = np.array([weights[task] for task in tasks], dtype=np.float64)
        except KeyError as error:
            raise BadRows(f"no weight for {self.config.balance_by} {error}") from error
        wanted = batch_size * share / share.sum()
        shares = np.floor(wanted).astype(np.int64)
        rest = wanted - shares
        n_left = batch_size - int(shares.sum())
        if n_left:
            more = rng.choice(len(tasks), n_left, replace=False, p=rest / rest.sum())
            shares[more] += 1
        return [int(n) for n in shares]

    @staticmethod
    def _draw(groups: list[_Queue], share: int, rng: np.random.Generator) -> Ints:
        """`share` row numbers, spread evenly over the groups."""
        if len(groups) == 1:
            return groups[0].at(rng.integers(0, len(groups[0]), size=share))
        rounds = [rng.permutation(len(groups)) for _ in range(-(-share // len(groups)))]
        turns = np.concatenate([*rounds, np.empty(0, np.int64)])[:share]
        places = rng.random(share)
        return np.array(
            [
                groups[g].at(np.int64(place * len(groups[g])))
                for g, place in zip(turns.tolist(), places.tolist(), strict=True)
            ],
            np.int64,
        )

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All rows, oldest first, and the count: what an exact resume needs."""
        with self._lock:
            order = np.arange(self._n_added - len(self), self._n_added) % self.config.capacity
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
        n = count(rows, self.spec)
        if "n_added" not in state:
            raise BadRows("the state of a buffer needs the count 'n_added'")
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
