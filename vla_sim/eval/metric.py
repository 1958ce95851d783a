"""Metric: a pure function of an Episode, with what a reader needs to read its number."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One line of the table `METRICS`.

    Attributes:
        of: The number of an episode on its body; NaN where it is undefined for that episode, which
            then does not count in n.
        kind: "rate" for 0/1 outcomes (Wilson interval), "mean" for the rest (bootstrap interval).
        unit: SI unit, empty for pure numbers.
        better: Which direction is wanted; empty where neither is.
        source: Whose definition it is, in a few words; empty where it is nobody's in particular.
    """

    of: Callable[[Episode, Body], float]
    kind: Literal["rate", "mean"]
    unit: str = ""
    better: Literal["higher", "lower", ""] = ""
    source: str = ""
