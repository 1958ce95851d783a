"""Control arms: what a policy is told instead of the true instruction.

A policy that ignores its instruction scores the same under all of them.
"""

from collections.abc import Sequence
from typing import get_args

import numpy as np

from vla_sim.envs.language.grammar import say
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.episode import Arm
from vla_sim.records.instruction import LANGUAGES, Instruction, Language, Meaning, Split

ARMS: tuple[Arm, ...] = get_args(Arm)


def shown(
    arm: Arm,
    meaning: Meaning,
    scene_meanings: Sequence[Meaning],
    language: Language,
    rng: np.random.Generator,
    *,
    split: Split = "seen",
) -> Instruction:
    """What the policy is told under an arm.

    Args:
        arm: "correct" says the true meaning; "empty" says nothing; "swapped" says another goal of
            the scene; "held_out" uses wording never trained on; "other_language" translates.
        meaning: What is truly wanted.
        scene_meanings: The candidates of the swapped arm: meanings of the scene's goals whose
            outcome differs from the true one's. Those that ask for the true referent by the
            true intent are passed over, whatever their manner.
        language: Language of the episode.
        rng: Draws the words and the swapped goal.
        split: Wording of the episode; the held-out arm has its own.

    Returns:
        The instruction to show. Its `meaning` is what its text says; for the empty text, the
        true one, since there is no meaning of nothing: a policy must read the text only.

    Raises:
        BadConfig: If "swapped" finds no other goal in the scene.
        UnknownName: If there is no such arm, language, split or meaning.
    """
    if arm not in ARMS:
        raise UnknownName("arm", arm, ARMS)
    if arm == "empty":
        return Instruction(text="", language=language, template_id="", split=split, meaning=meaning)
    if arm == "swapped":
        meaning = _another(meaning, scene_meanings, rng)
    elif arm == "held_out":
        split = "held_out"
    elif arm == "other_language":
        if language not in LANGUAGES:
            raise UnknownName("language", language, LANGUAGES)
        language = next(other for other in LANGUAGES if other != language)
    return say(meaning, language=language, split=split, rng=rng)


def _another(meaning: Meaning, candidates: Sequence[Meaning], rng: np.random.Generator) -> Meaning:
    wanted = (meaning.intent_id, meaning.referent)
    others = [c for c in candidates if (c.intent_id, c.referent) != wanted]
    if not others:
        raise BadConfig(
            f"the swapped arm needs another goal in the scene than {meaning.key!r}, and was given "
            f"{[c.key for c in candidates]}; give the scene's goals that have another outcome"
        )
    return others[int(rng.integers(len(others)))]
