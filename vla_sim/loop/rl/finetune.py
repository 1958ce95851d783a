"""Finetune: reinforcement learning that begins where alignment ends, on one task or several.

A round is: act in all slots, improve, judge where it is time, log, save. What is saved is whole at
any moment, so that an interrupt costs the round that it hits and no more; a run that goes on is the
run that it would have been.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from vla_sim.envs.task_names import short_name
from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.comparison import Contrast
from vla_sim.loop.budget import Budget
from vla_sim.loop.progress import WRAPPED, ProgressLines
from vla_sim.loop.rl.ppo_learner import PpoLearner
from vla_sim.loop.rl.rl_judge import RlJudge
from vla_sim.loop.rl.rl_learner import WINDOW, RlLearner
from vla_sim.loop.rl.rl_measuring import comparison, measured_after, measured_before
from vla_sim.loop.rl.rl_policy import INDEX, RlPolicy, read_rl_policy, save_rl_policy
from vla_sim.loop.rl.rl_run import LATEST, Algorithm, FinetuneRun, begun, own_encoder
from vla_sim.loop.rl.rl_watch import watched
from vla_sim.loop.rl.sac_learner import SacLearner
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.tracking.reports import numbers_of
from vla_sim.loop.tracking.tracker import Tracker, numbers_in, tracking
from vla_sim.records.reports import EvalReport

CURVE = "curve.jsonl"
LEARNERS: Mapping[Algorithm, type[PpoLearner] | type[SacLearner]] = {
    "ppo": PpoLearner,
    "sac": SacLearner,
}
GOOD_ENOUGH = 0.97
"""A start of this success leaves little to win."""


@dataclass(frozen=True, kw_only=True)
class Finetuned:
    """What came of a finetuning.

    Attributes:
        folder: The run folder; `bench --policy` takes it.
        n_env_steps: Control steps of training, all slots together.
        elapsed_s: Time of training.
        steps_to_80: Control steps after which 80 % of the last 100 training episodes had
            succeeded; None if that never was.
        report: The benchmark of what is kept, or None if none was asked for.
        gain: It against the aligned policy (from scratch: against the network as it was drawn), on
            the same scenes; None where that was not measured, or on too few of them.
        by_task: The same for each task, where there are several.
    """

    folder: RunFolder
    n_env_steps: int
    elapsed_s: float
    steps_to_80: int | None
    report: EvalReport | None
    gain: Contrast | None
    by_task: tuple[Contrast, ...] = ()


def finetune(run: FinetuneRun, console: Console) -> Finetuned:
    """Train until the budget is spent or the held-out scenes say stop, then measure.

    Raises:
        RunFolderError: If the run folder cannot be written, or belongs to another run.
        DamagedFile: If the encoder, or the run to resume, is missing or damaged.
        BadConfig: If the encoder knows nothing of the tasks' robot.
        UnknownName: If a task has no reward term or violation that the settings name.
    """
    torch.set_num_threads(1)
    with begun(run) as folder, tracking(run.track, run.out, project="vla-sim-finetune") as tracker:
        return _train_and_measure(run, folder, console, tracker)


def _train_and_measure(
    run: FinetuneRun, folder: RunFolder, console: Console, tracker: Tracker
) -> Finetuned:
    budget = Budget(run.max_env_steps, max_seconds=run.max_seconds)
    learner = LEARNERS[run.algorithm](run, own_encoder(run, folder), budget)
    learner.env.check()
    if run.episodes:
        before = measured_before(run, folder, console).report
        _say_start(before, run, console)
    judge = RlJudge(run, folder)
    _go_on(folder, learner, judge)
    budget.begin()  # what was measured before took none of it
    _train(run, folder, learner, judge, tracker, console)
    if budget.cut:
        console.print(budget.cut, highlight=False)
    report, gained = None, None
    if run.episodes:
        report = measured_after(run, folder, console).report
        gained = comparison(folder)
        tracker.log(numbers_of(report, under="bench"), budget.n_spent)
    return Finetuned(
        folder=folder,
        n_env_steps=budget.n_spent,
        elapsed_s=budget.elapsed_s,
        steps_to_80=steps_to(folder, 0.8),
        report=report,
        gain=gained.overall[0] if gained else None,
        by_task=gained.by_task if gained and len(run.task_ids) > 1 else (),
    )


def _train(
    run: FinetuneRun,
    folder: RunFolder,
    learner: RlLearner,
    judge: RlJudge,
    tracker: Tracker,
    console: Console,
) -> None:
    """The loop: a round after the other until the budget is spent or the judge says stop."""
    budget, every = learner.budget, run.rounds_per_evaluation
    if every and not judge.history:
        _judge(folder, learner, judge)
    with _progress(console, run, budget) as show:
        while budget.left >= run.round_env_steps and not judge.says_stop:
            learner.improve()
            n_rounds = budget.n_spent // run.round_env_steps
            is_last = budget.n_steps - budget.n_spent < run.round_env_steps
            judged = bool(every) and (is_last or n_rounds % every == 0)
            if judged:
                _judge(folder, learner, judge)
            elif not every:
                _keep(folder, learner)
            row = {
                "env_steps": budget.n_spent,
                "elapsed_s": round(budget.elapsed_s, 2),
                **learner.numbers,
                **judge.numbers(is_new=judged),
            }
            folder.append(CURVE, row)
            tracker.log(numbers_in(row, under="practice"), budget.n_spent)
            _save(folder, learner, judge)
            show(learner, judge)
    if judge.history:
        console.print(judge.decisions[-1].reason, highlight=False, markup=False)
    more = "--max-seconds" if budget.cut else "--max-env-steps"
    if judge.keeps_start:
        more = "--stopping.patience" if judge.says_stop else more
        console.print(
            "the start is kept: on held-out scenes nothing that was learnt was better; --resume "
            f"with a larger {more} goes on",
            highlight=False,
            markup=False,
        )
    if judge.history and (n_left := budget.n_spent - judge.history[-1].step):
        console.print(
            f"what the last {n_left:,} control steps taught was not judged, and is not what is "
            f"kept; --resume with a larger {more} goes on from there",
            highlight=False,
            markup=False,
        )
    windows = {"": WINDOW} if len(run.task_ids) == 1 else learner.env.roster.windows
    for warning in watched(list(folder.rows(CURVE)), windows):
        console.print(warning, style="yellow", highlight=False, markup=False)


def _judge(folder: RunFolder, learner: RlLearner, judge: RlJudge) -> None:
    """Judge the policy as it is now, and keep it if it is the best so far."""
    policy = RlPolicy(learner.form, learner.encoder, learner.actor)
    budget = learner.budget
    decision = judge.judge(policy, step=budget.n_spent, elapsed_s=budget.elapsed_s)
    learner.judged(judge.history[-1])
    if decision.is_best:
        _keep(folder, learner)


def _keep(folder: RunFolder, learner: RlLearner) -> None:
    """Let this be the policy of the run."""
    notes = {"env_steps": learner.budget.n_spent}
    save_rl_policy(folder.path, learner.actor, form=learner.form, notes=notes)


def _save(folder: RunFolder, learner: RlLearner, judge: RlJudge) -> None:
    """All that going on from here needs."""
    learner.save(folder.path / LATEST)
    notes = learner.notes | {"n_reports": len(judge.history)}
    save_rl_policy(folder.path / LATEST, learner.tensors, form=learner.form, notes=notes)


def _go_on(folder: RunFolder, learner: RlLearner, judge: RlJudge) -> None:
    """Put everything back to the last round; what came after it is done again."""
    place = folder.path / LATEST
    saved = read_rl_policy(place) if (place / INDEX).is_file() else None
    judge.go_on(int(saved[2].get("n_reports", 0)) if saved else 0)  # first, since it may refuse
    if saved:
        _, tensors, notes = saved
        learner.go_on(tensors, notes, place)
    n_spent = learner.budget.n_spent
    folder.keep_rows(CURVE, [r for r in folder.rows(CURVE) if r["env_steps"] <= n_spent])


def steps_to(folder: RunFolder, success: float) -> int | None:
    """Control steps after which so many of the last WINDOW training episodes had succeeded."""
    for row in folder.rows(CURVE):
        if row["n_episodes"] >= WINDOW and (row["success"] or 0.0) >= success:
            return int(row["env_steps"])
    return None


def _say_start(before: EvalReport, run: FinetuneRun, console: Console) -> None:
    """Where it begins, and whether there is anything to win."""
    rate = overall_rate(before, run.stopping.success)
    assert rate is not None
    drawn = run.start == "scratch"
    who = "the network with weights drawn anew" if drawn else "the aligned policy"
    said = f"{who} succeeds in {100 * rate.value:.0f} % of {rate.n} unseen scenes"
    if rate.value >= GOOD_ENOUGH:
        said += (
            f": at {100 * GOOD_ENOUGH:.0f} % or above there is little to win on {_practised(run)}"
        )
    console.print(said, highlight=False, markup=False)


def _practised(run: FinetuneRun) -> str:
    """The task by name, or how many they are."""
    n = len(run.task_ids)
    return short_name(run.task_ids[0]) if n == 1 else f"{n} tasks"


def _weakest(judge: RlJudge) -> str:
    """The task that held-out scenes say is weakest, where there are several."""
    if len(judge.by_task) == 1:
        return ""
    task_id, rate = min(judge.by_task.items(), key=lambda each: each[1])
    return f" (least {short_name(task_id)} {100 * rate:.0f} %)"


@contextmanager
def _progress(
    console: Console, run: FinetuneRun, budget: Budget
) -> Iterator[Callable[[RlLearner, RlJudge], None]]:
    """A bar over the budget."""
    with ProgressLines(
        TextColumn(f"[bold]finetune[/] {_practised(run)}"),
        BarColumn(bar_width=10),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}", table_column=WRAPPED),
        console=console,
    ) as progress:
        bar = progress.add_task("", total=budget.n_steps, said="")
        progress.update(bar, completed=budget.n_spent)

        def show(learner: RlLearner, judge: RlJudge) -> None:
            of_practice = learner.numbers["success"]
            often = "unknown" if of_practice is None else f"{100 * of_practice:.0f} %"
            said = [f"{budget.n_spent:,} env steps, success {often}"]
            if judge.history:
                said.append(f"held out {100 * judge.success:.0f} %{_weakest(judge)}")
            for name in run.bounds.most:
                # Of several tasks the one in which it happens most.
                bounds = max(learner.env.bounds, key=lambda each: np.nan_to_num(each.shares[name]))
                share, price = bounds.shares[name], bounds.price[name]
                often = "unknown" if math.isnan(share) else f"{100 * share:.0f} %"
                said.append(f"{name} {often} with noise (price {price:.2f})")
            progress.update(bar, completed=budget.n_spent, said=", ".join(said))

        yield show
