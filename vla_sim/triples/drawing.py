"""Drawing: which rows make a batch, wherever they lie.

Rows are in groups (of a task, or of a task and a value of a second column), and a batch is drawn
from the groups alone: equal groups and equal states of a generator give equal batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadRows
from vla_sim.triples.sharing import even_shares, weighted_shares
from vla_sim.triples.slot_queue import SlotQueue

Ints = NDArray[np.int64]
Groups = Mapping[int, Sequence[SlotQueue]]
"""{task: its groups that hold rows}, tasks in order, groups in the order of their values."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The groups that hold a memory's rows, as its batches are drawn from them.

    Attributes:
        groups: They.
        max_duplicates: Most rows of a group in a batch; None for no bound.
    """

    groups: Groups
    max_duplicates: int | None

    @property
    def held(self) -> dict[int, int]:
        """Rows of each task, {task: count}."""
        return {task: sum(map(len, queues)) for task, queues in self.groups.items()}

    @property
    def n_groups(self) -> int:
        """Different pairs of task and value of the second column among the rows."""
        return sum(map(len, self.groups.values()))

    @property
    def largest_batch(self) -> float:
        """The most rows of a batch: 0 if there are none, infinity if nothing bounds them."""
        if not self.n_groups:
            return 0
        return float("inf") if self.max_duplicates is None else self.max_duplicates * self.n_groups

    def slots(
        self, batch_size: int, rng: np.random.Generator, weights: Mapping[int, float] | None
    ) -> Ints:
        """The slots of a batch, drawn with replacement, in random order.

        Each task gets an equal share, or one in proportion to its entry in `weights`, as far as
        `max_duplicates` lets it; which task gets one more is drawn.

        Raises:
            BadRows: If there are no rows, `max_duplicates` does not allow so large a batch, or a
                task has no weight.
        """
        groups, bound = self.groups, self.max_duplicates
        if self.largest_batch < batch_size:
            raise BadRows(
                f"cannot draw {batch_size} rows: the buffer holds {sum(self.held.values())} rows, "
                f"of which one batch may use {self.largest_batch:g}; add rows first, or allow more "
                f"than max_duplicates={bound}"
            )
        shares = _shares(groups, batch_size, rng, bound, weights)
        slots = [
            _of_task(queues, share, rng)
            for queues, share in zip(groups.values(), shares, strict=True)
        ]
        return rng.permutation(np.concatenate(slots))


def _shares(
    groups: Groups,
    batch_size: int,
    rng: np.random.Generator,
    bound: int | None,
    weights: Mapping[int, float] | None,
) -> list[int]:
    """How many rows each task gives to a batch."""
    if weights is None:
        n_groups = [len(queues) for queues in groups.values()]
        most = [batch_size if bound is None else n * bound for n in n_groups]
        return even_shares(most, batch_size, rng.permutation(len(most)).tolist())
    try:
        return weighted_shares([weights[task] for task in groups], batch_size, rng)
    except KeyError as error:
        raise BadRows(f"no weight for the task {error}") from error


def _of_task(groups: Sequence[SlotQueue], share: int, rng: np.random.Generator) -> Ints:
    """The slots of `share` rows, spread evenly over the groups."""
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
