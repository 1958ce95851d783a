"""Ranks: a crew of processes that torchrun started, and what they tell each other.

Legend: N rows of the whole batch, n of one process, X components.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch._C._distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from vla_sim.align.crew import Crew
from vla_sim.errors import BadConfig, VlaSimError

LONGEST_WAIT = timedelta(hours=2)
"""What the others wait for the first process to say what comes next: it may have to wait for the
simulators. That a process is gone is noticed at once."""
LONGEST_UPDATE = timedelta(minutes=5)
"""What processes wait for each other within an update: one that stands still ends them all."""


class ProcessLost(VlaSimError):
    """Another process of the same training ended, or stands still."""


class Ranks(Crew):
    """Processes that exchange tensors by gloo, or by nccl where they train on GPUs."""

    def __init__(self, *, rank: int, size: int, store: Store, device: torch.device) -> None:
        self.rank = rank
        self.size = size
        self.device = device
        self._store = store
        kind = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        with self._together():
            dist.init_process_group(
                kind, store=store, rank=rank, world_size=size, timeout=LONGEST_UPDATE
            )
            self._words = dist.new_group(backend="gloo", timeout=LONGEST_WAIT)

    def whole(self, own: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """See `Crew.whole`."""
        rows: tuple[Tensor, ...] = _Whole.apply(self, *own)  # type: ignore[no-untyped-call]
        return rows

    def gathered(self, own: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """As `whole`, without gradients."""
        # One exchange for all of them: each would cost a round of its own.
        flat_nX = _joined(own).detach()
        parts = [torch.empty_like(flat_nX) for _ in range(self.size)]
        with self._together():
            dist.all_gather(parts, flat_nX)
        return _split(torch.cat(parts), own)

    def total(self, value: Tensor) -> Tensor:
        """See `Crew.total`."""
        summed = value.detach().clone(memory_format=torch.contiguous_format)
        with self._together():
            dist.all_reduce(summed)
        return summed

    def mean(self, value: Tensor) -> Tensor:
        """See `Crew.mean`."""
        return self.total(value) / self.size

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """See `Crew.average_gradients`."""
        learnt = [p for p in parameters if p.requires_grad]
        if not learnt:
            return
        has = torch.tensor([float(p.grad is not None) for p in learnt], device=learnt[0].device)
        flat = [torch.zeros_like(p) if p.grad is None else p.grad for p in learnt]
        # One exchange for all of them, and for who has which.
        pieces = self.total(torch.cat([has, *(g.flatten().float() for g in flat)]))
        n_have, *means = torch.split(pieces, [len(learnt), *(p.numel() for p in learnt)])
        for p, n, mean in zip(learnt, n_have.tolist(), means, strict=True):
            if n:
                laid_out = torch.empty_like(p, requires_grad=False)
                p.grad = laid_out.copy_(mean.view(p.shape) / self.size)

    def tell(self, each: Sequence[object]) -> None:
        """Tell every process something of its own, an entry each; this one's is passed over.

        For the first process; the others `hear` it.
        """
        self._scattered([None, *each[1:]])

    def hear(self) -> Any:
        """What the first process tells this one; waits for it."""
        return self._scattered(None)

    def _scattered(self, each: list[object] | None) -> object:
        heard: list[object] = [None]
        with self._together():
            dist.scatter_object_list(heard, each, src=0, group=self._words)
        return heard[0]

    def failed(self, error: BaseException) -> None:
        """Leave word of what this process ends by, for the others to find."""
        with suppress(RuntimeError):
            self._store.set(_word_of(self.rank), f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Part from the others."""
        with suppress(RuntimeError):
            dist.destroy_process_group()

    @contextmanager
    def _together(self) -> Iterator[None]:
        """What fails in here fails because another process did.

        Raises:
            ProcessLost: In place of what torch raises; says what the other one said last.
        """
        try:
            yield
        except RuntimeError as error:
            raise ProcessLost(self._lost()) from error

    def _lost(self) -> str:
        for rank in range(self.size):
            with suppress(RuntimeError):  # the store goes with the process that keeps it
                if rank != self.rank and self._store.check([_word_of(rank)]):
                    said = self._store.get(_word_of(rank)).decode()
                    return f"process {rank} of {self.size} ended by {said}"
        return (
            f"one of the {self.size} processes is gone or stands still and left no word, as when "
            "it is killed or memory runs out; start them all again with --resume"
        )


class _Whole(torch.autograd.Function):
    """Rows of all processes forwards; backwards the sum of all gradients of a process's own."""

    @staticmethod
    def forward(ctx: Any, ranks: Ranks, *own: Tensor) -> tuple[Tensor, ...]:
        ctx.ranks = ranks
        ctx.set_materialize_grads(False)
        return ranks.gathered(own)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        ranks: Ranks = ctx.ranks
        some = [g for g in gradients if g is not None]
        summed = ranks.total(_joined(some))
        own = iter(_split(summed[ranks.own(len(summed))], some))
        return None, *(None if g is None else next(own) for g in gradients)


def _split(flat_NX: Tensor, like: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Columns of a matrix as tensors whose rows have the shapes of others' rows."""
    widths = [value[0].numel() for value in like]
    return tuple(
        piece.reshape(len(flat_NX), *value.shape[1:])
        for piece, value in zip(torch.split(flat_NX, widths, dim=1), like, strict=True)
    )


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors (N, ...) of one type as the columns of a matrix."""
    return torch.cat([value.reshape(len(value), -1) for value in tensors], dim=1)


def join(device: str) -> Ranks:
    """Meet the processes that torchrun started beside this one.

    Args:
        device: Where all are told to train.

    Raises:
        BadConfig: If torch was built without what they need, or there is no GPU for each.
        ProcessLost: If the others do not come.
    """
    if not dist.is_available() or not dist.is_gloo_available():
        raise BadConfig("torch was built without gloo, which several processes need: use one")
    here = torch.device(device_here(device))
    store, rank, size = next(rendezvous("env://", timeout=LONGEST_UPDATE))
    return Ranks(rank=rank, size=size, store=store, device=here)


def device_here(device: str) -> str:
    """The device of this process where all are told one: of a machine's GPUs each has its own.

    Raises:
        BadConfig: If it is one GPU by number, or there are fewer of them than processes.
    """
    if not device.startswith("cuda"):
        return device
    n_here, n_gpus = int(os.environ.get("LOCAL_WORLD_SIZE", 1)), torch.cuda.device_count()
    if device != "cuda" or n_here > n_gpus:
        raise BadConfig(
            f"device is {device!r}, and {n_here} processes were started on a machine with {n_gpus} "
            "GPUs: each needs one of its own; use --device cuda and --nproc-per-node "
            f"{max(n_gpus, 1)}"
        )
    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}"


def _word_of(rank: int) -> str:
    return f"vla-sim/ended-by/{rank}"
