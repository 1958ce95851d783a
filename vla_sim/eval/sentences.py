"""Sentences: what a comparison allows to be said, and nothing more.

"Better" is said only where the locked test rejected; else that no difference was shown, and how
many episodes it would take to show one of the size that was seen.
"""

from vla_sim.eval.comparison import Comparison, Contrast
from vla_sim.eval.sequential import Decision, Outcome
from vla_sim.records.reports import Estimate

WHAT: dict[Outcome, str] = {"success": "success", "progress": "progress"}


def sentence(contrast: Contrast, *, alpha: float) -> str:
    """One policy against another, in words."""
    a, b = contrast.first_value, contrast.second_value
    pairs = f"{contrast.difference.n:,} pairs, p = {contrast.adjusted_p:.2g}"
    if contrast.is_shown(alpha):
        first_wins = contrast.difference.value > 0
        better, worse = (contrast.first, contrast.second)[:: 1 if first_wins else -1]
        high, low = (a, b) if first_wins else (b, a)
        by = contrast.difference if first_wins else _turned(contrast.difference)
        return (
            f"{better} is better than {worse}: {WHAT[contrast.outcome]} {_percent(high)} against "
            f"{_percent(low)}, {points(by)} ({pairs})"
        )
    return (
        f"{contrast.first} and {contrast.second} are not shown to differ: "
        f"{WHAT[contrast.outcome]} {_percent(a)} against {_percent(b)}, "
        f"{points(contrast.difference)} (n = {pairs}; {_wanted(contrast)})"
    )


def the_set(comparison: Comparison) -> str:
    """Who cannot be told from the best; a ranking would say more than was measured."""
    told = [name for name in comparison.values if name not in comparison.not_told]
    others = [name for name in comparison.not_told if name != comparison.best]
    if not others:
        return f"{comparison.best} is better than all others"
    best = _listed([comparison.best, *others])
    set_apart = f"; worse: {_listed(told)}" if told else ""
    return f"cannot be told from the best: {best}{set_apart}"


def verdict(
    decision: Decision, *, first: str, second: str, outcome: Outcome, alpha: float, cap: int
) -> str:
    """What a sequential test came to, in words."""
    error = f"false with a chance of at most {alpha:g}"
    if decision.side:
        return (
            f"{first} is {decision.side} than {second} on {WHAT[outcome]}: decided after "
            f"{decision.n_pairs:,} pairs (e = {decision.e_value:.3g}, {error})"
        )
    return (
        f"{first} and {second} are not shown to differ on {WHAT[outcome]}: undecided after "
        f"{decision.n_pairs:,} pairs, at most {cap:,} (e = {decision.e_value:.3g} of "
        f"{1 / alpha:.3g} that decide)"
    )


def points(difference: Estimate) -> str:
    """A difference in percentage points, with its interval."""
    value, low, high = (signed(x) for x in (difference.value, difference.low, difference.high))
    return f"{value} points [{low}, {high}]"


def signed(difference: float, *, digits: int = 1) -> str:
    """A difference of fractions in percentage points; what rounds to nothing is not below it."""
    return f"{round(100 * difference, digits) + 0.0:+.{digits}f}"


def _percent(value: Estimate) -> str:
    return f"{100 * value.value:.1f} %"


def _turned(difference: Estimate) -> Estimate:
    return Estimate(
        value=-difference.value, n=difference.n, low=-difference.high, high=-difference.low
    )


def _wanted(contrast: Contrast) -> str:
    if contrast.difference.value == 0:
        return "the two came out equal, so no number of episodes would show this difference"
    if contrast.needed is None:
        return "it would take more episodes than anybody runs"
    if contrast.needed <= contrast.difference.n:
        return f"such a difference shows in about {contrast.needed:,} episodes, four times of five"
    return f"it would take about {contrast.needed:,} episodes"


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
