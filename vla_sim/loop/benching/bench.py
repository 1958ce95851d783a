"""Bench: a policy under a protocol, on all cores, with every control arm."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vla_sim.agents.ensemble import ENSEMBLE
from vla_sim.agents.taught import check_taught
from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.chain import MAX_INSTRUCTIONS
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.suites import SPINE, SUITES, parts_of, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.report_file import to_json
from vla_sim.loop.aligning.judge import retrieve
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.loop.choice import Choice
from vla_sim.loop.evaluation import (
    ALL_ARMS,
    GALLERY_SEEDS_FROM,
    gallery_plan,
)
from vla_sim.loop.outsiders import try_out
from vla_sim.loop.policies import best_checkpoint, check_policy
from vla_sim.loop.serving.contracts import check_contract_name
from vla_sim.loop.simulating.asked import AskedSimulators
from vla_sim.loop.simulating.places import open_simulators
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig, concatenated
from vla_sim.loop.simulating.worker import check_processes
from vla_sim.ranges import some, whole
from vla_sim.records.episode import Arm, Episode, EpisodeSpec
from vla_sim.records.instruction import Language
from vla_sim.records.reports import EvalReport
from vla_sim.records.shift import Shift
from vla_sim.records.triple import Rows

BENCH_SEEDS_FROM = 10_000
"""Scenes of the benchmark: never trained on, never used to choose a checkpoint."""
FEWEST_IN_A_SHARE = 8
"""Episodes of each task of the gallery that are worth a process of their own."""
MOST_EPISODES = 90_000
"""So many scenes lie between those of the benchmark and those that choose a checkpoint."""


@dataclass(frozen=True, kw_only=True)
class BenchRun:
    """Settings of a benchmark."""

    policy: str = "expert"
    """expert, random, zero; a folder: of a checkpoint, an alignment run, or an RL policy;
    "retrieval:" and the folder of an alignment run; one of your own, as module:name or
    path/to/file.py:name; a server's, as ws://host:port; a zip of stable-baselines3; or "lerobot:"
    and a folder."""
    proposals: int = 1
    """Chunks that an aligned policy proposes at each decision, by other words, ways and goals; the
    one that its aligned space finds nearest to what is asked is run."""
    guidance: float = 1.0
    """Leads an aligned policy's chunks away from what they would be without words; 1: as is."""
    ensemble: float = ENSEMBLE
    """Share of the chunk before in what an aligned policy runs of each chunk; 0: chunks as they
    are."""
    policy_arg: Mapping[str, str] = field(default_factory=dict)
    """Arguments of what makes a policy of your own, name=value."""
    contract: str = ""
    """What a policy from outside speaks; empty: what it says itself."""
    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name, see `vla-sim list tasks`; your own as path/to/file.py:name."""
    episodes: int = 100
    """Episodes per task and arm."""
    arms: tuple[Arm, ...] = ALL_ARMS
    """What the policy is told: the truth, nothing, another goal, unseen words, a translation."""
    languages: tuple[Language, ...] = ("en",)
    """Languages of the true instructions."""
    gallery: int = 66
    """Held-out episodes per task in the retrieval gallery; 0 for no retrieval."""
    axis: str = ""
    """A domain axis along which all episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far along the axis: 1 to 3; 0 where no axis is named."""
    n_instructions: int = 1
    """Instructions in an episode, one after the other: CALVIN's chains."""
    suite: str = ""
    """A suite whose rows are run, those of the tasks named; it decides axis, severity and number of
    instructions. Empty for none."""
    n_processes: int = 2
    """0: the simulators run in the calling process. Results do not depend on it."""
    n_slots: int = 16
    """Simulations at once in a process; results do not depend on it."""
    out: Path | None = None
    """Write the report to this JSON file."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        check_policy(self.choice.name)
        check_contract_name(self.contract)
        some(tasks=self.task_ids, arms=self.arms, languages=self.languages)
        whole(1, MOST_EPISODES, episodes=self.episodes)
        whole(0, n_processes=self.n_processes)
        whole(1, n_slots=self.n_slots)
        whole(1, MAX_INSTRUCTIONS, n_instructions=self.n_instructions)
        whole(0, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, gallery=self.gallery)
        if self.suite and self.suite not in SUITES:
            raise UnknownName("suite", self.suite, SUITES)
        if self.suite and (self.axis or self.severity or self.n_instructions != 1):
            raise BadConfig(
                f"the suite {self.suite!r} decides axis, severity and number of instructions; for "
                "others leave it away: `vla-sim bench correct --axis camera --severity 2`"
            )
        self.measurement.check()
        if self.policy == "expert" or (self.gallery and Path(self.policy).is_dir()):
            check_taught(self.task_ids)

    @property
    def choice(self) -> Choice:
        """The policy with its switches."""
        return Choice.of(self)

    @property
    def shift(self) -> Shift:
        """Axis and severity."""
        return Shift(axis=self.axis, severity=self.severity)

    @property
    def measurement(self) -> Measurement:
        """What is measured, without who is."""
        return Measurement(
            task_ids=self.task_ids,
            first_seed=BENCH_SEEDS_FROM,
            n_episodes=self.episodes,
            arms=self.arms,
            languages=self.languages,
            shift=self.shift,
            n_instructions=self.n_instructions,
            base=self.crank,
        )

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)


def parts(run: BenchRun) -> list[BenchRun]:
    """A suite cut into runs under one protocol each; a run without a suite is its own only part.

    Raises:
        BadConfig: If a task is named that is in no row of the suite.
    """
    if not run.suite:
        return [run]
    rows = {row.task_id for row in SUITES[run.suite]}
    if strangers := [short_name(task_id) for task_id in run.task_ids if task_id not in rows]:
        listed = ", ".join(sorted(map(short_name, rows)))
        raise BadConfig(f"the suite {run.suite!r} has no {', '.join(strangers)}; it has {listed}")
    made = []
    for (axis, severity, n_instructions), task_ids in parts_of(run.suite).items():
        named = [task_id for task_id in task_ids if task_id in run.task_ids]
        if not named:
            continue
        out = run.out
        if out is not None and len(parts_of(run.suite)) > 1:
            told = f"{n_instructions}" if n_instructions > 1 else f"{axis}-{severity}"
            out = out.with_stem(f"{out.stem}-{told}")
        made.append(
            replace(
                run,
                tasks=tuple(named),
                axis=axis,
                severity=severity,
                n_instructions=n_instructions,
                suite="",
                out=out,
            )
        )
    return made


def bench(run: BenchRun, console: Console) -> EvalReport:
    """Run the protocol; the report does not depend on the number of processes.

    Raises:
        UnknownName: If there is no such policy or task, or what an axis needs is not there.
        RenderBackendError: If a renderer does not work here.
        RunFolderError: If the report cannot be written.
    """
    check_processes(run.n_processes)
    if run.out is not None:
        check_outlet(run.out)
    measurement = run.measurement
    try_out(run.choice, run.task_ids, measurement.crank)
    stations = StationConfig(n_slots=run.n_slots, crank=measurement.crank)
    table = TaskTable.of(run.task_ids)
    config = SimulatorsConfig(task_ids=run.task_ids, stations=stations, table=table)
    retrieval = None
    with ExitStack() as stack:
        workers = [
            stack.enter_context(open_simulators(config, n_processes=min(run.n_processes, 1)))
            for _ in range(max(1, run.n_processes))
        ]
        if run.gallery and Path(run.policy).is_dir():
            # Here, so that experts and controls are measured without torch; and first, so that
            # what cannot be measured is refused before the episodes run.
            from vla_sim.loop.learned import LearnedModel

            model = LearnedModel.load(best_checkpoint(Path(run.policy)))
            retrieval = retrieve(model, _gallery(run, workers), table)
        episodes = _all_episodes(run, measurement.plan, workers, console)
    report = measurement.report(episodes, policy=str(run.choice), retrieval=retrieval)
    if run.out is not None:
        write_report_file(report, run.out)
    return report


def write_report_file(report: EvalReport, path: Path) -> None:
    """Replace a report's JSON file in one step.

    Raises:
        RunFolderError: If it cannot be written.
    """
    atomic.write_text(path, to_json(report))


def _all_episodes(
    run: BenchRun,
    plan: dict[str, list[EpisodeSpec]],
    workers: Sequence[AskedSimulators],
    console: Console,
) -> list[Episode]:
    """Deal the plan out in portions; whoever is done gets the next one."""
    portions = _portions(plan, n_workers=len(workers), fewest=run.n_slots * 2)
    total = sum(map(len, plan.values()))
    episodes: list[Episode] = []
    with Progress(
        TextColumn("[bold]bench"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
    ) as progress:
        bar = progress.add_task("", total=total)
        busy: list[AskedSimulators] = []
        for worker in workers:
            if (portion := next(portions, None)) is not None:
                worker.ask_evaluate(run.choice, portion)
                busy.append(worker)
        while busy:
            for worker in [w for w in busy if w.ready(0.05)]:
                brought = worker.episodes()
                episodes += brought
                progress.update(bar, advance=len(brought))
                if (portion := next(portions, None)) is not None:
                    worker.ask_evaluate(run.choice, portion)
                else:
                    busy.remove(worker)
    return episodes


def _portions(
    plan: dict[str, list[EpisodeSpec]], *, n_workers: int, fewest: int
) -> Iterator[dict[str, list[EpisodeSpec]]]:
    """The plan in portions of one task each, large ones first and small ones last.

    Slots idle at the end of each portion, and workers are to end together.
    """
    left = sum(map(len, plan.values()))
    for task_id, specs in plan.items():
        first = 0
        while first < len(specs):
            size = max(fewest, left // (2 * n_workers))
            yield {task_id: specs[first : first + size]}
            left -= len(specs[first : first + size])
            first += size


def _gallery(run: BenchRun, workers: Sequence[AskedSimulators]) -> Rows:
    plan = gallery_plan(run.task_ids, run.gallery, run.shift)
    # A small gallery is for one worker: of so few episodes, all of a share may fail.
    asked = workers[: max(1, run.gallery // FEWEST_IN_A_SHARE)]
    for k, worker in enumerate(asked):
        worker.ask_gallery({task_id: specs[k :: len(asked)] for task_id, specs in plan.items()})
    return concatenated([worker.rows() for worker in asked])
