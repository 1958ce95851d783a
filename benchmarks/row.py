"""Row: one claim with its measured value and its bar."""

from dataclasses import dataclass

from vla_sim.records.reports import Estimate


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim."""

    name: str
    value: str
    bar: str
    holds: bool


def percent(rate: Estimate) -> str:
    """A rate with its 95 % interval."""
    return f"{100 * rate.value:.1f} % [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
