"""Spanning: the numbers of a result that take several episodes, from its rows or from its paths."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from vla_sim.disk.atomic import write_json
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.crank import Crank
from vla_sim.envs.rollout import rollout
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError
from vla_sim.eval.across.number import OfPaths
from vla_sim.eval.across.table import ACROSS
from vla_sim.eval.body import Body
from vla_sim.eval.columns import differing
from vla_sim.eval.comparison import ALL
from vla_sim.eval.rows import row_of
from vla_sim.loop.benching.result import Result, is_result, read_result
from vla_sim.loop.benching.rig import crank_of
from vla_sim.loop.choice import Choice
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.outsiders import acting_for, try_out
from vla_sim.loop.paths import with_paths
from vla_sim.loop.progress import bar_of
from vla_sim.ranges import whole
from vla_sim.records.episode import Arm, Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import Estimate

FORMAT = "vla-sim numbers across episodes 1"
ARM: Arm = "correct"
"""The numbers are of its episodes,"""
OF_ALL_ARMS = ("paraphrase_score",)
"""but for those of these names, which compare arms."""
Numbers = Mapping[str, Mapping[str, Estimate]]
"""{task id, or "all": {name in `ACROSS`: number}}; what the episodes do not say is left out."""


@dataclass(frozen=True, kw_only=True)
class AcrossRun:
    """Settings of the numbers of a result that take several episodes."""

    result: Path = Path("results/mine")
    """Folder that `vla-sim bench --out FOLDER` wrote."""
    distances: bool = False
    """Run its episodes again, and the expert's of the same plan: how far apart are the paths?"""
    policy: str = ""
    """Who acts, where that is not where it was when it was measured; empty for what the result
    says. Its switches and its shield are those of the result."""
    n_slots: int = 16
    """Simulations at once; results do not depend on it."""
    out: Path | None = None
    """Write the numbers to this JSON file."""

    def __post_init__(self) -> None:
        with_paths(self)
        whole(1, n_slots=self.n_slots)
        if self.policy and not self.distances:
            raise BadConfig(
                f"policy is {self.policy!r}, and nobody acts where only rows are read; add "
                "--distances"
            )


def across(run: AcrossRun, console: Console) -> Numbers:
    """Calculate them.

    Raises:
        RunFolderError: If the folder holds no result, or the file cannot be written.
        DamagedFile: If the result was edited, or an episode does not come out as it was measured.
        BadConfig: If the distances of a teacher are asked for, or the engine here is another.
        UnknownName: If no expert teaches a task.
    """
    if run.out is not None:
        check_outlet(run.out)
    if not is_result(run.result):
        raise RunFolderError(
            f"{str(run.result)!r} holds no result; `vla-sim bench --out FOLDER` writes one"
        )
    result = read_result(run.result)
    task_ids = result.protocol.tasks
    body_of = bodies(task_ids)
    paths = list(_paths(run, result, body_of, console)) if run.distances else []
    found: dict[str, dict[str, Estimate]] = {}
    for task_id in (*task_ids, *([ALL] if len(task_ids) > 1 else [])):
        rows = [row for row in result.rows if task_id in (ALL, row.spec.task_id)]
        told = [row for row in rows if row.spec.arm == ARM]
        ran = [episode for episode in paths if task_id in (ALL, episode.spec.task_id)]
        found[task_id] = {}
        for name, line in ACROSS.items():
            if isinstance(line, OfPaths):
                value = line.of(ran, body_of)
            else:
                value = line.of(rows if name in OF_ALL_ARMS else told, body_of)
            if value is not None:
                found[task_id][name] = value
    if run.out is not None:
        numbers = {t: {n: asdict(e) for n, e in mine.items()} for t, mine in found.items()}
        head = {"format": FORMAT, "protocol": result.protocol.stamp, "policy": result.policy}
        write_json(run.out, {**head, "numbers": numbers})
    return found


def _paths(
    run: AcrossRun, result: Result, body_of: Mapping[str, Body], console: Console
) -> Iterator[Episode]:
    """The episodes under the true instruction again, held to their rows, and the expert's."""
    choice = Choice.again(result.policy, run.policy)
    if result.report.run_card["role"] == "teacher":
        raise BadConfig(
            f"{run.result} is of {result.policy}, a teacher: distances from the expert's paths are "
            "of policies; leave --distances away"
        )
    rows = [row for row in result.rows if row.spec.arm == ARM]
    if not rows:
        raise BadConfig(f"{run.result} holds no episode under the arm {ARM!r}; none has a distance")
    with _bar(console, total=2 * len(rows)) as advance:
        for task_id in result.protocol.tasks:
            mine = [row for row in rows if row.spec.task_id == task_id]
            if not mine:
                continue
            config = crank_of(mine[0], choice.shield)
            try_out(choice, [task_id], config)
            specs = [row.spec for row in mine]
            for who in (choice, Choice(name="expert")):
                # The expert's paths are its own, whatever kept the policy within its limits.
                rig = config if who is choice else crank_of(mine[0], who.shield)
                crank = Crank(task_id, min(run.n_slots, len(mine)), rig)
                for place, episode in rollout(crank, acting_for(who, crank), specs):
                    if who is choice:
                        _require_same(mine[place], row_of(episode, body_of[task_id]))
                    advance()
                    yield episode


def _require_same(was: EpisodeRow, now: EpisodeRow) -> None:
    if wrong := differing(was, now):
        raise DamagedFile(
            f"the episode of {was.spec.task_id} with seed {was.spec.seed} did not come out as it "
            f"was measured: {', '.join(wrong)} differ; the policy, its weights, or this "
            "package are not those of the result"
        )


@contextmanager
def _bar(console: Console, *, total: int) -> Iterator[Callable[[], None]]:
    with bar_of("across", console) as progress:
        line = progress.add_task("", total=total)
        yield lambda: progress.advance(line)
