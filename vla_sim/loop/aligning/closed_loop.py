"""The closed loop: simulators teach, the trainer aligns, the simulators judge, one score decides.

Collection and evaluation run in a process of their own while the trainer trains. A round is: ask
the simulators, train, take in what they bring. In most rounds they bring triples; every few rounds
they bring episodes of the model as it was at the round's start, and the joint score of simulation
and retrieval says whether that model is the best so far and whether to stop.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.suites import SPINE, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.eval.run_card import run_card
from vla_sim.eval.stopping import StoppingConfig, decisions
from vla_sim.loop.aligning.budget import Budget
from vla_sim.loop.aligning.dataset import dataset_rows
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.learner import Learner, LearnerConfig
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.evaluation import GALLERY_SEEDS_FROM, bodies, gallery_plan, make_protocol, planned
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.loop.simulating.worker import SimulatorProcess
from vla_sim.ranges import MAX_SEED, above, some, whole, within
from vla_sim.records.triple import Rows

ONLINE_SEEDS_FROM = 100_000
"""Held-out scenes that the evaluations during training run on; the final benchmark has others."""


@dataclass(frozen=True, kw_only=True)
class AlignRun:
    """One alignment run."""

    out: Path = Path("runs/align")
    """Run folder."""
    resume: bool = False
    """Go on with the run in OUT from its last evaluation."""
    seed: int = 0
    """Seed of weights, batches and training scenes."""
    tasks: tuple[str, ...] = tuple(short_name(t) for t in SPINE)
    """Tasks and suites by name; `vla-sim list tasks` shows them."""
    data: Path | None = None
    """Train from this dataset instead of from the running simulators."""
    max_seconds: float | None = 280.0
    """Budget of training time; the learning rate falls with it."""
    max_updates: int | None = None
    """Budget in updates instead: the run is then the same on every machine."""
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
    online_episodes: int = 16
    """Episodes per task in an evaluation during training."""
    gallery_per_task: int = 66
    """Held-out episodes per task in the retrieval gallery."""
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    simulators: StationConfig = field(default_factory=StationConfig)
    stopping: StoppingConfig = field(default_factory=StoppingConfig)

    def __post_init__(self) -> None:
        some(tasks=self.task_ids)
        whole(0, MAX_SEED, seed=self.seed)
        whole(
            1,
            updates_per_round=self.updates_per_round,
            updates_per_evaluation=self.updates_per_evaluation,
            warm_up_rows=self.warm_up_rows,
            rows_per_round=self.rows_per_round,
            rounds_per_evaluation=self.rounds_per_evaluation,
            max_updates=self.max_updates,
        )
        above(0, max_seconds=self.max_seconds)
        whole(1, GALLERY_SEEDS_FROM - ONLINE_SEEDS_FROM, online_episodes=self.online_episodes)
        whole(2, TRAIN_SEEDS_FROM - GALLERY_SEEDS_FROM, gallery_per_task=self.gallery_per_task)
        within(0, 1, last_expert_share=self.last_expert_share)
        if (self.max_seconds is None) == (self.max_updates is None):
            raise BadConfig("give a budget: either max_seconds or max_updates, and not both")

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Gymnasium ids of the tasks, each once."""
        return tasks_of(self.tasks)


def align(run: AlignRun, monitor: Monitor) -> RunFolder:
    """Train until the budget is spent or the joint score says stop.

    Args:
        run: What to do.
        monitor: Shows progress.

    Returns:
        The run folder; its `best.json` names the checkpoint that was kept.
    """
    torch.set_num_threads(
        1
    )  # the simulators have the other core; two threads collapse on busy ones
    tasks, crank = run.task_ids, run.simulators.crank
    protocol = make_protocol(
        "online",
        tasks=tasks,
        first_seed=ONLINE_SEEDS_FROM,
        n_episodes=run.online_episodes,
        crank=crank,
    )
    if run.resume:
        folder = RunFolder.open(run.out)
    else:
        card = run_card(protocol=protocol, seed=run.seed)
        folder = RunFolder.create(run.out, as_json(run), card)
    monitor.say(f"run folder {folder.path}")

    with SimulatorProcess(SimulatorsConfig(task_ids=tasks, stations=run.simulators)) as simulators:
        first = _first_rows(run, simulators, monitor)
        learner = Learner(
            run.learner, image_size=crank.image_size, seed=run.seed, first_steps=first[0]
        )
        learner.remember(*first)
        budget = Budget(max_seconds=run.max_seconds, max_updates=run.max_updates)
        judge = Judge(
            protocol=protocol,
            bodies=bodies(tasks),
            stopping=run.stopping,
            gallery=_gallery(run, folder, simulators, learner, budget, monitor),
        )
        if run.resume:
            _resume(folder, learner, judge, budget)
        n_round = 0
        while not budget.spent and not (judge.decisions and judge.decisions[-1].stop):
            n_round += 1
            learner.trainer.set_progress(budget.fraction)
            if n_round % run.rounds_per_evaluation == 0 or budget.ends_within_a_round:
                _evaluation_round(run, folder, simulators, learner, judge, budget, monitor)
            else:
                _collection_round(run, folder, simulators, learner, budget, monitor)
        monitor.say(judge.decisions[-1].reason if judge.decisions else "no evaluation took place")
    return folder


def _collection_round(
    run: AlignRun,
    folder: RunFolder,
    simulators: SimulatorProcess,
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
        learner.remember(harvest.steps, harvest.segments)
        monitor.harvested(harvest)


def _evaluation_round(
    run: AlignRun,
    folder: RunFolder,
    simulators: SimulatorProcess,
    learner: Learner,
    judge: Judge,
    budget: Budget,
    monitor: Monitor,
) -> None:
    step, elapsed_s = budget.n_updates, budget.elapsed_s
    name = f"checkpoints/step_{step:06d}"
    weights = learner.save_model(folder.path / name)
    simulators.ask_evaluate(str(weights), planned(judge.protocol))
    if not budget.ends_within_a_round:
        _learn(run.updates_per_evaluation, folder, learner, budget, monitor)
    else:
        budget.finish()
    model = LearnedModel.load(weights)
    with monitor.waiting():
        episodes = simulators.episodes()
    report, decision = judge.judge(model, episodes, step=step, elapsed_s=elapsed_s)
    assert report.retrieval is not None
    learner.trainer.measured(
        vl_recall=report.retrieval.values["V->L/R@10"],
        la_recall=report.retrieval.values["L->A/R@10"],
    )
    learner.memory.attend_to(
        {TASK_IDS.index(t.task_id): t.rates["success_at_end"].value for t in report.tasks}
    )
    folder.append("reports.jsonl", {"checkpoint": name, "report": to_json(report)})
    folder.write_json("decisions.json", [asdict(d) for d in judge.decisions])
    if decision.is_best:
        folder.write_json("best.json", {"checkpoint": name, "reason": decision.reason})
    learner.save(folder.path / "latest", {"budget": budget.state()})
    monitor.judged(report, decision, learner.trainer.curriculum)


def _first_rows(
    run: AlignRun, simulators: SimulatorProcess, monitor: Monitor
) -> tuple[Rows, Rows | None]:
    """What is learnt from before the learner acts: a dataset, or the experts' first episodes."""
    if run.data is not None:
        return dataset_rows(run.data)
    monitor.waits_for("simulators start, experts show the tasks")
    simulators.ask_collect(None, expert_share=1.0, n_rows=run.warm_up_rows)
    harvest = simulators.harvest()
    monitor.harvested(harvest)
    return harvest.steps, harvest.segments


def _gallery(
    run: AlignRun,
    folder: RunFolder,
    simulators: SimulatorProcess,
    learner: Learner,
    budget: Budget,
    monitor: Monitor,
) -> Rows:
    """The held-out gallery; the learner uses the wait, unless it goes on from a later point."""
    simulators.ask_gallery(gallery_plan(run.task_ids, run.gallery_per_task))
    monitor.waits_for("experts fill the held-out gallery")
    if not run.resume:
        _learn(run.updates_per_evaluation, folder, learner, budget, monitor)
    return simulators.rows()


def _learn(
    n_updates: int, folder: RunFolder, learner: Learner, budget: Budget, monitor: Monitor
) -> None:
    losses = learner.learn(n_updates)
    budget.add(n_updates)
    folder.append("losses.jsonl", monitor.learnt(losses, budget, learner.trainer.curriculum.stage))


def _resume(folder: RunFolder, learner: Learner, judge: Judge, budget: Budget) -> None:
    """Put learner, judge and budget back to the last evaluation."""
    if not (folder.path / "latest" / "trainer").is_dir():
        return  # killed before the first evaluation: begin again
    notes = learner.load(folder.path / "latest")
    budget.load_state(notes["budget"])
    # What came after the last save is done again, so it is not kept twice.
    kept = [
        row
        for row in folder.rows("reports.jsonl")
        if from_json(row["report"]).step < budget.n_updates
    ]
    folder.keep_rows("reports.jsonl", kept)
    judge.history = [from_json(row["report"]) for row in kept]
    judge.decisions = list(decisions(judge.history, judge.stopping)) if kept else []
    folder.keep_rows(
        "losses.jsonl",
        [row for row in folder.rows("losses.jsonl") if row["step"] <= budget.n_updates],
    )


def as_json(run: AlignRun) -> dict[str, object]:
    """The whole configuration, paths as text."""
    return {
        key: str(value) if isinstance(value, Path) else value for key, value in asdict(run).items()
    }
