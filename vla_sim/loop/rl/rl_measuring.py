"""Before and after: the aligned policy and what became of it, on the same unseen scenes.

Both are benchmark results in the run folder, which `vla-sim compare` and `vla-sim report` take.
"""

import shutil
from pathlib import Path

from rich.console import Console

from vla_sim.envs.suites import names_of
from vla_sim.errors import BadConfig
from vla_sim.eval.comparison import Comparison, compare
from vla_sim.loop.benching.bench import bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import Result, read_result
from vla_sim.loop.rl.rl_policy import ENCODER
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import AFTER, BEFORE, RunFolder

ALPHA = 0.05


def measured_before(run: FinetuneRun, folder: RunFolder, console: Console) -> Result:
    """The benchmark of the policy that the encoder is by itself."""
    return _measured(run, folder.path / BEFORE, folder.path / ENCODER, console)


def measured_after(run: FinetuneRun, folder: RunFolder, console: Console, *, anew: bool) -> Result:
    """The benchmark of the policy that is kept, under the true instruction.

    Args:
        run: What was trained.
        folder: Where.
        console: Shows how far it is.
        anew: Something was learnt since it may have been measured.
    """
    if anew:
        shutil.rmtree(folder.path / AFTER, ignore_errors=True)
    return _measured(run, folder.path / AFTER, folder.path, console)


def comparison(folder: RunFolder) -> Comparison | None:
    """After against before, pair by pair; None where there are too few episodes to tell."""
    results = {name: read_result(folder.path / name).rows for name in (AFTER, BEFORE)}
    try:
        return compare(results, alpha=ALPHA)
    except BadConfig:
        return None


def _measured(run: FinetuneRun, out: Path, policy: Path, console: Console) -> Result:
    asked = BenchRun(
        policy=str(policy),
        tasks=names_of(run.task_ids, run.tasks),
        episodes=run.episodes,
        arms=("correct",),
        gallery=0,
        n_processes=run.n_processes,
        out=out,
        resume=out.exists(),
        crank=run.crank,
    )
    return bench_into(asked, out, console)
