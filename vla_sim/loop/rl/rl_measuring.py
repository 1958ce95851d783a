"""Before and after: the aligned policy and what became of it, on the same unseen scenes.

Both are benchmark results in the run folder, which `vla-sim compare` and `vla-sim report` take.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from vla_sim.envs.suites import names_of
from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.eval.comparison import Comparison, compare
from vla_sim.loop.benching.bench import VERB, bench_into
from vla_sim.loop.benching.bench_run import MAY_CHANGE, BenchRun
from vla_sim.loop.benching.provenance import DIGEST, require_as_begun
from vla_sim.loop.benching.result import Result, is_result, read_result
from vla_sim.loop.opening import refuse_place
from vla_sim.loop.rl.rl_policy import ENCODER
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import AFTER, BEFORE, BEGUN, RunFolder

ALPHA = 0.05


def measured_before(run: FinetuneRun, folder: RunFolder, console: Console) -> Result:
    """The benchmark of the policy that the encoder is by itself."""
    return _measured(run, folder.path / BEFORE, folder.path / ENCODER, console)


def measured_after(run: FinetuneRun, folder: RunFolder, console: Console) -> Result:
    """The benchmark of the policy that is kept, under the true instruction."""
    return _measured(run, folder.path / AFTER, folder.path, console)


def comparison(folder: RunFolder) -> Comparison | None:
    """After against before, pair by pair; None where there are too few episodes to tell."""
    results = {name: read_result(folder.path / name).rows for name in (AFTER, BEFORE)}
    try:
        return compare(results, alpha=ALPHA)
    except BadConfig:
        return None


def _measured(run: FinetuneRun, out: Path, policy: Path, console: Console) -> Result:
    """What lies there, where it is of these episodes and of this policy; else measured anew.

    A finetuning may go on in another place, to more episodes of its benchmark, or to a better
    policy; a benchmark refuses all three.
    """
    asked = BenchRun(
        policy=str(policy),
        tasks=names_of(run.task_ids, run.tasks),
        episodes=run.episodes,
        arms=("correct",),
        gallery=0,
        n_processes=run.n_processes,
        out=out,
        crank=run.crank,
    )
    if is_result(out) and not (out / BEGUN).exists():
        held = read_result(out)
        is_alike = held.protocol.stamp == asked.measurement.protocol.stamp
        if is_alike and held.card.get(DIGEST) == asked.card().get(DIGEST):
            return held
    elif _goes_on(asked, out):
        return bench_into(replace(asked, resume=True), out, console)
    if out.exists():
        shutil.rmtree(out)
    return bench_into(asked, out, console)


def _goes_on(asked: BenchRun, out: Path) -> bool:
    """Whether a measurement was begun there as it is asked for now, and not finished."""
    try:
        refuse_place(out, asked, verb=VERB, resume=True, may=MAY_CHANGE)
        require_as_begun(out, asked.card())
    except RunFolderError:
        return False
    return True
