"""The monitor: what a person sees of a run while it goes on."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.markup import escape

from vla_sim.align.curriculum import CurriculumState
from vla_sim.align.objective import LossReport
from vla_sim.envs.task_names import short_name
from vla_sim.eval.information import said_of
from vla_sim.loop.budget import Budget
from vla_sim.loop.progress import bar_of
from vla_sim.loop.simulating.simulators import Harvest
from vla_sim.loop.tracking.reports import numbers_of
from vla_sim.loop.tracking.tracker import Nobody, Tracker, numbers_in
from vla_sim.records.reports import EvalReport, StopDecision


class OnUpdate(Protocol):
    """What a logger of the user's own is called with after every update."""

    def __call__(self, update: int, losses: LossReport) -> None:
        """Take note.

        Args:
            update: How many updates are made, this one included; a resumed run counts on.
            losses: Its losses: `total`, `terms` before their weights, and `report`, what was only
                watched.
        """
        ...


class Monitor:
    """A progress bar with a line per evaluation; silent without a console."""

    def __init__(
        self,
        console: Console | None = None,
        *,
        on_update: OnUpdate | None = None,
        tracker: Tracker | None = None,
    ) -> None:
        """A monitor.

        Args:
            console: Where to show; None for nowhere.
            on_update: Called after every update. What it raises ends the run.
            tracker: Is told each row of losses, and each evaluation.
        """
        self.tracker = tracker or Nobody()
        self.on_update = on_update
        self.console = console or Console(quiet=True)
        self.progress = bar_of("align", self.console)
        self._bar = self.progress.add_task("starting", total=None)
        self._n_triples = 0
        self._waited_s = 0.0
        self._n_updates = 0

    def __enter__(self) -> "Monitor":
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.progress.stop()

    def say(self, text: str) -> None:
        """A line above the bar; brackets in it are no markup."""
        self.progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def waits_for(self, what: str) -> None:
        """Show what is waited for."""
        self.progress.update(self._bar, description=what)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time that the trainer waits for the simulators."""
        began = time.monotonic()
        yield
        self._waited_s += time.monotonic() - began

    def harvested(self, harvest: Harvest) -> None:
        """Triples came in."""
        self._n_triples += len(harvest.steps["task"])

    def learnt(
        self, losses: Sequence[LossReport], budget: Budget, stage: str
    ) -> dict[str, float | str]:
        """Updates were made.

        Returns:
            The row of the loss history: means over the updates in which a term was computed.
        """
        row: dict[str, float | str] = {
            "step": budget.n_spent,
            "elapsed_s": round(budget.elapsed_s, 2),
            "waited_s": round(self._waited_s, 2),
            "stage": stage,
            "total": float(np.mean([loss.total for loss in losses])),
        }
        for name in sorted({name for loss in losses for name in (*loss.terms, *loss.report)}):
            values = [
                {**loss.terms, **loss.report}[name]
                for loss in losses
                if name in loss.terms or name in loss.report
            ]
            row[name] = float(np.mean(values))
        self._n_updates = budget.n_spent
        self.tracker.log(numbers_in(row, under="train"), budget.n_spent)
        self.progress.update(
            self._bar,
            total=budget.n_steps,
            completed=budget.n_spent,
            description=f"{self._n_triples} triples, stage {stage}",
        )
        return row

    def judged(
        self, report: EvalReport, decision: StopDecision, curriculum: CurriculumState
    ) -> None:
        """An evaluation was decided on."""
        scored = {**numbers_of(report, under="evaluation"), "evaluation/score": decision.score}
        # The learner went on meanwhile: a tracker's steps do not fall, so the step is a number.
        self.tracker.log({**scored, "evaluation/update": float(report.step)}, self._n_updates)
        tasks = ", ".join(
            f"{short_name(task.task_id)} {100 * task.rates['success_at_end'].value:.0f}"
            for task in report.tasks
        )
        mark = "[green]best[/]" if decision.is_best else "    "
        self.progress.console.print(
            f"{mark} {report.elapsed_s:4.0f} s, update {report.step}: {escape(decision.reason)}\n"
            f"     success by task [%]: {tasks}; curriculum {curriculum.stage}: "
            f"{escape(curriculum.reason)}",
            highlight=False,
        )
        if report.retrieval is not None and report.retrieval.information:
            self.say(f"     {said_of(report.retrieval.information)}")
