"""How much of the success is owed to the words: paired differences against the control arms."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from vla_sim.errors import BadConfig
from vla_sim.eval.statistics import mcnemar, paired_difference
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.reports import Estimate

Key = tuple[str, int, int, str, str]
"""Task, seed, goal, manner and language: what a pair has in common."""


class Attempt(Protocol):
    """An episode, or its row."""

    @property
    def spec(self) -> EpisodeSpec:
        """What was planned."""
        ...

    @property
    def success_at_end(self) -> bool:
        """Whether it succeeded."""
        ...


A = TypeVar("A", bound=Attempt)


@dataclass(frozen=True, kw_only=True)
class LanguageGain:
    """Success under the true instruction minus success under a control arm.

    Attributes:
        difference: With Newcombe's paired interval; n counts the pairs.
        p_value: Exact McNemar.
    """

    difference: Estimate
    p_value: float


def language_gain(correct: Iterable[Attempt], control: Iterable[Attempt]) -> LanguageGain:
    """Compare two arms on the episodes that both ran; success is measured at the end.

    Raises:
        BadConfig: If the arms share no (task, seed, goal, manner), or one ran one of them twice.
    """
    pairs = _pairs(correct, control)
    if not pairs:
        raise BadConfig("the two arms share no (task, seed): run them under one protocol")
    return _gain(pairs)


def language_gains(episodes: Iterable[A]) -> dict[str, LanguageGain]:
    """{"<task_id>/<arm>" and "all/<arm>": gain} for each control arm beside the correct one.

    Arms that were run without a correct arm on the same seeds are left out, and so is one whose
    pairs cannot be told, as in a list that asks for some scenes in two languages.
    """
    groups: dict[tuple[str, str], list[A]] = {}
    for episode in episodes:
        for task_id in (episode.spec.task_id, "all"):
            groups.setdefault((task_id, episode.spec.arm), []).append(episode)
    gains: dict[str, LanguageGain] = {}
    for (task_id, arm), control in sorted(groups.items()):
        correct = groups.get((task_id, "correct"), [])
        if arm != "correct" and (pairs := _pairs(correct, control)):
            gains[f"{task_id}/{arm}"] = _gain(pairs)
    return gains


def _gain(pairs: Sequence[tuple[Attempt, Attempt]]) -> LanguageGain:
    first = [one.success_at_end for one, _ in pairs]
    second = [two.success_at_end for _, two in pairs]
    return LanguageGain(difference=paired_difference(first, second), p_value=mcnemar(first, second))


def _pairs(correct: Iterable[A], control: Iterable[A]) -> list[tuple[A, A]]:
    """The episodes that both arms ran, in order.

    Raises:
        BadConfig: If one of them ran an episode twice.
    """
    one, two = _by_key(correct), _by_key(control)
    if not one.keys() & two.keys():
        # An arm in the other language pairs with the same scene in the first.
        one, two = _without_language(one), _without_language(two)
    return [(one[key], two[key]) for key in sorted(one.keys() & two.keys())]


def _by_key(episodes: Iterable[A]) -> dict[Key, A]:
    table: dict[Key, A] = {}
    for episode in episodes:
        spec = episode.spec
        key = (spec.task_id, spec.seed, spec.goal, spec.manner, spec.language)
        if key in table:
            raise BadConfig(f"{key[0]} seed {key[1]} was run twice in one arm; a pair needs one")
        table[key] = episode
    return table


def _without_language(episodes: dict[Key, A]) -> dict[Key, A]:
    """Those of scenes that were asked for in one language."""
    languages = Counter(key[:4] for key in episodes)
    return {(*k[:4], ""): episode for k, episode in episodes.items() if languages[k[:4]] == 1}
