"""Resuming: learner, judge, budget and logs as they were at the run's last save."""

from dataclasses import asdict

from vla_sim.eval.report_file import from_json
from vla_sim.eval.stopping import decisions
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.budget import Budget
from vla_sim.loop.run_folder import BEST, RunFolder

LATEST = "latest"
LOSSES = "losses.jsonl"
REPORTS = "reports.jsonl"
DECISIONS = "decisions.json"


def save(folder: RunFolder, learner: Learner, judge: Judge, budget: Budget) -> None:
    """All that going on from here needs."""
    notes = {"budget": budget.state(), "n_reports": len(judge.history)}
    learner.save(folder.path / LATEST, notes)


def is_saved(folder: RunFolder) -> bool:
    """There is something to go on with."""
    return (folder.path / LATEST / "trainer").is_dir()


def begin_again(folder: RunFolder) -> None:
    """Clear the logs of a run that was killed before its first `save`: all of it is done again."""
    for name in (LOSSES, REPORTS):
        folder.keep_rows(name, [])


def put_back(folder: RunFolder, learner: Learner, judge: Judge, budget: Budget) -> None:
    """Put everything back to the last `save`; what came after it is done again.

    Raises:
        DamagedFile: If a part of what was saved is missing or damaged.
    """
    notes = learner.load(folder.path / LATEST)
    budget.load_state(notes["budget"])
    rows = list(folder.rows(REPORTS))[: notes["n_reports"]]
    judge.history = [from_json(row["report"]) for row in rows]
    judge.decisions = list(decisions(judge.history, judge.stopping))
    folder.keep_rows(REPORTS, rows)
    folder.keep_rows(LOSSES, [row for row in folder.rows(LOSSES) if row["step"] <= budget.n_spent])
    write_decisions(folder, judge)


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
