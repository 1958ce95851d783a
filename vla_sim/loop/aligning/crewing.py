"""Crewing: the first process of a training leads, and the others do what it orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vla_sim.align.crew import ALONE, Crew, n_launched
from vla_sim.align.fusion.codebook import CodebookConfig, FsqConfig
from vla_sim.align.fusion.moe import MoeConfig
from vla_sim.align.fusion.poe import PoeConfig
from vla_sim.align.fusion.table import fusion_name
from vla_sim.align.reconciling.fixed import FixedConfig
from vla_sim.align.reconciling.pcgrad import PcgradConfig
from vla_sim.align.reconciling.table import reconciler_name
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.loop.aligning.orders import Begin, Order

if TYPE_CHECKING:
    from vla_sim.align.ranks import Ranks


@contextmanager
def crew_here(memory: MemoryConfig, trainer: TrainerConfig) -> Iterator[Crew]:
    """The processes that torchrun started, this one included; a crew of one without it.

    Args:
        memory: The batches that they are to share.
        trainer: What they train, and where.

    Raises:
        BadConfig: If the batches cannot be shared evenly, something is on that does not work in
            several processes, or there is no GPU for each.
        ProcessLost: If one of the others is gone: this one then ends as well.
    """
    if (size := n_launched()) == 1:
        yield ALONE
        return
    check_shares(memory, size)
    check_shared_work(trainer, size)
    # Here, because one process alone does without.
    from vla_sim.align.ranks import join

    ranks = join(trainer.device)
    try:
        yield ranks
        if ranks.rank == 0:
            ranks.tell([None] * size)  # nothing is left to do
    except BaseException as error:
        ranks.failed(error)
        raise
    finally:
        ranks.close()


def check_shares(memory: MemoryConfig, size: int) -> None:
    """Refuse batches that so many processes cannot share evenly.

    Raises:
        BadConfig: If one cannot be shared; it names a number of rows near it that can.
    """
    for name in ("batch_steps", "batch_segments", "batch_rehearsal"):
        n = getattr(memory, name)
        if n % size:
            near = max(round(n / size), 1) * size
            raise BadConfig(
                f"{size} processes cannot share learner.memory.{name} = {n} evenly; use a multiple "
                f"of {size}, such as {near}, or a number of processes that divides it"
            )


def check_shared_work(trainer: TrainerConfig, size: int) -> None:
    """Refuse what is known to work in one process only.

    Raises:
        BadConfig: If it is on; it names all of it.
    """
    fusion, reconciling = trainer.model.fusion, trainer.reconciling
    alone = list(trainer.supervision.taught)
    if isinstance(fusion, CodebookConfig | FsqConfig | MoeConfig | PoeConfig):
        alone.append(f"fusion {fusion_name(fusion)!r}")
    if not isinstance(reconciling, FixedConfig | PcgradConfig):
        alone.append(f"reconciling {reconciler_name(reconciling)!r}")
    if alone:
        raise BadConfig(
            f"{size} processes cannot train with {' and '.join(alone)}, which one process can: "
            "leave it out, or start without torchrun"
        )


class Lead:
    """What the first process has done, by its own trainer and by those of the others."""

    def __init__(self, crew: Crew, trainer: AlignTrainer) -> None:
        self._trainer = trainer
        self._ranks = _ranks(crew)
        self._begun = False

    def order(self, order: Order) -> object:
        """Have it done by all; returns what came of it here."""
        if self._ranks is not None:
            size = self._ranks.size
            if not self._begun:
                self._ranks.tell([Begin.like(self._trainer)] * size)
                self._begun = True
            self._ranks.tell([order.part(rank, size) for rank in range(size)])
            order = order.part(0, size)
        return order.done_by(self._trainer)


def follow(crew: Crew, config: TrainerConfig) -> None:
    """Do what the first process orders, until it has no more."""
    ranks = _ranks(crew)
    assert ranks is not None
    trainer: AlignTrainer | None = None
    while (heard := ranks.hear()) is not None:
        if isinstance(heard, Begin):
            trainer = heard.trainer(config, crew)
        else:
            assert trainer is not None and isinstance(heard, Order)
            heard.done_by(trainer)


def _ranks(crew: Crew) -> "Ranks | None":
    if crew.size == 1:
        return None
    from vla_sim.align.ranks import Ranks

    assert isinstance(crew, Ranks)
    return crew
