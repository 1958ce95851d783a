"""Settings of a study, and the cells that follow from them."""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from vla_sim.envs.task_names import short_name
from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.paths import with_paths
from vla_sim.loop.studying.arm import changed
from vla_sim.loop.studying.arms import BASE, arm_of, name_of
from vla_sim.loop.studying.cell import Cell
from vla_sim.loop.studying.measured import MeasuredConfig
from vla_sim.ranges import MAX_SEED, some, whole

_SHARD = re.compile(r"(\d+)/(\d+)")
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True, kw_only=True)
class StudyRun:
    """One study: arms and training seeds, each pair a cell."""

    name: str = "study"
    """What its page is called."""
    arms: tuple[str, ...] = (BASE,)
    """What is compared, by name; your own as path/to/file.py:name."""
    against: str = BASE
    """The arm that the others are compared with."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """Training seeds. Arms are compared seed by seed."""
    base: AlignRun = field(default_factory=AlignRun)
    """The training that arms change."""
    measured: MeasuredConfig = field(default_factory=MeasuredConfig)
    """The benchmark that arms change."""
    only: tuple[str, ...] = ()
    """Arms to measure now; empty for all. The page shows all that are there."""
    shard: str = ""
    """Which part of the work to do now, as 1/2 and 2/2; empty for all."""
    show: bool = False
    """Write the page from the cells that are there, and measure nothing."""
    out: Path = Path("runs/study")
    """Folder for the trainings, each below its fingerprint."""
    keep_memory: bool = False
    """Keep what only going on with a finished training needs: tens to hundreds of megabytes each.
    The model that it kept stays in any case."""
    cells: Path | None = None
    """Folder for the cells, a file of a few kilobytes each; None for one in OUT."""
    docs: Path | None = None
    """Folder for the page, in both languages, and its plots; None for OUT."""

    def __post_init__(self) -> None:
        with_paths(self)
        if not _NAME.fullmatch(self.name):
            raise BadConfig(f"name is {self.name!r}; use letters, digits, - and _: it names files")
        some(arms=self.arms)
        some(seeds=self.seeds)
        whole(0, MAX_SEED, seeds=self.seeds)
        self._check_names()
        self._check_base()
        self._check_share()
        self._check_arms()

    def _check_names(self) -> None:
        names = [name_of(arm) for arm in self.arms]
        for what, given in (("arms", names), ("seeds", [str(seed) for seed in self.seeds])):
            twice = next((one for one in given if given.count(one) > 1), None)
            if twice is not None:
                raise BadConfig(f"{what} name {twice} twice; once is enough")
        if self.against not in self.arms:
            raise UnknownName("arm to compare with among those of this study:", self.against, names)
        for name in self.only:
            if name not in self.arms:
                raise UnknownName("arm in this study:", name, self.arms, most=len(self.arms))

    def _check_base(self) -> None:
        usual = AlignRun()
        for name, instead in (("seed", "seeds"), ("out", "out"), ("resume", "out")):
            value = getattr(self.base, name)
            if value != getattr(usual, name):
                raise BadConfig(f"base.{name} is {value}, and each cell has its own; use {instead}")
        if self.base.max_seconds is not None:
            raise BadConfig(
                f"base.max_seconds is {self.base.max_seconds:g}, and what a busy machine cut "
                "cannot be compared; use base.max_updates"
            )

    def _check_share(self) -> None:
        if self.shard:
            found = _SHARD.fullmatch(self.shard)
            if found is None or not 1 <= int(found[1]) <= int(found[2]):
                raise BadConfig(
                    f"shard is {self.shard!r}; use K/N with K from 1 to N: 1/2 and 2/2 together do "
                    "all"
                )
        if self.show and (self.only or self.shard):
            asked = f"only {' '.join(self.only)}" if self.only else f"shard {self.shard}"
            raise BadConfig(f"show measures nothing, so that {asked} says nothing; leave one out")

    def _check_arms(self) -> None:
        """All cells can be made, no two arms are the same, and all are of the same tasks."""
        names: dict[str, str] = {}
        cells = self.all_cells[: len(self.arms)]  # of one seed: others tell no arms apart
        tasks = {cell.arm: cell.run.task_ids for cell in cells}
        of_base = tasks[name_of(self.against)]
        for cell in cells:
            if set(tasks[cell.arm]) != set(of_base):
                raise BadConfig(
                    f"the arm {cell.arm!r} is of {', '.join(map(short_name, tasks[cell.arm]))}, "
                    f"and {name_of(self.against)!r} of {', '.join(map(short_name, of_base))}: what "
                    "is done in other tasks is no better and no worse; leave tasks out of the arm"
                )
            same = names.setdefault(cell.key, cell.arm)
            if same != cell.arm:
                raise BadConfig(
                    f"the arms {same!r} and {cell.arm!r} are the same here: what tells them apart "
                    "is as it is in the base already; leave one out of arms"
                )

    @cached_property
    def all_cells(self) -> tuple[Cell, ...]:
        """Every arm from every seed, seed by seed, so that pairs are there soon.

        Raises:
            VlaSimError: If an arm changes what is not there, or to what is refused.
        """
        return tuple(self._cell(arm, seed) for seed in self.seeds for arm in self.arms)

    def _cell(self, arm: str, seed: int) -> Cell:
        made = arm_of(arm)
        try:
            run = replace(made.run(self.base), seed=seed)
            measured = changed(self.measured, made.acting)
        except VlaSimError as error:
            raise BadConfig(f"the arm {name_of(arm)!r} cannot be made: {error}") from error
        return Cell(arm=name_of(arm), seed=seed, run=run, measured=measured)

    @property
    def asked(self) -> tuple[Cell, ...]:
        """The cells to measure now: those of ONLY, and of them this process's share.

        Cells of one training are in one share, which trains once.
        """
        named = {name_of(arm) for arm in self.only or self.arms}
        cells = [cell for cell in self.all_cells if cell.arm in named]
        if not self.shard:
            return tuple(cells)
        k, n = map(int, self.shard.split("/"))
        mine = set(list(dict.fromkeys(cell.training for cell in cells))[k - 1 :: n])
        return tuple(cell for cell in cells if cell.training in mine)

    @property
    def cells_folder(self) -> Path:
        """Where cells are kept."""
        return self.cells or self.out / "cells"

    @property
    def docs_folder(self) -> Path:
        """Where the page is written."""
        return self.docs or self.out
