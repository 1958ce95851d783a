"""What practice changed, as sentences and tables."""

from collections.abc import Sequence

from vla_sim.eval.comparison import ALL, Contrast
from vla_sim.eval.report.change import Change, Moved, Pair
from vla_sim.eval.report.numbers import percent, plain, points, short, words
from vla_sim.eval.report.tables import MEASURES, Cell, Table
from vla_sim.eval.sentences import sentence
from vla_sim.records.reports import Estimate

TONES = {1: "good", 0: "", -1: "bad"}
VERDICTS = {1: "better", 0: "not shown to differ", -1: "worse"}


def change_sentences(change: Change) -> list[str]:
    """All that may be said of before and after."""
    comparison = change.comparison
    if comparison is None:
        return []
    said = [sentence(contrast, alpha=comparison.alpha) for contrast in comparison.overall]
    said.append(
        f"Of {len(change.pairs)} scenes, {change.gained} that failed before succeed now, and "
        f"{change.lost} that succeeded before fail now."
    )
    if len(comparison.by_task) > 1:
        said += _of_tasks(comparison.by_task, comparison.alpha)
    said += _of_limits(change.limits)
    return said


def success_change_table(change: Change) -> Table | None:
    """Success before and after: all tasks, then each; None where nothing may be said."""
    comparison = change.comparison
    if comparison is None:
        return None
    several = len(comparison.by_task) > 1
    contrasts = (*comparison.overall, *comparison.by_task) if several else comparison.by_task
    rows = [
        (
            "All tasks" if c.task_id == ALL else short(c.task_id),
            _contrast_cells(c, _pairs_of(change.pairs, c.task_id), comparison.alpha),
        )
        for c in contrasts
    ]
    columns = ("Before", "After", "Difference", "Succeed now", "Fail now", "p (Holm)")
    return Table(columns=columns, rows=tuple(rows))


def moved_table(found: Sequence[Moved]) -> Table:
    """Numbers before and after."""
    rows = tuple((_title(moved.name), _moved_cells(moved)) for moved in found)
    return Table(columns=("Before", "After", "Difference", "Pairs", "p (Holm)"), rows=rows)


def _contrast_cells(contrast: Contrast, pairs: Sequence[Pair], alpha: float) -> tuple[Cell, ...]:
    side = 0
    if contrast.is_shown(alpha):
        side = 1 if contrast.difference.value > 0 else -1
    gained = sum(not was.success_at_end and now.success_at_end for was, now in pairs)
    lost = sum(was.success_at_end and not now.success_at_end for was, now in pairs)
    return (
        _rate_cell(contrast.second_value),
        _rate_cell(contrast.first_value),
        Cell(
            text=points(contrast.difference.value),
            note=_spread(contrast.difference),
            more=VERDICTS[side],
            tone=TONES[side],
        ),
        Cell(text=str(gained)),
        Cell(text=str(lost)),
        Cell(text=f"{contrast.adjusted_p:.2g}"),
    )


def _moved_cells(moved: Moved) -> tuple[Cell, ...]:
    d = moved.difference
    if moved.is_rate:
        was, now, change = percent(moved.before), percent(moved.after), points(d.value)
        spread = _spread(d)
    else:
        unit = MEASURES[moved.name][1] if moved.name in MEASURES else ""
        was, now = (f"{plain(v)} {unit}".strip() for v in (moved.before, moved.after))
        change = f"{_signed(d.value)} {unit}".strip()
        spread = f"{_signed(d.low)} to {_signed(d.high)}"
    return (
        Cell(text=was),
        Cell(text=now),
        Cell(text=change, note=spread, more=VERDICTS[moved.verdict], tone=TONES[moved.verdict]),
        Cell(text=f"{d.n:,}"),
        Cell(text=f"{moved.adjusted_p:.2g}"),
    )


def _of_tasks(contrasts: Sequence[Contrast], alpha: float) -> list[str]:
    shown = [c for c in contrasts if c.is_shown(alpha)]
    better = [short(c.task_id) for c in shown if c.difference.value > 0]
    worse = [short(c.task_id) for c in shown if c.difference.value < 0]
    said = [f"Shown to be better: {', '.join(better)}."] if better else []
    said += [f"Shown to be worse: {', '.join(worse)}."] if worse else []
    return said or ["No single task is shown to be better or worse."]


def _of_limits(limits: Sequence[Moved]) -> list[str]:
    often = [words(moved.name) for moved in limits if moved.verdict < 0]
    seldom = [words(moved.name) for moved in limits if moved.verdict > 0]
    said = [f"Limits broken more often than before: {', '.join(often)}."] if often else []
    said += [f"Limits broken less often than before: {', '.join(seldom)}."] if seldom else []
    return said or ["No limit is shown to be broken more or less often than before."]


def _pairs_of(pairs: Sequence[Pair], task_id: str) -> list[Pair]:
    return [pair for pair in pairs if task_id in (ALL, pair[0].spec.task_id)]


def _title(name: str) -> str:
    if name in MEASURES:
        return MEASURES[name][0]
    head, _, manner = name.partition("/")
    title = "Graded progress" if head == "graded_progress" else words(head)
    title = "Manner kept" if head == "manner_kept" else title
    return f"{title}: {manner}" if manner else title


def _rate_cell(rate: Estimate) -> Cell:
    return Cell(text=percent(rate.value), bar=(100 * rate.low, 100 * rate.value, 100 * rate.high))


def _spread(difference: Estimate) -> str:
    return f"{points(difference.low)} to {points(difference.high)}".replace(" pp to", " to")


def _signed(value: float) -> str:
    return plain(value) if value <= 0 else f"+{plain(value)}"
