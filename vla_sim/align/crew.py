"""Crew: the processes that train one model together, each on its own rows of every batch.

Towers and heads run on a process's own rows. What they give is made whole, and losses are taken of
it, so that a mean over rows is the mean over all of them, whatever their weights. The loss of the
batch is the mean of the losses that the processes take. So a process may take a loss over all rows,
as the others do, or the part of its own queries, as `mean_over_queries` has it; and the gradient
is the mean of the processes' gradients in both cases.

Legend: N rows of the whole batch, n of one process.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

T = TypeVar("T")


def rows_of(rank: int, size: int, n_rows: int) -> slice:
    """Which of so many rows are those of a process, in one piece."""
    return slice(n_rows * rank // size, n_rows * (rank + 1) // size)


class Crew:
    """One process alone: all rows are its own, and nothing is exchanged."""

    rank = 0
    size = 1
    device: torch.device | None = None
    """Where this process is to train; None for where the settings say."""

    def own(self, n_rows: int) -> slice:
        """Which of so many rows are this process's."""
        return rows_of(self.rank, self.size, n_rows)

    def whole(self, own: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Of each tensor (n, ...) the rows of all processes, (N, ...), in order.

        Every process brings as many rows. A gradient of a row finds its way back to the process
        that brought it, from whichever process's loss it comes; what no loss asks for gets none.
        """
        return tuple(own)

    def total(self, value: Tensor) -> Tensor:
        """The sum of what the processes have; no gradient goes through it."""
        return value

    def mean(self, value: Tensor) -> Tensor:
        """The mean of what the processes have; no gradient goes through it."""
        return value

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes.

        What has no gradient in one process and has one in another counts as zero there; what has
        none in any keeps none, and the optimiser passes over it.
        """


ALONE = Crew()


def whole_of(crew: Crew, record: T) -> T:
    """A record of tensors of own rows, with those of all processes in their place.

    Args:
        crew: The processes.
        record: A dataclass whose fields are tensors (n, ...) of one type, or records of such.
    """
    if crew.size == 1:
        return record
    whole: T = _refilled(record, iter(crew.whole(list(_tensors(record)))))
    return whole


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
        return
    for field in fields(value):
        yield from _tensors(getattr(value, field.name))


def _refilled(value: Any, tensors: Iterator[Tensor]) -> Any:
    if isinstance(value, Tensor):
        return next(tensors)
    filled = {field.name: _refilled(getattr(value, field.name), tensors) for field in fields(value)}
    return type(value)(**filled)


def n_launched() -> int:
    """How many processes torchrun started for one training, this one included; 1 without it."""
    told = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    return int(os.environ["WORLD_SIZE"]) if all(name in os.environ for name in told) else 1


def launched_as() -> int:
    """This process's number among them; the first one leads."""
    return int(os.environ["RANK"]) if n_launched() > 1 else 0
