"""Tables as rows of cells, ready to be written."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.report.numbers import interval, percent, plain, points, short, words
from vla_sim.records.manner import MANNERS
from vla_sim.records.reports import (
    SATURATED,
    Estimate,
    EvalReport,
    InformationBound,
    RetrievalReport,
    TaskReport,
)

ARM_TITLES = {
    "correct": "True instruction",
    "held_out": "Held-out wording",
    "other_language": "Other language",
    "tool_call": "Tool call",
    "empty": "Told nothing",
    "punctuation": "Told punctuation",
    "swapped": "Told another goal",
    "wrong_referent": "Told of what is not there",
}
"""In the order in which they are shown: the first four should be high, the others low."""
_LOW_ARMS = ("empty", "punctuation", "swapped", "wrong_referent")
MEASURES = {
    "spl": ("SPL", ""),
    "time_s": ("Time", "s"),
    "instructions_completed": ("Instructions carried out", ""),
    "rms_jerk": ("RMS jerk", "m/s³"),
    "peak_jerk": ("Peak jerk", "m/s³"),
    "log_dimensionless_jerk": ("ln dimensionless jerk", ""),
}
"""Titles and units of means over episodes."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number, what has to be said beside it, and where it lies between 0 and 1 [%]."""

    text: str
    note: str = ""
    more: str = ""
    """A second line of small print."""
    tone: str = ""
    """ "good", "bad" or "" for neither; a CSS class."""
    bar: tuple[float, float, float] | None = None
    """Low, value and high [%]; None draws no bar."""
    tick: float | None = None
    """A reference on the bar, such as the guess line [%]."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Column titles, then rows of a title and cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


EMPTY = Cell(text="–")


def success_table(report: EvalReport, success: str) -> Table:
    """Tasks by instruction arms, the guess line in each, and the pooled rate last."""
    arms = _arms(report)
    tasks = list(dict.fromkeys(t.task_id for t in report.tasks))
    guess = {t.task_id: t.guess_rate for t in report.tasks}
    found = {(t.task_id, t.arm): t.rates.get(success) for t in report.tasks}
    rows = [
        (
            short(task),
            (
                *(rate_cell(found.get((task, arm)), arm, tick=guess[task]) for arm in arms),
                Cell(text=percent(guess[task])),
            ),
        )
        for task in tasks
    ]
    mean_guess = sum(guess.values()) / len(guess) if guess else 0.0
    pooled = tuple(rate_cell(overall_rate(report, success, a), a, tick=mean_guess) for a in arms)
    rows.append(("All tasks", (*pooled, Cell(text=percent(mean_guess)))))
    return Table(columns=(*(ARM_TITLES.get(a, words(a)) for a in arms), "Guess"), rows=tuple(rows))


def gain_table(report: EvalReport) -> Table:
    """How much of the success is owed to the words: differences on paired seeds."""
    arms = [a for a in _arms(report) if any(k.endswith(f"/{a}") for k in report.gains)]
    tasks = list(dict.fromkeys(key.rpartition("/")[0] for key in report.gains))
    tasks.sort(key=lambda task: task == "all")
    rows = tuple(
        (
            "All tasks" if task == "all" else short(task),
            tuple(_gain(report.gains.get(f"{task}/{arm}")) for arm in arms),
        )
        for task in tasks
    )
    return Table(columns=tuple(f"over {ARM_TITLES.get(a, a).lower()}" for a in arms), rows=rows)


def violation_table(report: EvalReport) -> Table:
    """Broken limits by name and task: episodes with any, and the fraction of steps."""
    tasks = _correct(report)
    names = sorted(
        {k.removeprefix("violation/") for t in tasks for k in t.rates if k.startswith("violation/")}
    )
    rows = []
    for name in [*names, "diverged"]:
        cells = []
        for task in tasks:
            rate = task.rates.get(name if name == "diverged" else f"violation/{name}")
            steps = task.means.get(f"violation_steps/{name}")
            if rate is None:
                cells.append(EMPTY)
                continue
            beside = "" if steps is None else f"{percent(steps.value, 2)} of steps"
            tone = "good" if rate.value == 0 else "bad" if rate.value > 0.1 else ""
            cells.append(
                Cell(
                    text=percent(rate.value),
                    note=f"{interval(rate)}, n = {rate.n}",
                    more=beside,
                    tone=tone,
                )
            )
        rows.append((words(name), tuple(cells)))
    return Table(columns=tuple(short(t.task_id) for t in tasks), rows=tuple(rows))


def motion_table(report: EvalReport) -> Table:
    """Comfort, path length, time and jerk of each task."""
    tasks = _correct(report)
    rows: list[tuple[str, tuple[Cell, ...]]] = [
        (
            "Comfortable episodes",
            tuple(rate_cell(t.rates.get("comfortable"), "correct") for t in tasks),
        )
    ]
    chained = report.run_card.get("protocol/n_instructions", "1") != "1"
    for name, (title, unit) in MEASURES.items():
        if name == "instructions_completed" and not chained:
            continue
        cells = []
        for task in tasks:
            mean = task.means.get(name)
            if mean is None:
                cells.append(EMPTY)
                continue
            note = f"{plain(mean.low)} to {plain(mean.high)}"
            cells.append(Cell(text=f"{plain(mean.value)} {unit}".strip(), note=note))
        rows.append((title, tuple(cells)))
    return Table(columns=tuple(short(t.task_id) for t in tasks), rows=tuple(rows))


def manner_table(report: EvalReport) -> Table:
    """Whether adverbs were obeyed, with the typical speed under each."""
    tasks = _correct(report)
    rows = []
    for task in tasks:
        cells = []
        for manner in MANNERS:
            kept = task.rates.get(f"manner_kept/{manner}")
            speed = task.means.get(f"typical_speed/{manner}")
            beside = "" if speed is None else f"at {plain(speed.value)} m/s"
            cells.append(rate_cell(kept, "correct", more=beside))
        cells.append(rate_cell(task.rates.get("manner_kept"), "correct"))
        rows.append((short(task.task_id), tuple(cells)))
    return Table(columns=(*MANNERS, "all manners"), rows=tuple(rows))


def retrieval_table(retrieval: RetrievalReport) -> Table:
    """Directions by measures, the chance line under each value."""
    directions = list(dict.fromkeys(key.partition("/")[0] for key in retrieval.values))
    measures = list(dict.fromkeys(key.partition("/")[2] for key in retrieval.values))
    rows = []
    for direction in directions:
        cells = []
        for measure in measures:
            key = f"{direction}/{measure}"
            if key not in retrieval.values:
                cells.append(EMPTY)
                continue
            value, chance = retrieval.values[key], retrieval.chance.get(key, 0.0)
            bar = (100 * value, 100 * value, 100 * value)
            text = f"{value:.3f}" if measure[0] != "R" else percent(value)
            note = f"chance {chance:.3f}" if measure[0] != "R" else f"chance {percent(chance)}"
            cells.append(Cell(text=text, note=note, bar=bar, tick=100 * chance))
        rows.append((direction.replace("->", " → ").replace("+", " + "), tuple(cells)))
    return Table(columns=tuple(measures), rows=tuple(rows))


def information_table(bounds: Mapping[str, InformationBound]) -> Table:
    """Pairs of modalities by what they are shown to say of each other."""
    rows = []
    for pair, bound in bounds.items():
        most = math.log(bound.n_pairs)
        share = 100 * min(max(bound.nats / most, 0.0), 1.0)
        cell = Cell(
            text=f"{bound.nats:.2f} nat",
            note=f"of {most:.2f} at N = {bound.n_pairs}, {bound.n_batches} batches",
            more="saturated: there may be any amount more" if bound.saturated else "",
            bar=(share, share, share),
            tick=100 * SATURATED,
        )
        rows.append((pair.partition("@")[0].replace("-", " – "), (cell,)))
    return Table(columns=("At least",), rows=tuple(rows))


def card_groups(card: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Lines of a run card by the part of their name before the slash."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, value in card.items():
        head, slash, rest = key.partition("/")
        groups.setdefault(head if slash else "run", []).append((rest if slash else key, value))
    return sorted(groups.items(), key=lambda group: (group[0] != "run", group[0]))


def _arms(report: EvalReport) -> list[str]:
    present = list(dict.fromkeys(t.arm for t in report.tasks))
    return [a for a in ARM_TITLES if a in present] + [a for a in present if a not in ARM_TITLES]


def _correct(report: EvalReport) -> list[TaskReport]:
    return [task for task in report.tasks if task.arm == "correct"]


def rate_cell(
    rate: Estimate | None, arm: str, *, tick: float | None = None, more: str = ""
) -> Cell:
    """A rate with its interval, as a number and as a bar."""
    if rate is None:
        return EMPTY
    return Cell(
        text=percent(rate.value),
        note=f"{interval(rate)}, n = {rate.n}",
        more=more,
        tone="low" if arm in _LOW_ARMS else "high",
        bar=(100 * rate.low, 100 * rate.value, 100 * rate.high),
        tick=None if tick is None else 100 * tick,
    )


def _gain(gain: Estimate | None) -> Cell:
    if gain is None:
        return EMPTY
    note = f"{points(gain.low)} to {points(gain.high)}, {gain.n} pairs".replace(" pp to", " to")
    return Cell(text=points(gain.value), note=note)
