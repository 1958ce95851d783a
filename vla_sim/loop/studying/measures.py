"""Measures: what a study compares, each a number of one cell. To add one: a line in `MEASURES`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vla_sim.loop.studying.cell_values import CellValues, TaskValues
from vla_sim.loop.studying.measured import TRUE_WORDS

Of = Callable[[CellValues], float | None]
S_PER_MINUTE = 60.0


def an_episode(values: CellValues) -> float:
    """What one episode more makes of a fraction of all those under the true words."""
    return 1.0 / sum(by_told[TRUE_WORDS].n for by_told in values.tasks.values())


def a_query(values: CellValues) -> float:
    """What one hit more makes of a recall."""
    return 1.0 / values.gallery if values.gallery else 0.0


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of a cell.

    Attributes:
        en: What it is called.
        zh: The same in Chinese.
        of: Reads it off; None where the cell does not have it.
        better: 1 where more is better, -1 where less is; 0 where it only costs.
        unit: "%" for a fraction, which is shown in percent.
        step: How finely a cell tells it; 0 where it may be any number.
    """

    en: str
    zh: str
    of: Of
    better: Literal[-1, 0, 1] = 1
    unit: Literal["%", "min"] = "%"
    step: Callable[[CellValues], float] = an_episode


def over_tasks(told: str, of: Callable[[TaskValues], float | None]) -> Of:
    """The mean over tasks of what was done under one way of telling."""

    def read(values: CellValues) -> float | None:
        found = [of(by_told[told]) for by_told in values.tasks.values() if told in by_told]
        known = [value for value in found if value is not None]
        return float(np.mean(known)) if known else None

    return read


success = over_tasks(TRUE_WORDS, lambda task: task.success)


def gap(told: str) -> Of:
    """Success under the true words less success under others."""
    other = over_tasks(told, lambda task: task.success)

    def read(values: CellValues) -> float | None:
        one, two = success(values), other(values)
        return None if one is None or two is None else one - two

    return read


def recall(direction: str) -> Of:
    """The R@10 of a direction."""
    return lambda values: values.recalls[direction].value if direction in values.recalls else None


def cpu_minutes(values: CellValues) -> float | None:
    """Of the training, with its simulators."""
    return None if values.cpu_s is None else values.cpu_s / S_PER_MINUTE


SUCCESS = "success"
MEASURES: Mapping[str, Measure] = {
    SUCCESS: Measure(en="success", zh="成功率", of=success),
    "manner": Measure(
        en="manner kept", zh="方式保持", of=over_tasks(TRUE_WORDS, lambda task: task.manner_kept)
    ),
    "comfort": Measure(
        en="comfortable", zh="舒适", of=over_tasks(TRUE_WORDS, lambda task: task.comfortable)
    ),
    "violations": Measure(
        en="any violation",
        zh="有违规",
        of=over_tasks(TRUE_WORDS, lambda task: task.violated),
        better=-1,
    ),
    "held-out": Measure(en="gap, unseen words", zh="未见措辞差距", of=gap("held_out"), better=-1),
    "zh": Measure(en="gap, Chinese", zh="中文差距", of=gap("other_language"), better=-1),
    "swapped": Measure(
        en="told another goal",
        zh="换成别的目标",
        of=over_tasks("swapped", lambda task: task.success),
        better=-1,
    ),
    "V-L": Measure(en="V→L R@10", zh="V→L R@10", of=recall("V->L"), step=a_query),
    "L-A": Measure(en="L→A R@10", zh="L→A R@10", of=recall("L->A"), step=a_query),
    "V-A": Measure(en="V→A R@10", zh="V→A R@10", of=recall("V->A"), step=a_query),
    "cpu": Measure(
        en="CPU, minutes",
        zh="CPU（分钟）",
        of=cpu_minutes,
        better=0,
        unit="min",
        step=lambda values: 0.0,
    ),
}
"""In the order of the tables."""
