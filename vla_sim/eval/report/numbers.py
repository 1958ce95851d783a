"""How a report writes numbers."""

import math

from vla_sim.records.reports import Estimate


def percent(value: float, digits: int = 1) -> str:
    """0.883 as "88.3 %"."""
    return f"{100 * value:.{digits}f} %"


def points(value: float) -> str:
    """A difference of fractions, in percentage points with its sign; nothing is not below zero."""
    return f"{round(100 * value, 1) + 0.0:+.1f} pp".replace("-", "−")


def interval(estimate: Estimate) -> str:
    """The 95 % interval of a fraction, e.g. "84.7 to 91.1"."""
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def plain(value: float) -> str:
    """Three significant digits, without an exponent where it can be helped."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "n/a"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 6)}f}".replace("-", "−")


def clock(seconds: float) -> str:
    """Seconds as "6 min 12 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def short(task_id: str) -> str:
    """A Gymnasium id without its namespace."""
    return task_id.rpartition("/")[2]


def words(name: str) -> str:
    """A key of a table as a reader says it: "joint_limit" is "joint limit"."""
    return name.replace("_", " ")
