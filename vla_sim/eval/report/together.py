"""Together: what several results on one page say of each other, or why they cannot."""

from dataclasses import dataclass

from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.comparison import ALL, Comparison, Contrast
from vla_sim.eval.report.content import ReportInput
from vla_sim.eval.report.numbers import percent, points, short
from vla_sim.eval.report.tables import EMPTY, Cell, Table, rate_cell
from vla_sim.eval.sentences import sentence, the_set
from vla_sim.records.reports import EvalReport


@dataclass(frozen=True, kw_only=True)
class Together:
    """Several results beside each other.

    Attributes:
        comparison: The locked tests; None where the results cannot be compared.
        refused: Why they cannot; empty where they can.
    """

    comparison: Comparison | None = None
    refused: str = ""

    @property
    def sentences(self) -> list[str]:
        """All that may be said."""
        comparison = self.comparison
        if comparison is None:
            return []
        said = [sentence(contrast, alpha=comparison.alpha) for contrast in comparison.overall]
        return [*said, the_set(comparison)] if len(comparison.values) > 2 else said

    @property
    def contrasts(self) -> Table | None:
        """Every pair of results over all tasks and on each; None without a comparison."""
        if self.comparison is None:
            return None
        found = (*self.comparison.overall, *self.comparison.by_task)
        rows = tuple((_named(contrast), _cells(contrast)) for contrast in found)
        return Table(columns=("First", "Second", "Difference", "Pairs", "p (Holm)"), rows=rows)


def side_by_side(parts: tuple[ReportInput, ...]) -> Table:
    """Success under the true instruction: tasks by results, all tasks last."""
    finals = [part.final for part in parts]
    tasks = dict.fromkeys(t.task_id for f in finals if f is not None for t in f.tasks)
    rows = [
        (short(task), tuple(_of(part.final, task, part.success) for part in parts))
        for task in tasks
    ]
    pooled = tuple(
        EMPTY
        if part.final is None
        else rate_cell(overall_rate(part.final, part.success), "correct")
        for part in parts
    )
    return Table(columns=tuple(part.name for part in parts), rows=(*rows, ("All tasks", pooled)))


def _of(final: EvalReport | None, task_id: str, success: str) -> Cell:
    for task in () if final is None else final.tasks:
        if task.task_id == task_id and task.arm == "correct":
            return rate_cell(task.rates.get(success), "correct", tick=task.guess_rate)
    return EMPTY


def _named(contrast: Contrast) -> str:
    return "All tasks" if contrast.task_id == ALL else short(contrast.task_id)


def _cells(contrast: Contrast) -> tuple[Cell, ...]:
    difference = contrast.difference
    spread = f"{points(difference.low)} to {points(difference.high)}".replace(" pp to", " to")
    return (
        Cell(text=percent(contrast.first_value.value), note=contrast.first),
        Cell(text=percent(contrast.second_value.value), note=contrast.second),
        Cell(text=points(difference.value), note=spread),
        Cell(text=f"{difference.n:,}"),
        Cell(text=f"{contrast.adjusted_p:.2g}"),
    )
