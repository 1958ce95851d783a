"""Resuming: learner, judge, budget and logs as they were at the run's last save."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote

from vla_sim.align.checkpoint import INDEX
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.errors import LossNotFinite
from vla_sim.eval.protocol import require_goes_on
from vla_sim.eval.report_file import from_json
from vla_sim.eval.stopping import decisions
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.gradients import GRADIENTS
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.kept_memory import TRAINER
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.budget import Budget
from vla_sim.loop.run_folder import BEGUN, BEST, RunFolder

LATEST = "latest"
LOSSES = "losses.jsonl"
REPORTS = "reports.jsonl"
DECISIONS = "decisions.json"
SILENT = "silent.json"
"""What the run says at its end of terms that taught nothing."""
NOT_FINITE = "not_finite"
"""Batches whose loss was no number."""


def save(folder: RunFolder, learner: Learner, judge: Judge, budget: Budget) -> None:
    """All that going on from here needs."""
    notes = {"budget": budget.state(), "n_reports": len(judge.history)}
    learner.save(folder.path / LATEST, notes)


def is_saved(folder: RunFolder) -> bool:
    """There is something to go on with."""
    return trainer_saved(folder) is not None


def trainer_saved(folder: RunFolder) -> Path | None:
    """The checkpoint of the trainer to go on from; None where there is none yet."""
    place = folder.path / LATEST / TRAINER
    # The index comes last: tensors alone are of a save that was cut short.
    return place if (place / INDEX).is_file() else None


def nothing_left(folder: RunFolder, run: AlignRun) -> str | None:
    """Why going on with a run would change nothing; None where there is something to do.

    Args:
        folder: Of the run.
        run: Its settings, with those that say otherwise than before how long it lasts.
    """
    rows = list(folder.rows(REPORTS))
    if not rows or not is_saved(folder):
        return None
    if len(folder.read_json(DECISIONS)) != len(rows):
        return None  # ended between the two: the last evaluation is done again
    reports = [from_json(row["report"]) for row in rows]
    step, newest = reports[-1].step, decisions(reports, run.stopping)[-1]
    if newest.stop:
        aimless = replace(run.stopping, target_success=None)
        is_tired = decisions(reports, aimless)[-1].stop
        more = "--stopping.patience" if is_tired else "--stopping.target-success"
        return (
            f"the run had stopped at update {step:,}: {newest.reason}; a larger {more} goes on, as "
            "far as --max-updates has any left"
        )
    if step >= run.max_updates:
        return f"all {step:,} updates are done; a larger --max-updates goes on"
    return None


def goes_on_exactly(out: Path, run: AlignRun) -> bool:
    """Whether there is a run that would come to what it comes to where nobody cuts it.

    Where one goes on, its simulators begin their scenes anew: so one from a dataset does, and one
    that was at its end. Measurements that are known by the settings of a run begin others again.

    Args:
        out: Its folder.
        run: Its settings.
    """
    return (out / BEGUN).is_file() and (run.data is not None or (out / SILENT).is_file())


def drop(out: Path) -> None:
    """Delete half a run that nobody is at, so that it is made from its beginning.

    Raises:
        FolderInUse: If another process writes it.
    """
    with FolderLock.take(out, purpose="beginning a run again"):
        shutil.rmtree(out, ignore_errors=True)


def begin_again(folder: RunFolder) -> None:
    """Clear the logs of a run that was killed before its first `save`: all of it is done again."""
    for name in (LOSSES, GRADIENTS, REPORTS):
        folder.keep_rows(name, [])


def put_back(folder: RunFolder, learner: Learner, judge: Judge, budget: Budget) -> None:
    """Put everything back to the last `save`; what came after it is done again.

    Raises:
        DamagedFile: If a part of what was saved is missing or damaged.
        ProtocolMismatch: If its reports were measured otherwise than here, as on another engine.
    """
    notes = learner.load(folder.path / LATEST)
    budget.load_state(notes["budget"])
    rows = list(folder.rows(REPORTS))[: notes["n_reports"]]
    judge.history = [from_json(row["report"]) for row in rows]
    require_goes_on(judge.protocol, judge.history)
    judge.decisions = list(decisions(judge.history, judge.stopping))
    folder.keep_rows(REPORTS, rows)
    for name in (LOSSES, GRADIENTS):
        folder.keep_rows(name, [row for row in folder.rows(name) if row["step"] <= budget.n_spent])
    write_decisions(folder, judge)


def written_down(error: LossNotFinite, folder: RunFolder, learner: Learner) -> LossNotFinite:
    """An error with what a user needs to go on: the batch that made it, on disk, and from where."""
    said = f"{error} at update {learner.trainer.n_steps + 1}"
    if learner.drawn is not None:
        place = folder.path / NOT_FINITE / f"update_{learner.trainer.n_steps + 1:06d}.safetensors"
        learner.drawn.save(place)
        spoilt = ", ".join(learner.drawn.spoilt) or "none of its columns"
        said += f"; its batch is in {place}, where {spoilt} hold what is no number"
    since = "from its last evaluation" if is_saved(folder) else "from its beginning"
    return LossNotFinite(
        f"{said}; mend the cause, then --resume --out {quote(str(folder.path))} goes on {since}"
    )


def write_decisions(folder: RunFolder, judge: Judge) -> None:
    """All decisions so far, and the checkpoint that is the best by them."""
    folder.write_json(DECISIONS, [asdict(decision) for decision in judge.decisions])
    best = [k for k, decision in enumerate(judge.decisions) if decision.is_best]
    if best:
        name = checkpoint_at(judge.history[best[-1]].step)
        reason = judge.decisions[best[-1]].reason
        folder.write_json(BEST, {"checkpoint": name, "reason": reason})


def checkpoint_at(step: int) -> str:
    """The name of the checkpoint of so many updates."""
    return f"checkpoints/step_{step:06d}"
