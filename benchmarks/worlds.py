"""The claims about the worlds: tasks, experts, manners, language, engines."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.language import ambiguous, distinct
from benchmarks.row import Row, percent
from benchmarks.runs import Asked, Summed, run_many
from vla_sim.envs.suites import CORE
from vla_sim.eval.statistics import wilson
from vla_sim.loop.benching.gap import GapRun, gap
from vla_sim.records.manner import Manner

ORDER: tuple[Manner, ...] = ("slowly", "normal", "quickly")
N_SEEDS = 300
N_ORDERED = 50
N_SHIFTED = 100
PHYSICAL_AXES = ("layout", "start", "distractors", "dynamics")
"""Axes that change what an expert meets, at the severity at which it must still do well:"""
SEVERITY = 2
N_SCENES = 100_000
DRIFT_STEPS = (50, 100, 200)


def experts() -> Iterator[Row]:
    """300 fixed seeds of every core task: success, manner, violations."""
    for summed in run_many(Asked(task_id=task_id, n=N_SEEDS) for task_id in CORE):
        yield from _expert_rows(summed)


def _expert_rows(summed: Summed) -> Iterator[Row]:
    task_id = summed.asked.task_id
    success = wilson(sum(summed.success), len(summed.success))
    kept = wilson(sum(summed.manner_kept), len(summed.manner_kept))
    yield Row(
        name=f"expert on {task_id} (n = {success.n})",
        value=percent(success) + (f", not: {summed.failed_seeds}" if summed.failed_seeds else ""),
        bar=">= 99 %",
        holds=success.value >= 0.99,
    )
    yield Row(
        name=f"expert on {task_id}: manner kept",
        value=percent(kept),
        bar=">= 97 %",
        holds=kept.value >= 0.97,
    )
    yield Row(
        name=f"expert on {task_id}: episodes that violate",
        value=", ".join(f"{name} {count}" for name, count in summed.violated.items()) or "0",
        bar="0",
        holds=not summed.violated,
    )


def controls() -> Iterator[Row]:
    """Zero and random policies."""
    asked = (
        Asked(task_id=task_id, policy=policy, n=N_SEEDS)
        for task_id in CORE
        for policy in ("zero", "random")
    )
    for summed in run_many(asked):
        success = wilson(sum(summed.success), len(summed.success))
        yield Row(
            name=f"{summed.asked.policy} on {summed.asked.task_id} (n = {success.n})",
            value=percent(success),
            bar="<= 2 %",
            holds=success.value <= 0.02,
        )


def order() -> Iterator[Row]:
    """Mean speed under slowly, normal and quickly, seed by seed."""
    asked = [
        Asked(task_id=task_id, n=N_ORDERED, manner=manner) for task_id in CORE for manner in ORDER
    ]
    done = list(run_many(asked))
    for k, task_id in enumerate(CORE):
        slow, normal, quick = (
            np.array(s.mean_speed) for s in done[k * len(ORDER) : (k + 1) * len(ORDER)]
        )
        ordered = (slow < normal) & (normal < quick)
        yield Row(
            name=f"{task_id}: slowly < normal < quickly (n = {len(ordered)} seeds)",
            value=f"{100 * ordered.mean():.0f} % of seeds; means {slow.mean():.2f}, "
            f"{normal.mean():.2f}, {quick.mean():.2f} m/s",
            bar="100 % of seeds",
            holds=bool(ordered.all()),
        )


def axes() -> Iterator[Row]:
    """Experts at severity 2 of the axes that change the physical world."""
    asked = (
        Asked(task_id=task_id, n=N_SHIFTED, axis=axis, severity=SEVERITY)
        for axis in PHYSICAL_AXES
        for task_id in CORE
    )
    for summed in run_many(asked):
        success = wilson(sum(summed.success), len(summed.success))
        yield Row(
            name=f"{summed.asked.axis} {SEVERITY}: expert on {summed.asked.task_id}"
            f" (n = {success.n})",
            value=percent(success),
            bar=">= 97 %",
            holds=success.value >= 0.97,
        )


def language() -> Iterator[Row]:
    """How many instructions there are, and whether any is ambiguous."""
    for name, count in distinct().items():
        yield Row(
            name=f"distinct instructions of the core suite, {name}",
            value=f"{count:,}",
            bar="> 20,000",
            holds=count > 20_000,
        )
    audit = ambiguous(N_SCENES)
    yield Row(
        name=f"instructions that are ambiguous or leak, {audit.n_scenes:,} scenes of all tasks",
        value=f"{audit.faults} of {audit.n_said:,}",
        bar="0",
        holds=audit.faults == 0 and audit.n_scenes >= N_SCENES,
    )


def engines() -> Iterator[Row]:
    """The gap between the two engines."""
    measured = gap(GapRun(), Console(stderr=True))
    first, second = measured.engines
    for task in measured.tasks:
        difference = task.difference
        drift = ", ".join(
            f"{d.step}: {d.median_m:.1e} ({d.p95_m:.1e})"
            for d in task.drift
            if d.step in DRIFT_STEPS
        )
        yield Row(
            name=f"{second} minus {first} on {task.task_id}, success (n = {measured.n_episodes})",
            value=f"{100 * difference.value:+.0f} points"
            f" [{100 * difference.low:+.0f}, {100 * difference.high:+.0f}];"
            f" drift after steps, median (95 %) m: {drift}",
            bar="printed",
            holds=True,
        )


def benchmark() -> Iterator[Row]:
    """How long a full core benchmark of a policy that sees the state takes."""
    command = str(Path(sys.executable).with_name("vla-sim"))
    asked = ["bench", "core", "--policy", "expert", "--episodes", "50", "--arms", "correct"]
    began = time.monotonic()
    subprocess.run([command, *asked], check=True, capture_output=True)
    minutes = (time.monotonic() - began) / 60
    yield Row(
        name=f"core benchmark, expert, 50 episodes x {len(CORE)} tasks, 2 cores",
        value=f"{minutes:.1f} min",
        bar="<= 3 min",
        holds=minutes <= 3.0,
    )
