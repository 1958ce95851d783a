"""Rows that every study of trainings over seeds has: arms, wordings, retrieval."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from benchmarks.row import Row
from vla_sim.envs.task_names import short_name
from vla_sim.records.episode import Arm
from vla_sim.records.reports import EvalReport

Reports = Mapping[int, EvalReport]
"""{training seed: its benchmark}."""
WORDINGS: Mapping[Arm, str] = {"held_out": "held-out wording", "other_language": "Chinese"}


def rate(report: EvalReport, task_id: str, arm: str, name: str = "success_at_end") -> float:
    """One rate of a report."""
    (found,) = [t for t in report.tasks if t.task_id == task_id and t.arm == arm]
    return found.rates[name].value if name in found.rates else 0.0


def spread(values: Mapping[int, float]) -> str:
    """Mean over seeds, their standard deviation, and each of them."""
    numbers = list(values.values())
    if len(numbers) == 1:
        return f"{100 * numbers[0]:.1f} % (one seed)"
    each = ", ".join(f"{100 * value:.1f}" for value in numbers)
    sd = float(np.std(numbers, ddof=1))
    return f"{100 * float(np.mean(numbers)):.1f} % (sd {100 * sd:.1f}; seeds {each})"


def over_tasks(
    reports: Reports, task_ids: Iterable[str], arm: str, name: str = "success_at_end"
) -> dict[int, float]:
    """{seed: mean over tasks of a rate under an arm}."""
    asked = tuple(task_ids)
    return {
        seed: float(np.mean([rate(report, task_id, arm, name) for task_id in asked]))
        for seed, report in reports.items()
    }


def control_rows(reports: Reports, task_ids: Iterable[str], *, of: str = "") -> Iterator[Row]:
    """What is done under another instruction, and under none; `of` begins the rows' names."""
    asked = tuple(task_ids)
    swapped = max(rate(r, task_id, "swapped") for r in reports.values() for task_id in asked)
    yield Row(
        name=f"{of}swapped instruction, the highest of any task and seed",
        value=f"{100 * swapped:.0f} %",
        bar="<= 10 %",
        holds=swapped <= 0.10,
    )
    beyond = {
        (seed, task.task_id): task.rates["success_at_end"].value - task.guess_rate
        for seed, report in reports.items()
        for task in report.tasks
        if task.arm == "empty" and task.task_id in asked
    }
    far = max(beyond, key=lambda key: beyond[key])
    yield Row(
        name=f"{of}empty instruction, the most above guessing of any task and seed",
        value=f"{100 * beyond[far]:+.0f} points ({short_name(far[1])}, seed {far[0]})",
        bar="<= +10 points",
        holds=beyond[far] <= 0.10,
    )


def wording_rows(reports: Reports, task_ids: Iterable[str], *, of: str = "") -> Iterator[Row]:
    """What other words cost."""
    asked = tuple(task_ids)
    correct = over_tasks(reports, asked, "correct")
    for arm, what in WORDINGS.items():
        other = over_tasks(reports, asked, arm)
        gap = float(np.mean([correct[seed] - other[seed] for seed in reports]))
        yield Row(
            name=f"{of}{what} against English, mean gap over seeds",
            value=f"{100 * gap:+.1f} points",
            bar="within 5",
            holds=abs(gap) <= 0.05,
        )


def recall_row(reports: Reports, what: str, name: str, bar: float) -> Row:
    """A recall beside its chance; its worst seed counts."""
    found = {s: r.retrieval.recall(name) for s, r in reports.items() if r.retrieval is not None}
    lowest = min(found.values(), key=lambda recall: recall.value)
    return Row(
        name=f"{what}, gallery {lowest.gallery_size}, chance {100 * lowest.chance:.1f} %",
        value=spread({seed: recall.value for seed, recall in found.items()}),
        bar=f"worst seed >= {100 * bar:.0f} %",
        holds=lowest.value >= bar,
    )
