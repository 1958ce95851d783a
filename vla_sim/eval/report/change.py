"""Change: the same episodes before and after practice, number by number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from vla_sim.eval.comparison import Comparison
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.multiplicity import holm
from vla_sim.eval.sign_flip import sign_flip
from vla_sim.eval.statistics import bootstrap_mean, mcnemar, paired_difference
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.manner import MANNERS
from vla_sim.records.reports import Estimate

Pair = tuple[EpisodeRow, EpisodeRow]
"""One episode before and after."""
ANY_LIMIT = "any of them"
ALPHA = 0.05
_MEANS = ("graded_progress", "spl", "time_s", "rms_jerk", "peak_jerk")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One number before and after, over the pairs in which both episodes have it.

    Attributes:
        name: Of the limit, the metric, or "manner_kept/MANNER".
        is_rate: A fraction of episodes; a mean over them else.
        sign: 1 where more is better, -1 where less is.
        before: Its value.
        after: Its value.
        difference: After minus before, paired: Newcombe's interval, or the bootstrap's.
        adjusted_p: Of no difference: McNemar's exact test, or sign flips; Holm's over all numbers
            that are tested beside it.
    """

    name: str
    is_rate: bool
    sign: int
    before: float
    after: float
    difference: Estimate
    adjusted_p: float

    @property
    def verdict(self) -> int:
        """1 where it is shown to be better than before, -1 worse, 0 neither."""
        shown = self.adjusted_p <= ALPHA
        return self.sign * int(np.sign(self.difference.value)) if shown else 0


@dataclass(frozen=True, kw_only=True)
class SceneFilm:
    """One scene before and after, side by side.

    Attributes:
        place: Of the row in the result after.
        pair: Its rows.
        frames: uint8 (T, h, w, 3), before on the left.
        frame_s: Time between frames [s].
    """

    place: int
    pair: Pair
    frames: NDArray[np.uint8]
    frame_s: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """What practice changed.

    Attributes:
        before: All episodes that were measured before it.
        after: After it.
        comparison: Of the results by the names "after" and "before"; None where it was refused.
        refused: Why; empty where it was not.
        films: Of some of the scenes.
        not_filmed: Why there are none; empty where there are, or where none were asked for.
    """

    before: tuple[EpisodeRow, ...]
    after: tuple[EpisodeRow, ...]
    comparison: Comparison | None
    refused: str = ""
    films: tuple[SceneFilm, ...] = ()
    not_filmed: str = ""

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The episodes under the true instruction that both have, in order."""
        return pairs_of(self.before, self.after)

    @cached_property
    def limits(self) -> tuple[Moved, ...]:
        """Each limit by the share of episodes in which it was broken, and any of them, last.

        Those that nobody broke are in `unbroken` instead: there is nothing to test.
        """
        names = [name for name in self._named if name not in self.unbroken]
        broken = [_rate(name, -1, self.pairs, partial(_has_broken, name)) for name in names]
        every = _rate(ANY_LIMIT, -1, self.pairs, _has_broken_any) if broken else None
        return _adjusted([*broken, every])

    @cached_property
    def unbroken(self) -> tuple[str, ...]:
        """Limits that were broken in no episode, before or after."""
        rows = [row for pair in self.pairs for row in pair]
        return tuple(n for n in self._named if not any(_has_broken(n, row) for row in rows))

    @cached_property
    def _named(self) -> list[str]:
        """Every limit that an episode could break."""
        return sorted({name for pair in self.pairs for row in pair for name in row.violations})

    @cached_property
    def motion(self) -> tuple[Moved, ...]:
        """Manners, progress, time and jerk, those that some pair has."""
        kept = [_rate("manner_kept", 1, self.pairs, _has_kept)]
        for manner in MANNERS:
            asked = [pair for pair in self.pairs if pair[0].spec.manner == manner]
            kept.append(_rate(f"manner_kept/{manner}", 1, asked, _has_kept))
        means = [_mean(name, self.pairs) for name in _MEANS]
        return _adjusted([*kept, *means])

    @property
    def gained(self) -> int:
        """Scenes that failed before and succeed now."""
        return sum(not was.success_at_end and now.success_at_end for was, now in self.pairs)

    @property
    def lost(self) -> int:
        """Scenes that succeeded before and fail now."""
        return sum(was.success_at_end and not now.success_at_end for was, now in self.pairs)


def pairs_of(before: Sequence[EpisodeRow], after: Sequence[EpisodeRow]) -> tuple[Pair, ...]:
    """Episodes under the true instruction that both results have, in order."""
    was = {row.pair_key: row for row in before if row.spec.arm == "correct"}
    now = {row.pair_key: row for row in after if row.spec.arm == "correct"}
    return tuple((was[key], now[key]) for key in sorted(was.keys() & now.keys()))


def _has_broken(name: str, row: EpisodeRow) -> float:
    return float(row.violations.get(name, 0) > 0)


def _has_broken_any(row: EpisodeRow) -> float:
    return float(any(row.violations.values()))


def _has_kept(row: EpisodeRow) -> float:
    return row.metrics["manner_kept"]


def _values(pairs: Sequence[Pair], of: Callable[[EpisodeRow], float]) -> NDArray[np.float64]:
    """(n, 2), before and after, of the pairs in which both are numbers."""
    values = np.array([[of(was), of(now)] for was, now in pairs], dtype=np.float64).reshape(-1, 2)
    return values[np.isfinite(values).all(axis=1)]


def _rate(
    name: str, sign: int, pairs: Sequence[Pair], of: Callable[[EpisodeRow], float]
) -> Moved | None:
    values = _values(pairs, of)
    if not len(values):
        return None
    was, now = values.T > 0
    return Moved(
        name=name,
        is_rate=True,
        sign=sign,
        before=float(was.mean()),
        after=float(now.mean()),
        difference=paired_difference(now, was),
        adjusted_p=mcnemar(now, was),
    )


def _mean(name: str, pairs: Sequence[Pair]) -> Moved | None:
    values = _values(pairs, lambda row: row.metrics[name])
    if not len(values):
        return None
    was, now = values.T
    return Moved(
        name=name,
        is_rate=False,
        sign=1 if METRICS[name].better == "higher" else -1,
        before=float(was.mean()),
        after=float(now.mean()),
        difference=bootstrap_mean(now - was),
        adjusted_p=sign_flip(now - was),
    )


def _adjusted(found: Sequence[Moved | None]) -> tuple[Moved, ...]:
    moved = [one for one in found if one is not None]
    p_values = holm([one.adjusted_p for one in moved])
    return tuple(replace(m, adjusted_p=float(p)) for m, p in zip(moved, p_values, strict=True))
