"""Bench: a policy under a protocol, on all cores, with every control arm."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from rich.console import Console

from vla_sim.agents.controls import POLICIES
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
from vla_sim.errors import BadConfig, RunFolderError, UnknownName
from vla_sim.eval.protocol import require_same
from vla_sim.eval.report_file import to_json
from vla_sim.loop.aligning.judge import retrieve
from vla_sim.loop.benching.measurement import Measurement
from vla_sim.loop.benching.provenance import card_of, require_alike, require_as_begun
from vla_sim.loop.benching.result import (
    Result,
    is_result,
    read_result,
    read_shard,
    result_of,
    write_result,
)
from vla_sim.loop.benching.row_store import RowStore, clear
from vla_sim.loop.benching.shard import Shard
from vla_sim.loop.benching.stated import Stated, require_measurable, stated_by
from vla_sim.loop.benching.team import Executor, Team, check_workers
from vla_sim.loop.benching.until import UntilConfig
from vla_sim.loop.choice import Choice
from vla_sim.loop.evaluation import (
    ALL_ARMS,
    GALLERY_SEEDS_FROM,
    gallery_plan,
)
from vla_sim.loop.opening import opened, refuse_place
from vla_sim.loop.outsiders import try_out
from vla_sim.loop.policies import best_checkpoint, check_policy
from vla_sim.loop.run_folder import BEGUN
from vla_sim.loop.serving.contracts import check_contract_name
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.loop.tracking.reports import numbers_of
from vla_sim.loop.tracking.tracker import TrackerName, check_tracker, tracking
from vla_sim.ranges import MAX_EPISODE_SEED, some, whole
from vla_sim.records.episode import Arm
from vla_sim.records.instruction import Language
from vla_sim.records.reports import EvalReport
from vla_sim.records.shift import Shift

VERB = "bench"
MAY_CHANGE = (
    "out",
    "resume",
    "films",
    "track",
    "n_processes",
    "n_slots",
    "executor",
    "crank.n_threads",
)
"""Settings that change no episode."""
MOST_FILMS = 64
BENCH_SEEDS_FROM = 10_000
"""Scenes of the benchmark: never trained on, never used to choose a checkpoint."""
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
    first_seed: int = BENCH_SEEDS_FROM
    """The scenes are this one and those after it; whoever referees takes a large number of their
    own and tells nobody."""
    protocol: Path | None = None
    """A file of `vla-sim protocol freeze`: it decides all that makes the number."""
    conditions: Path | None = None
    """A file that lists the episodes, see `vla-sim protocol conditions`."""
    n_processes: int = 2
    """0: the simulators run in the calling process. Results do not depend on it."""
    n_slots: int = 16
    """Simulations at once in a process; results do not depend on it."""
    executor: Executor = "processes"
    """Where simulators run: "processes" of this machine, or "ray", the cluster at RAY_ADDRESS or
    Ray on this machine, an actor with a core for each of n_processes."""
    until: UntilConfig = field(default_factory=UntilConfig)
    """Rules that stop before all episodes are run."""
    shard: str = ""
    """Run one of N equal shares of the episodes, as K/N; `vla-sim merge` puts them together."""
    out: Path | None = None
    """Write the result to this folder, a row per episode; to a path that ends in .json, the report
    alone."""
    resume: bool = False
    """Go on with the benchmark in OUT: episodes that are on disk are not repeated."""
    films: int = 0
    """Episodes to film into OUT, failures first, with a sheet of stills; 0 for none. With --resume
    they are added to a result that is there."""
    track: TrackerName = ""
    """Send rates and means to "tensorboard" (files in OUT), "trackio" or "wandb" as
    well; empty for none."""
    crank: CrankConfig = field(default_factory=CrankConfig)

    def __post_init__(self) -> None:
        if self.stated is not None:
            self.stated.check(self)
        check_tracker(self.track)
        if self.track == "tensorboard" and self.folder is None:
            raise BadConfig("track 'tensorboard' writes files into a folder: give --out")
        check_policy(self.choice.name)
        check_contract_name(self.contract)
        some(tasks=self.task_ids, arms=self.arms, languages=self.languages)
        whole(1, MOST_EPISODES, episodes=self.episodes)
        whole(0, MAX_EPISODE_SEED - MOST_EPISODES, first_seed=self.first_seed)
        whole(0, n_processes=self.n_processes)
        if self.executor not in get_args(Executor):
            raise UnknownName("executor", self.executor, get_args(Executor))
        if self.executor == "ray" and self.n_processes == 0:
            raise BadConfig(
                "executor 'ray' with n_processes 0: that is the calling process; give 1 or more"
            )
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
        self._check_place()
        self.measurement.check()
        if self.policy == "expert" or (self.gallery and self.is_folder):
            check_taught(self.task_ids)

    def _check_place(self) -> None:
        """Refuse a place that cannot hold what is asked for, and rules that contradict it."""
        whole(0, MOST_FILMS, films=self.films)
        asked_of_folder = {"shard": self.shard, "resume": self.resume, "films": self.films}
        for name, asked in asked_of_folder.items():
            if asked and self.folder is None:
                raise BadConfig(f"{name} takes a folder: give --out, and no .json file")
        if self.films and (self.shard or self.until.decided):
            raise BadConfig(
                f"films {self.films}: films are of a whole result; after `vla-sim merge`, or when "
                "it is decided, `vla-sim replay RESULT --episode K` films any episode"
            )
        if self.shard:
            Shard.read(self.shard)
        if self.until.decided and not is_result(Path(self.until.decided)):
            check_policy(self.until.decided)
        self.until.check(
            arms=self.arms,
            n_pairs=self.episodes * len(self.task_ids),
            n_protocols=len(parts_of(self.suite)) if self.suite else 1,
            shard=self.shard,
        )
        if self.stated is not None and self.until.said:
            raise BadConfig(
                f"the rule {self.until.said!r} stops before all episodes are run, and "
                f"{self.stated.source} says which are; leave one of the two away"
            )

    @property
    def stated(self) -> Stated | None:
        """What a file decides; None where none is named."""
        return stated_by(self.protocol, self.conditions)

    @property
    def folder(self) -> Path | None:
        """Where a result is written; None where there is none, or the report alone."""
        return None if self.out is None or self.out.suffix == ".json" else self.out

    @property
    def choice(self) -> Choice:
        """The policy with its switches."""
        return Choice.of(self)

    @property
    def is_folder(self) -> bool:
        """Whether the policy is a model's folder; one with a control's name is not meant."""
        return self.policy not in POLICIES and Path(self.policy).is_dir()

    @property
    def shift(self) -> Shift:
        """Axis and severity."""
        return Shift(axis=self.axis, severity=self.severity)

    @property
    def measurement(self) -> Measurement:
        """What is measured, without who is."""
        listed = () if self.stated is None else self.stated.conditions
        shift, n_instructions = self.shift, self.n_instructions
        return Measurement(
            task_ids=self.task_ids,
            first_seed=self.first_seed,
            n_episodes=self.until.cap if self.until.width else self.episodes,
            arms=self.arms,
            languages=self.languages,
            shift=self.shift,
            n_instructions=self.n_instructions,
            base=self.crank,
            stopping=self.until.said,
            conditions=tuple(
                c
                for c in listed
                if c.spec.shift == shift and c.spec.n_instructions == n_instructions
            ),
        )

    def card(self, choice: Choice | None = None) -> dict[str, str]:
        """The run card of its policy, or of the one that it is compared with."""
        frozen = None if self.stated is None else self.stated.frozen
        return card_of(self.measurement, choice or self.choice, frozen)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)


def bench(run: BenchRun, console: Console) -> EvalReport:
    """Run the protocol; the report does not depend on the number of processes.

    Raises:
        UnknownName: If there is no such policy or task, or what an axis needs is not there.
        RenderBackendError: If a renderer does not work here.
        RunFolderError: If the result cannot be written, or the folder holds something else.
        DamagedFile: If what an interrupted run left cannot be read back.
    """
    assert not run.shard, "a share of a protocol has no report"
    check_workers(run.n_processes, run.executor)
    card = run.card()
    return reported(run, benched(run, console), card)


def reported(run: BenchRun, result: Result, card: Mapping[str, str]) -> EvalReport:
    """A result's numbers with the whole card, in a file of their own where the run names one.

    Raises:
        RunFolderError: If it cannot be written.
    """
    report = result.report
    report = replace(report, run_card={**card, **report.run_card})
    if run.out is not None and run.folder is None:
        write_report_file(report, run.out)
    with tracking(run.track, run.out or Path(run.policy), project="vla-sim-bench") as tracker:
        tracker.log(numbers_of(report, under="bench"), 0)
    return report


def benched(run: BenchRun, console: Console) -> Result:
    """What `bench` reports, episode by episode; in its folder where the run names one.

    Raises:
        As `bench`.
    """
    if run.folder is not None:
        return bench_into(run, run.folder, console)
    check_workers(run.n_processes, run.executor)
    if run.out is not None:
        check_outlet(run.out)
    return _measured(run, run.card(), console)


def bench_into(run: BenchRun, folder: Path, console: Console) -> Result:
    """Run the protocol, or a share of it, into a folder, from where it was left.

    Raises:
        As `bench`, and
        ProtocolMismatch: If the folder holds a finished result under another protocol.
    """
    check_workers(run.n_processes, run.executor)
    resume = run.resume and (folder / BEGUN).exists()
    if run.resume and not resume and is_result(folder):
        return _finished(run, folder)
    refuse_place(folder, run, verb=VERB, resume=resume, may=MAY_CHANGE)
    card = run.card()
    if resume:
        require_as_begun(folder, card)
    with opened(folder, run, verb=VERB, resume=resume, card=card):
        result = _measured(run, card, console)
        write_result(folder, result, card)
        _film(run, folder, result)
        (folder / BEGUN).unlink()
        clear(folder)
    return result


def _finished(run: BenchRun, folder: Path) -> Result:
    """What is there already, where nothing is left to do."""
    clear(folder)
    result = read_shard(folder) if run.shard else read_result(folder)
    require_same(result.protocol, run.measurement.protocol)
    if result.policy != str(run.choice) or str(result.shard or "") != run.shard:
        raise RunFolderError(
            f"{folder} holds another result, of {result.policy}; give another --out"
        )
    require_alike(folder, result.card, run.card())
    _film(run, folder, result)
    return result


def _film(run: BenchRun, folder: Path, result: Result) -> None:
    """The films that are asked for."""
    if run.films:
        # Here, because measuring draws nothing for people.
        from vla_sim.loop.showing.result_films import film_result

        film_result(folder, result.rows, run.films, run.choice, run.measurement.crank)


def _measured(run: BenchRun, card: Mapping[str, str], console: Console) -> Result:
    measurement = run.measurement
    require_measurable(run.stated, measurement)
    shard = Shard.read(run.shard) if run.shard else None
    plan = measurement.plan if shard is None else shard.of(measurement.plan)
    store = RowStore(run.folder, measurement.bodies)
    try_out(run.choice, run.task_ids, measurement.crank)
    retrieval = None
    with open_team(run) as team:
        if run.gallery and run.is_folder and (shard is None or shard.k == 1):
            # Here, so that experts and controls are measured without torch; and first, so that
            # what cannot be measured is refused before the episodes run.
            from vla_sim.loop.learned import LearnedModel

            model = LearnedModel.load(best_checkpoint(Path(run.policy)))
            gallery = team.gallery(gallery_plan(run.task_ids, run.gallery, run.shift))
            retrieval = retrieve(model, gallery, TaskTable.of(run.task_ids))
        if run.until.width:
            team.run_until_narrow(run.choice, plan, run.until, store, console)
        else:
            team.run_all(run.choice, plan, store, console)
    return result_of(
        measurement.protocol,
        store.rows,
        card,
        retrieval=retrieval,
        shard=shard,
    )


def open_team(run: BenchRun, *, in_rounds: bool = False) -> AbstractContextManager[Team]:
    """The simulators of a benchmark, see `Team.open`."""
    config = SimulatorsConfig(
        task_ids=run.task_ids,
        stations=StationConfig(n_slots=run.n_slots, crank=run.measurement.crank),
        table=TaskTable.of(run.task_ids),
    )
    keeps = run.folder is not None
    return Team.open(
        config, run.n_processes, keeps=keeps, in_rounds=in_rounds, executor=run.executor
    )


def write_report_file(report: EvalReport, path: Path) -> None:
    """Replace a report's JSON file in one step.

    Raises:
        RunFolderError: If it cannot be written.
    """
    atomic.write_text(path, to_json(report))
