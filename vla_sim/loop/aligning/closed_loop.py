"""The closed loop: simulators teach, the trainer aligns, the simulators judge, one score decides.

Collection and evaluation run in a process of their own while the trainer trains. A round is: ask
the simulators, train, take in what they bring. In most rounds they bring triples; every few rounds
they bring episodes of the model as it was at the round's start, and the joint score of simulation
and retrieval says whether that model is the best so far and whether to stop.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from vla_sim.agents.taught import check_taught
from vla_sim.align.crew import Crew
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.suites import SPINE, names_of, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.errors import BadConfig, LossNotFinite
from vla_sim.eval.health import health_report
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.report_file import to_json
from vla_sim.eval.run_card import run_card
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.aligning.crewing import crew_here, follow
from vla_sim.loop.aligning.dataset import (
    fitted,
    given_by,
    note,
    opening_remarks,
    require_same_data,
)
from vla_sim.loop.aligning.given import DataMemory, Given, GivenRows
from vla_sim.loop.aligning.gradients import GRADIENTS, gradient_rows
from vla_sim.loop.aligning.health import batch_size, health_of
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.learner import Learner, LearnerConfig
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.aligning.preflight import check_trainer
from vla_sim.loop.aligning.remarks import silent_terms
from vla_sim.loop.aligning.resuming import (
    LOSSES,
    REPORTS,
    begin_again,
    checkpoint_at,
    is_saved,
    nothing_left,
    put_back,
    save,
    trainer_saved,
    write_decisions,
    written_down,
)
from vla_sim.loop.aligning.supervised import check_supervised
from vla_sim.loop.budget import Budget
from vla_sim.loop.evaluation import (
    GALLERY_SEEDS_FROM,
    ONLINE_SEEDS_FROM,
    bodies,
    gallery_plan,
    make_protocol,
    planned,
)
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.opening import opened, refuse_place
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.asked import AskedSimulators
from vla_sim.loop.simulating.places import open_simulators
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.loop.simulating.worker import check_processes
from vla_sim.loop.tracking.tracker import TrackerName, check_tracker
from vla_sim.ranges import MAX_SEED, above, some, whole, within
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot.contents import Contents, contents

VERB = "align"
MAY_CHANGE = (
    "out",
    "resume",
    "data",
    "picture_cache",
    "data_memory",
    "max_updates",
    "max_seconds",
    "n_processes",
    "simulators.crank.n_threads",
    "track",
)
"""Settings that a run may go on with otherwise: budgets, places, and what changes no result."""


@dataclass(frozen=True, kw_only=True)
class AlignRun:
    """One alignment run."""

    out: Path = Path("runs/align")
    """Run folder."""
    resume: bool = False
    """Go on with the run in OUT from its last evaluation."""
    seed: int = 0
    """Seed of weights, batches and training scenes: equal seeds give equal runs."""
    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name, see `vla-sim list tasks`; your own as path/to/file.py:name."""
    data: Path | None = None
    """Train from this dataset instead of from the running simulators. Its tasks are evaluated, with
    pictures of its size, unless others are named."""
    picture_cache: Path | None = None
    """Folder for the decoded pictures of the dataset; None for the one that the environment
    variable VLA_SIM_PICTURE_CACHE names, or else one inside the dataset."""
    data_memory: DataMemory = "auto"
    """Where the dataset's rows are drawn from: "ring" holds as many in memory as have room there
    and leaves the others out, "disk" leaves all of them in files; "auto" for "disk" where they
    would not all have room. Batches are the same as long as they have."""
    max_updates: int = 3_600
    """Budget: updates of the model. The learning rate falls with it, and equal seeds and settings
    give equal weights to the last bit, however busy the machine is."""
    max_seconds: float | None = None
    """Cap on the time of training; the run says what it cut. None for no cap."""
    updates_per_round: int = 100
    updates_per_evaluation: int = 250
    """Updates while the simulators evaluate, which takes longer than to collect."""
    warm_up_rows: int = 1024
    """Step triples of the experts per task before the first update."""
    rows_per_round: int = 128
    """Step triples per task and round."""
    last_expert_share: float = 0.3
    """The expert acts always at first; its share falls to this by mid-run."""
    rounds_per_evaluation: int = 8
    online_episodes: int = 32
    """Episodes per task in an evaluation during training."""
    gallery_per_task: int = 66
    """Held-out episodes per task in the retrieval gallery."""
    n_processes: int | None = None
    """Processes for the simulators beside the trainer's; 0 to run them in the trainer's own, in
    turn with it; None for one on each core but the trainer's. The run is the same to the bit."""
    track: TrackerName = ""
    """Send losses, evaluations and rates to "tensorboard" (files in OUT), "trackio" or "wandb" as
    well; empty for none."""
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    simulators: StationConfig = field(default_factory=StationConfig)
    stopping: StoppingConfig = field(default_factory=StoppingConfig)

    def __post_init__(self) -> None:
        check_tracker(self.track)
        some(tasks=self.task_ids)
        check_taught(self.task_ids)
        whole(0, MAX_SEED, seed=self.seed)
        whole(0, n_processes=self.n_processes)
        whole(
            1,
            updates_per_round=self.updates_per_round,
            updates_per_evaluation=self.updates_per_evaluation,
            warm_up_rows=self.warm_up_rows,
            rows_per_round=self.rows_per_round,
            rounds_per_evaluation=self.rounds_per_evaluation,
            max_updates=self.max_updates,
        )
        if self.data_memory == "disk" and self.data is None:
            raise BadConfig(
                'data_memory is "disk", and there is no dataset: name one with --data, or leave '
                "the setting away"
            )
        above(0, max_seconds=self.max_seconds)
        whole(1, GALLERY_SEEDS_FROM - ONLINE_SEEDS_FROM, online_episodes=self.online_episodes)
        whole(2, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, gallery_per_task=self.gallery_per_task)
        within(0, 1, last_expert_share=self.last_expert_share)
        self.learner.trainer.contrast.require_time(self.max_updates)

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)


def align(run: AlignRun, monitor: Monitor) -> RunFolder:
    """Train until the budget is spent or the joint score says stop.

    Args:
        run: What to do.
        monitor: Shows progress. Of processes that torchrun started the first alone does.

    Returns:
        The run folder; its `best.json` names the checkpoint that was kept.
    """
    torch.set_num_threads(
        1
    )  # the simulators have the other core; two threads collapse on busy ones
    with crew_here(run.learner.memory, run.learner.trainer) as crew:
        if crew.rank == 0:
            return _led(run, monitor, crew)
        follow(crew, run.learner.trainer)
    return RunFolder(run.out)


def _led(run: AlignRun, monitor: Monitor, crew: Crew) -> RunFolder:
    """All of a run but the other processes' updates."""
    check_processes(1 if run.n_processes is None else run.n_processes)
    held = None if run.data is None else contents(run.data)
    run = _settled(run, held)
    refuse_place(run.out, run, verb=VERB, resume=run.resume, may=MAY_CHANGE)
    saved: Path | None = None
    if run.resume:
        begun = RunFolder.open(run.out)
        require_same_data(begun, held)
        if (reason := nothing_left(begun, run.max_updates)) is not None:
            monitor.say(reason)
            return begun
        saved = trainer_saved(begun)
    check_trainer(run.learner.trainer, image_size=run.simulators.crank.image_size, saved=saved)
    protocol = make_protocol(
        "online",
        tasks=run.task_ids,
        first_seed=ONLINE_SEEDS_FROM,
        n_episodes=run.online_episodes,
        crank=run.simulators.crank,
    )
    table = TaskTable.of((*run.task_ids, *(() if held is None else held.task_ids)))
    check_supervised(run.learner, run.simulators, table, run.task_ids, simulated=held is None)
    given: Given | None = None
    if held is not None:
        given = given_by(
            held,
            table,
            chosen=run.data_memory,
            config=run.learner.memory,
            cache=run.picture_cache,
        )
    with opened(
        run.out,
        run,
        verb=VERB,
        resume=run.resume,
        card=run_card(protocol=protocol, seed=run.seed),
        notes=None if held is None else note(held),
        scratch=(LOSSES, GRADIENTS),
    ) as folder:
        monitor.say(f"run folder {folder.path}")
        for line in () if held is None else opening_remarks(run.task_ids, held):
            monitor.say(line)
        _turn(run, folder, protocol, table, given, monitor, crew)
    return folder


def _settled(run: AlignRun, held: Contents | None) -> AlignRun:
    """The run with its tasks by name, and with what follows from a dataset."""
    task_ids, stations = run.task_ids, run.simulators
    if held is not None:
        task_ids, stations = fitted(task_ids, stations, held)
    return replace(run, tasks=names_of(task_ids, run.tasks), simulators=stations)


def _turn(
    run: AlignRun,
    folder: RunFolder,
    protocol: Protocol,
    table: TaskTable,
    given: Given | None,
    monitor: Monitor,
    crew: Crew,
) -> None:
    """The loop: a round after the other until the budget is spent or the judge says stop."""
    tasks, crank = run.task_ids, run.simulators.crank
    goes_on = run.resume and is_saved(folder)
    if run.resume and not goes_on:
        begin_again(folder)
    config = SimulatorsConfig(
        task_ids=tasks,
        stations=run.simulators,
        table=table,
        strip_steps=run.learner.strip_steps,
    )
    with open_simulators(
        config, n_processes=run.n_processes, seed=run.seed, n_trainers=crew.size
    ) as simulators:
        first = given or _first_harvest(run, simulators, monitor)
        learner = Learner(
            run.learner,
            image_size=crank.image_size,
            seed=run.seed,
            first_steps=first.first_steps,
            table=table,
            crew=crew,
        )
        for line in first.into(learner, table):
            monitor.say(line)
        budget = Budget(run.max_updates, max_seconds=run.max_seconds)
        judge = Judge(
            protocol=protocol,
            bodies=bodies(tasks),
            stopping=run.stopping,
            table=table,
            gallery=_gallery(run, folder, simulators, learner, budget, monitor, learns=not goes_on),
        )
        if goes_on:
            put_back(folder, learner, judge, budget)
        n_round = 0
        while budget.left and not judge.says_stop:
            n_round += 1
            if n_round % run.rounds_per_evaluation:
                _collection_round(run, folder, simulators, learner, budget, monitor)
            else:
                _evaluation_round(run, folder, simulators, learner, judge, budget, monitor)
        if not judge.says_stop and not judge.has_seen(budget.n_spent):
            _evaluation_round(run, folder, simulators, learner, judge, budget, monitor)
        monitor.say(budget.cut or judge.decisions[-1].reason)
        trainer = run.learner.trainer
        weights = {**vars(trainer.weights), **trainer.own_losses, **trainer.supervision.weights}
        if trainer.weights.contrast_step:
            weights |= learner.trainer.model.fusion.weights
        still = learner.trainer.pulls.still
        for line in silent_terms(weights, folder.rows(LOSSES), still=still):
            monitor.say(line)


def _collection_round(
    run: AlignRun,
    folder: RunFolder,
    simulators: AskedSimulators,
    learner: Learner,
    budget: Budget,
    monitor: Monitor,
) -> None:
    online = run.data is None
    if online:
        live = learner.save_model(folder.path / "live")
        share = max(run.last_expert_share, 1.0 - 1.6 * budget.fraction)
        simulators.ask_collect(live, expert_share=share, n_rows=run.rows_per_round)
    _learn(run.updates_per_round, folder, learner, budget, monitor)
    if online:
        with monitor.waiting():
            harvest = simulators.harvest()
        learner.remember(harvest.steps, harvest.segments, harvest.strips)
        monitor.harvested(harvest)


def _evaluation_round(
    run: AlignRun,
    folder: RunFolder,
    simulators: AskedSimulators,
    learner: Learner,
    judge: Judge,
    budget: Budget,
    monitor: Monitor,
) -> None:
    """Judge the model as it is now; the learner goes on meanwhile, if updates are left."""
    step, elapsed_s = budget.n_spent, budget.elapsed_s
    name = checkpoint_at(step)
    weights = learner.save_model(folder.path / name)
    simulators.ask_evaluate(str(weights), planned(judge.protocol))
    _learn(run.updates_per_evaluation, folder, learner, budget, monitor)
    model = LearnedModel.load(weights)
    with monitor.waiting():
        episodes = simulators.episodes()
    report, decision = judge.judge(model, episodes, step=step, elapsed_s=elapsed_s)
    assert report.retrieval is not None
    learner.measured(
        vl=report.retrieval.recall("V->L/R@10"), la=report.retrieval.recall("L->A/R@10")
    )
    learner.memory.attend_to(
        {judge.table.index(t.task_id): t.rates["success_at_end"].value for t in report.tasks}
    )
    if decision.is_best:
        health = health_of(
            model,
            judge.embedded,
            report.retrieval,
            judge.gallery,
            judge.table,
            step=step,
            temperatures=model.temperatures,
            batch=batch_size(learner.memory, run.learner.trainer, learner.trainer.crew.size),
        )
        folder.write_text(f"{name}/{health_report.FILE}", health_report.to_json(health))
    folder.append(REPORTS, {"checkpoint": name, "report": to_json(report)})
    write_decisions(folder, judge)
    save(folder, learner, judge, budget)
    monitor.judged(report, decision, learner.trainer.curriculum)


def _first_harvest(run: AlignRun, simulators: AskedSimulators, monitor: Monitor) -> Given:
    """What is learnt from before the learner acts: the experts' first episodes."""
    monitor.waits_for("simulators start, experts show the tasks")
    simulators.ask_collect(None, expert_share=1.0, n_rows=run.warm_up_rows)
    harvest = simulators.harvest()
    monitor.harvested(harvest)
    return GivenRows(harvest.steps, harvest.segments, harvest.strips)


def _gallery(
    run: AlignRun,
    folder: RunFolder,
    simulators: AskedSimulators,
    learner: Learner,
    budget: Budget,
    monitor: Monitor,
    *,
    learns: bool,
) -> Rows:
    """The held-out gallery; the learner uses the wait, unless it goes on from a later point."""
    simulators.ask_gallery(gallery_plan(run.task_ids, run.gallery_per_task))
    monitor.waits_for("experts fill the held-out gallery")
    if learns:
        _learn(run.updates_per_evaluation, folder, learner, budget, monitor)
    return simulators.rows()


UPDATES_PER_ROW = 25
"""Updates whose mean losses are one line of the history."""


def _learn(
    n_updates: int, folder: RunFolder, learner: Learner, budget: Budget, monitor: Monitor
) -> None:
    """So many updates, or as many as the budget still has."""
    end = budget.n_spent + n_updates
    while n := min(UPDATES_PER_ROW, end - budget.n_spent, budget.left):
        try:
            losses = learner.learn(
                n, spent=budget.n_spent, budget=budget.n_steps, on_update=monitor.on_update
            )
        except LossNotFinite as error:
            raise written_down(error, folder, learner) from error
        for seen in gradient_rows(losses, n_before=budget.n_spent):
            folder.append(GRADIENTS, seen)
        budget.spend(n)
        row = monitor.learnt(losses, budget, learner.trainer.curriculum.stage)
        folder.append(LOSSES, row)
