"""Finetune: PPO on top of the aligned encoder, on one task, from pictures and words.

A round is: act in all slots, improve, log, save. What is saved is whole at any moment, so that an
interrupt costs the round that it hits and no more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from stable_baselines3 import PPO
from stable_baselines3.common.utils import set_random_seed

from vla_sim.agents.rl_pictures import PictureObserver
from vla_sim.agents.rl_ppo import load_tensors, tensors_of
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.align.checkpoint import Checkpoint
from vla_sim.envs.crank import Crank
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.errors import DamagedFile
from vla_sim.loop.benching.bench import BenchRun, bench
from vla_sim.loop.budget import Budget
from vla_sim.loop.model_bodies import body_of_task
from vla_sim.loop.rl.rl_features import FrozenFeatures, LearntFeatures
from vla_sim.loop.rl.rl_policy import INDEX, read_rl_policy, save_rl_policy
from vla_sim.loop.rl.rl_run import FinetuneRun, begun, own_encoder
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.tracking.reports import numbers_of
from vla_sim.loop.tracking.tracker import Tracker, numbers_in, tracking
from vla_sim.records.reports import EvalReport

CURVE = "curve.jsonl"
WINDOW = 100
"""Episodes over which the success of training is taken."""
LAST_RATE = 0.1


@dataclass(frozen=True, kw_only=True)
class Finetuned:
    """What came of a finetuning.

    Attributes:
        folder: The run folder; `bench --policy` takes it.
        n_env_steps: Control steps of training, all slots together.
        elapsed_s: Time of training.
        steps_to_80: Control steps after which 80 % of the last 100 training episodes had
            succeeded; None if that never was.
        report: The benchmark, or None if none was asked for.
    """

    folder: RunFolder
    n_env_steps: int
    elapsed_s: float
    steps_to_80: int | None
    report: EvalReport | None


def finetune(run: FinetuneRun, console: Console) -> Finetuned:
    """Train until the budget is spent or the target is met, then measure.

    Raises:
        RunFolderError: If the run folder cannot be written, or belongs to another run.
        DamagedFile: If the encoder, or the run to resume, is missing or damaged.
    """
    torch.set_num_threads(1)
    with begun(run) as folder, tracking(run.track, run.out, project="vla-sim-finetune") as tracker:
        return _train_and_measure(run, folder, console, tracker)


def _train_and_measure(
    run: FinetuneRun, folder: RunFolder, console: Console, tracker: Tracker
) -> Finetuned:
    encoder = own_encoder(run, folder)
    budget = Budget(run.max_env_steps, max_seconds=run.max_seconds)
    env, ppo = _agent(run, encoder, budget)
    if (folder.path / INDEX).is_file():
        _go_on(folder, env, ppo, budget)
    folder.keep_rows(CURVE, [r for r in folder.rows(CURVE) if r["env_steps"] <= budget.n_spent])
    with _progress(console, run, budget) as show:
        while budget.left >= run.round_env_steps and _success(ppo) < run.target_success:
            ppo.learn(run.ppo.n_steps * run.n_slots, reset_num_timesteps=False)
            budget.spend(run.round_env_steps)
            row = _row(env, ppo, budget)
            folder.append(CURVE, row)
            tracker.log(numbers_in(row, under="practice"), budget.n_spent)
            _save(run, folder, env, ppo, budget)
            show(_success(ppo))
    if budget.cut:
        console.print(budget.cut, highlight=False)
    report = _measure(run, folder, console) if run.episodes else None
    if report is not None:
        tracker.log(numbers_of(report, under="bench"), budget.n_spent)
    return Finetuned(
        folder=folder,
        n_env_steps=budget.n_spent,
        elapsed_s=budget.elapsed_s,
        steps_to_80=steps_to(folder, 0.8),
        report=report,
    )


def _agent(run: FinetuneRun, encoder: Checkpoint, budget: Budget) -> tuple[SlotVecEnv, PPO]:
    """The batch and PPO over it, as they are before the first round."""

    def rate() -> float:
        return run.ppo.learning_rate * (1.0 - (1.0 - LAST_RATE) * budget.fraction)

    crank = Crank(run.task_id, run.n_slots, run.crank)
    body = body_of_task(run.task_id, TaskTable(own=encoder.own_tasks), encoder.task_body)
    if run.scratch:
        env = SlotVecEnv(crank, PictureObserver(), run.slots, block=run.seed)
        sight = (LearntFeatures, {"model": encoder.model, "body": body, "kind": run.features})
        return env, run.ppo.build(env, rate=rate, seed=run.seed, sight=sight)
    eyes = FrozenFeatures(encoder.model, body, run.features)
    env = SlotVecEnv(crank, eyes, run.slots, block=run.seed)
    return env, run.ppo.build(env, rate=rate, seed=run.seed)


def _success(ppo: PPO) -> float:
    """Share of the last WINDOW training episodes that succeeded; 0 before there are as many."""
    recent = ppo.ep_success_buffer
    return float(np.mean(recent)) if recent is not None and len(recent) == WINDOW else 0.0


def _row(env: SlotVecEnv, ppo: PPO, budget: Budget) -> dict[str, Any]:
    """A line of the learning curve."""
    recent, told = ppo.ep_success_buffer or (), ppo.ep_info_buffer or ()
    return {
        "env_steps": budget.n_spent,
        "elapsed_s": round(budget.elapsed_s, 2),
        "n_episodes": env.n_ended,
        "success": float(np.mean(recent)) if recent else None,
        "return": float(np.mean([row["r"] for row in told])) if told else None,
        "action_std": float(torch.exp(ppo.policy.log_std).mean().item()),
    }


def _save(run: FinetuneRun, folder: RunFolder, env: SlotVecEnv, ppo: PPO, budget: Budget) -> None:
    notes = {
        "budget": budget.state(),
        "n_begun": env.n_begun,
        "n_ended": env.n_ended,
        "success": [bool(s) for s in ppo.ep_success_buffer or ()],
        "episodes": [dict(row) for row in ppo.ep_info_buffer or ()],
    }
    save_rl_policy(
        folder.path,
        tensors_of(ppo),
        task_id=run.task_id,
        action_repeat=run.slots.action_repeat,
        features=run.features,
        notes=notes,
    )


def _go_on(folder: RunFolder, env: SlotVecEnv, ppo: PPO, budget: Budget) -> None:
    """Put everything back to the last round; episodes that were in flight are left behind."""
    index, tensors = read_rl_policy(folder.path)
    load_tensors(ppo, tensors)
    try:
        notes = index["notes"]
        budget.load_state(notes["budget"])
        env.n_begun, env.n_ended = int(notes["n_begun"]), int(notes["n_ended"])
        successes, episodes = list(notes["success"]), list(notes["episodes"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(
            f"{folder.path / INDEX} lacks or garbles {error}, so that training cannot go on; "
            "finetune into another --out"
        ) from error
    # A fresh stream: the old one would repeat the noise of the first rounds.
    set_random_seed(env.block + env.n_begun)
    ppo.learn(0, reset_num_timesteps=False)  # makes the buffers
    assert ppo.ep_success_buffer is not None and ppo.ep_info_buffer is not None
    ppo.ep_success_buffer.extend(successes)
    ppo.ep_info_buffer.extend(episodes)


def steps_to(folder: RunFolder, success: float) -> int | None:
    """Control steps after which so many of the last WINDOW training episodes had succeeded."""
    for row in folder.rows(CURVE):
        if row["n_episodes"] >= WINDOW and (row["success"] or 0.0) >= success:
            return int(row["env_steps"])
    return None


def _measure(run: FinetuneRun, folder: RunFolder, console: Console) -> EvalReport:
    """The benchmark of the policy as saved, under the true instruction."""
    return bench(
        BenchRun(
            policy=str(folder.path),
            tasks=(short_name(run.task_id),),
            episodes=run.episodes,
            arms=("correct",),
            gallery=0,
            n_processes=run.n_processes,
            out=folder.path / "bench.json",
            crank=run.crank,
        ),
        console,
    )


@contextmanager
def _progress(console: Console, run: FinetuneRun, budget: Budget) -> Iterator[Any]:
    """A bar over the budget."""
    with Progress(
        TextColumn(f"[bold]finetune[/] {short_name(run.task_id)}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} % of the budget"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
        console=console,
    ) as progress:
        bar = progress.add_task("", total=budget.n_steps, said="")
        progress.update(bar, completed=budget.n_spent)

        def show(success: float) -> None:
            said = f"{budget.n_spent:,} env steps, success {100 * success:.0f} %"
            progress.update(bar, completed=budget.n_spent, said=said)

        yield show
