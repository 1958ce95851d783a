"""How much of the success is owed to the words: paired differences against the control arms."""

from collections.abc import Iterable
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
    one, two = _by_key(correct), _by_key(control)
    if not one.keys() & two.keys():
        # An arm in the other language pairs with the same scene in the first.
        one, two = _without_language(one), _without_language(two)
    shared = sorted(one.keys() & two.keys())
    if not shared:
        raise BadConfig("the two arms share no (task, seed): run them under one protocol")
    first = [one[key].success_at_end for key in shared]
    second = [two[key].success_at_end for key in shared]
    return LanguageGain(difference=paired_difference(first, second), p_value=mcnemar(first, second))


def language_gains(episodes: Iterable[A]) -> dict[str, LanguageGain]:
    """{"<task_id>/<arm>" and "all/<arm>": gain} for each control arm beside the correct one.

    Arms that were run without a correct arm on the same seeds are left out.
    """
    groups: dict[tuple[str, str], list[A]] = {}
    for episode in episodes:
        for task_id in (episode.spec.task_id, "all"):
            groups.setdefault((task_id, episode.spec.arm), []).append(episode)
    gains: dict[str, LanguageGain] = {}
    for (task_id, arm), control in sorted(groups.items()):
        correct = groups.get((task_id, "correct"), [])
        seeds = {(e.spec.task_id, e.spec.seed, e.spec.goal, e.spec.manner) for e in correct}
        paired = [
            e for e in control if (e.spec.task_id, e.spec.seed, e.spec.goal, e.spec.manner) in seeds
        ]
        if arm != "correct" and paired:
            gains[f"{task_id}/{arm}"] = language_gain(correct, paired)
    return gains


def _by_key(episodes: Iterable[A]) -> dict[Key, A]:
    table: dict[Key, A] = {}
    for episode in episodes:
        spec = episode.spec
        key = (spec.task_id, spec.seed, spec.goal, spec.manner, spec.language)
        _put(table, key, episode)
    return table


def _without_language(episodes: dict[Key, A]) -> dict[Key, A]:
    table: dict[Key, A] = {}
    for key, episode in episodes.items():
        _put(table, (*key[:4], ""), episode)
    return table


def _put(table: dict[Key, A], key: Key, episode: A) -> None:
    if key in table:
        raise BadConfig(f"{key[0]} seed {key[1]} was run twice in one arm; a pair needs one")
    table[key] = episode
