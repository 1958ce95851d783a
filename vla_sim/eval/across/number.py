"""Across: a pure function of several episodes, with what a reader needs to read its number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import Estimate

Attempts = Sequence[Episode] | Sequence[EpisodeRow]
"""Episodes, or their rows."""


@dataclass(frozen=True, kw_only=True)
class OfAttempts:
    """One line of the table `ACROSS`, of a number that rows tell.

    Attributes:
        of: The number of some episodes, given the body of each task; None where they do not say.
        unit: SI unit, empty for pure numbers.
        better: Which direction is wanted.
        source: Whose definition it is, in a few words; empty where it is nobody's in particular.
    """

    of: Callable[[Attempts, Mapping[str, Body]], Estimate | None]
    unit: str = ""
    better: Literal["higher", "lower"]
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class OfPaths:
    """One line of the table `ACROSS`, of a number that takes the paths: rows do not hold them.

    Attributes:
        of: As of `OfAttempts`.
        unit: As there.
        better: As there.
        source: As there.
    """

    of: Callable[[Sequence[Episode], Mapping[str, Body]], Estimate | None]
    unit: str = ""
    better: Literal["higher", "lower"]
    source: str = ""


Across = OfAttempts | OfPaths
