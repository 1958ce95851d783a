"""StoredMemory: batches of rows that lie in files, drawn by the law of TripleBuffer."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadRows
from vla_sim.records.triple import Rows
from vla_sim.triples.buffer import TripleBufferConfig
from vla_sim.triples.drawing import Drawing
from vla_sim.triples.slot_queue import SlotQueue
from vla_sim.triples.spec import Spec
from vla_sim.triples.stored_rows import StoredRows

_FINGERPRINT = "stored/fingerprint"


class StoredMemory:
    """What a TripleBuffer of unlimited capacity would be after these rows were added, on disk.

    Equal rows and equal states of a generator give the batches that the buffer gives.
    """

    def __init__(self, config: TripleBufferConfig, rows: StoredRows) -> None:
        """A memory of all rows.

        Args:
            config: How batches are balanced; its capacity bounds nothing here.
            rows: The rows.
        """
        self.config = config
        self.rows = rows
        value = np.zeros(len(rows), np.int64)
        if config.within is not None:
            value = np.asarray(rows.column(config.within), np.int64)
        task = np.asarray(rows.column(config.balance_by), np.int64)
        order = np.lexsort((value, task))  # stable: rows of a group stay in their order
        begins = np.flatnonzero(
            (np.diff(task[order], prepend=-1) != 0) | (np.diff(value[order], prepend=-1) != 0)
        )
        groups: dict[int, list[SlotQueue]] = {}
        for slots in np.split(order, begins[1:]) if len(rows) else ():
            queue = SlotQueue()
            queue.push(slots)
            groups.setdefault(int(task[slots[0]]), []).append(queue)
        self._drawing = Drawing(groups=groups, max_duplicates=config.max_duplicates)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def spec(self) -> Spec:
        """The columns."""
        return self.rows.spec

    @property
    def held(self) -> dict[int, int]:
        """Rows of each task, {value of `balance_by`: count}."""
        return self._drawing.held

    @property
    def n_groups(self) -> int:
        """Different pairs of task and value of `within` among the rows."""
        return self._drawing.n_groups

    @property
    def largest_batch(self) -> float:
        """The most rows that `sample` gives: 0 if there are none, infinity if nothing bounds it."""
        return self._drawing.largest_batch

    def add(self, rows: Rows) -> None:
        """Take no rows in.

        Raises:
            BadRows: Always: these are the rows of a dataset.
        """
        raise BadRows("a memory of a dataset on disk takes no rows in; draw from it")

    def sample(
        self,
        batch_size: int,
        rng: np.random.Generator,
        weights: Mapping[int, float] | None = None,
        *,
        without: Collection[str] = (),
    ) -> Rows:
        """Draw rows with replacement, in random order: see `TripleBuffer.sample`.

        Args:
            batch_size: As there, like all that follow.
            rng: As there.
            weights: As there.
            without: As there; what is left out is not read.

        Raises:
            BadRows: As there.
        """
        slots = self._drawing.slots(batch_size, rng, weights)
        return self.rows.rows(slots, without=without)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Which rows these are: they themselves stay where they lie."""
        return {_FINGERPRINT: self.rows.fingerprint()}

    def load_state(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """See that these are the rows of the memory that gave `state`.

        Raises:
            BadRows: If they are others, or the state is of a memory that held its rows itself.
        """
        if _FINGERPRINT not in state:
            raise BadRows(
                "the state is of a memory that held its rows, and this one leaves them on disk: go "
                "on with --data-memory ring"
            )
        if not np.array_equal(state[_FINGERPRINT], self.rows.fingerprint()):
            raise BadRows(
                "the state is of a memory of other rows; go on with the dataset that the "
                "run was begun with"
            )
