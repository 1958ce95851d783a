"""Across: a pure function of several episodes, with what a reader needs to read its number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode
from vla_sim.records.reports import Estimate


@dataclass(frozen=True, kw_only=True)
class Across:
    """One line of the table `ACROSS`.

    Attributes:
        of: The number of some episodes, given the body of each task; None where they do not say.
        unit: SI unit, empty for pure numbers.
        better: Which direction is wanted.
        source: Whose definition it is, in a few words; empty where it is nobody's in particular.
    """

    of: Callable[[Sequence[Episode], Mapping[str, Body]], Estimate | None]
    unit: str = ""
    better: Literal["higher", "lower"]
    source: str = ""
