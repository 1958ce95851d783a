"""Listing: episodes of a result or of a frozen protocol become a condition set in a file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import tasks_of
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.eval.condition import Condition
from vla_sim.eval.condition_file import read_conditions, to_json
from vla_sim.eval.failures import FAILURE_KINDS
from vla_sim.loop.benching.conditions import conditions_of
from vla_sim.loop.benching.frozen import Frozen, is_frozen, read_frozen
from vla_sim.loop.benching.parts import require_here
from vla_sim.loop.benching.result import is_result, read_result
from vla_sim.loop.benching.shard import Shard
from vla_sim.loop.evaluation import planned
from vla_sim.loop.paths import with_paths
from vla_sim.records.episode import Arm
from vla_sim.records.episode_row import EpisodeRow

Where = Literal["all", "failed", "succeeded", "violated"]
_WHERE: Mapping[Where, Callable[[EpisodeRow], bool]] = {
    "all": lambda row: True,
    "failed": lambda row: not row.success_at_end,
    "succeeded": lambda row: row.success_at_end,
    "violated": lambda row: any(row.violations.values()),
}
Scene = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class ListRun:
    """Settings of a list of episodes."""

    sources: tuple[Path, ...] = ()
    """Folders of results, files of frozen protocols, or of other condition sets."""
    out: Path = Path("conditions.json")
    """The file; one that is there is never replaced."""
    where: Where = "all"
    """Which episodes of a result: those that failed or succeeded at the end, or in which a limit
    was violated."""
    tasks: tuple[str, ...] = ()
    """Only these tasks; all where none is named."""
    arms: tuple[Arm, ...] = ()
    """Only these arms; all where none is named."""
    failures: tuple[str, ...] = ()
    """Only failures of these kinds, as the table of `bench` names them, with _ for spaces."""
    share: str = ""
    """One of N equal shares of the scenes, as K/N: shares have no scene in common, so that one may
    be trained on and another measured. Empty for all."""

    def __post_init__(self) -> None:
        with_paths(self)
        if self.where not in get_args(Where):
            raise UnknownName("choice of episodes", self.where, get_args(Where))
        for kind in self.failures:
            if kind not in FAILURE_KINDS:
                raise UnknownName("kind of failure", kind, FAILURE_KINDS)
        if self.failures and self.where not in ("all", "failed"):
            raise BadConfig(
                f"failures are {' '.join(self.failures)}, and where is {self.where!r}: an episode "
                "of these kinds failed"
            )
        if self.share:
            Shard.read(self.share, name="share")
        if self.tasks:
            tasks_of(self.tasks)
        if self.out.suffix != ".json":
            raise BadConfig(f"out is {self.out}; a condition set is a .json file")


def list_conditions(run: ListRun) -> tuple[Condition, ...]:
    """Write the file.

    Raises:
        RunFolderError: If there is nothing at the source, or the file is there or cannot be
            written.
        DamagedFile: If the source is damaged or was edited.
        BadConfig: If no episode is left, or the source has no outcomes to choose by.
        ProtocolMismatch: If a frozen protocol cannot be measured here.
    """
    if run.out.exists():
        raise RunFolderError(
            f"{run.out} is there already, and results may name its digest; give another --out"
        )
    check_outlet(run.out)
    if not run.sources:
        raise BadConfig(
            "sources is empty; name results, frozen protocols or lists, for example "
            "`vla-sim protocol conditions results/mine --where failed`"
        )
    held = [condition for source in run.sources for condition in _conditions(source, run)]
    found = _chosen(run, dict.fromkeys(held))
    if not found:
        raise BadConfig(
            f"no episode of {', '.join(map(str, run.sources))} is left by what was asked: "
            f"{_asked(run)}"
        )
    atomic.write_text(run.out, to_json(found))
    return found


def _asked(run: ListRun) -> str:
    """What episodes are chosen by, as it is typed."""
    asked = {
        "where": "" if run.where == "all" else run.where,
        "failures": " ".join(run.failures),
        "tasks": " ".join(run.tasks),
        "arms": " ".join(run.arms),
        "share": run.share,
    }
    return " ".join(f"--{name} {value}" for name, value in asked.items() if value) or "all of it"


def _conditions(source: Path, run: ListRun) -> list[Condition]:
    """What a source holds, of the outcomes that are asked for."""
    if is_result(source):
        rows = [row for row in read_result(source).rows if _WHERE[run.where](row)]
        if run.failures:
            rows = [row for row in rows if row.failure in run.failures]
        return [Condition.of(row) for row in rows]
    if run.where != "all" or run.failures:
        raise BadConfig(
            f"{source} is no result, and only a result knows which episodes "
            f"{'failed' if run.failures else run.where}; name its folder"
        )
    if is_frozen(source):
        require_here(source)
        return _planned(read_frozen(source))
    if source.is_file():
        return list(read_conditions(source))
    raise RunFolderError(
        f"{source} is neither a result (`vla-sim bench --out FOLDER`) nor a frozen protocol "
        "(`vla-sim protocol freeze`) nor a condition set"
    )


def _planned(frozen: Frozen) -> list[Condition]:
    base = CrankConfig(
        engine=frozen.crank.engine,
        renderer=frozen.crank.renderer,
        image_size=frozen.crank.image_size,
    )
    plans = [planned(protocol) for protocol in frozen.protocols]
    return conditions_of([s for plan in plans for specs in plan.values() for s in specs], base)


def _chosen(run: ListRun, conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Those of the tasks, the arms and the share that are asked for."""
    tasks = tasks_of(run.tasks) if run.tasks else ()
    left = [
        condition
        for condition in conditions
        if (not tasks or condition.spec.task_id in tasks)
        and (not run.arms or condition.spec.arm in run.arms)
    ]
    if not run.share:
        return tuple(left)
    mine = _share(left, Shard.read(run.share))
    return tuple(condition for condition in left if _scene(condition) in mine)


def _share(conditions: Sequence[Condition], share: Shard) -> set[Scene]:
    """The scenes of a share: all arms, axes and chains in a scene go together."""
    scenes = sorted({_scene(condition) for condition in conditions})
    return set(scenes[share.k - 1 :: share.n])


def _scene(condition: Condition) -> Scene:
    return condition.spec.task_id, condition.spec.seed
