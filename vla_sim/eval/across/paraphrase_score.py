"""Success under other words, which count the more the further they are from those of training."""

from collections.abc import Mapping

import numpy as np

from vla_sim.eval.across.number import Attempts
from vla_sim.eval.body import Body
from vla_sim.eval.statistics import bootstrap_ratio
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import Estimate

Scene = tuple[str, int, int, str, str]


def paraphrase_score(episodes: Attempts, bodies: Mapping[str, Body]) -> Estimate | None:
    """Success at the end in the arm "held_out", weighted by how far its words are from the seen.

    The distance is the edit distance in words, of Chinese in characters, to the sentence of the arm
    "correct" in the same scene, by the longer of the two. None where no scene has both arms, or all
    sentences are equal.

    Source:
        PRIDE of LIBERO-Para: success weighted by the paraphrase's distance; ours is of edits alone.
    """
    del bodies
    seen = {_scene(e): e for e in episodes if e.spec.arm == "correct"}
    pairs = [
        (seen[_scene(e)], e) for e in episodes if e.spec.arm == "held_out" and _scene(e) in seen
    ]
    far = np.array([words_apart(_shown(a), _shown(b)) for a, b in pairs])
    if not far.any():
        return None
    return bootstrap_ratio(far * [b.success_at_end for _, b in pairs], far)


def words_apart(first: str, second: str) -> float:
    """Edit distance of two sentences over the length of the longer one, in [0, 1]."""
    one, two = _words(first), _words(second)
    row = list(range(len(two) + 1))
    for i, word in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(two, 1):
            here = min(row[j] + 1, row[j - 1] + 1, before + (word != other))
            before, row[j] = row[j], here
    return row[-1] / max(len(one), len(two), 1)


def _words(text: str) -> list[str]:
    return text.split() if text.isascii() else list(text)


def _shown(attempt: Episode | EpisodeRow) -> str:
    """What the policy was told."""
    return attempt.shown if isinstance(attempt, EpisodeRow) else attempt.shown.text


def _scene(episode: Episode | EpisodeRow) -> Scene:
    spec = episode.spec
    return (spec.task_id, spec.seed, spec.goal, spec.manner, spec.language)
