"""Control arms: what a policy is told instead of the true instruction.

A policy that ignores its instruction scores the same under all of them.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from vla_sim.envs.language.grammar import say
from vla_sim.envs.language.lexicon import COLOURS, KINDS, SHAPES, SIDE_WORDS, WAY_WORDS
from vla_sim.envs.language.phrases import is_thing
from vla_sim.envs.language.templates import slots_of
from vla_sim.envs.language.tool_call import tool_text
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.episode import Arm
from vla_sim.records.instruction import LANGUAGES, Instruction, Language, Meaning, Referent, Split

ARMS: tuple[Arm, ...] = get_args(Arm)

MARKS: Mapping[Language, tuple[str, ...]] = {
    "en": (",", "?", "...", "!", "?!", ", ,", ";"),
    "zh": ("，", "？", "……", "！", "。", "；"),
}
"""What the arm "punctuation" says."""


def shown(
    arm: Arm,
    meaning: Meaning,
    scene_meanings: Sequence[Meaning],
    language: Language,
    rng: np.random.Generator,
    *,
    split: Split = "seen",
    things: Sequence[Referent] = (),
) -> Instruction:
    """What the policy is told under an arm.

    Args:
        arm: "correct" says the true meaning; "empty" says nothing; "swapped" says another goal of
            the scene; "held_out" uses wording never trained on; "other_language" translates;
            "tool_call" says it as JSON; "punctuation" says marks and no word; "wrong_referent"
            asks the same of something that is not there.
        meaning: What is truly wanted.
        scene_meanings: The candidates of the swapped arm: meanings of the scene's goals whose
            outcome differs from the true one's. Those that ask for the true referent by the
            true intent are passed over, whatever their manner.
        language: Language of the episode.
        rng: Draws the words and the swapped goal.
        split: Wording of the episode; the held-out arm has its own.
        things: Looks of all that words can name in the scene, for "wrong_referent"; empty where
            the meanings name it in full.

    Returns:
        The instruction to show. Its `meaning` is what its text says; for texts without words, the
        true one, since there is no meaning of nothing: a policy must read the text only.

    Raises:
        BadConfig: If "swapped" finds no other goal in the scene, or "wrong_referent" nothing that
            is not there.
        UnknownName: If there is no such arm, language, split or meaning.
    """
    if arm not in ARMS:
        raise UnknownName("arm", arm, ARMS)
    if language not in LANGUAGES:
        raise UnknownName("language", language, LANGUAGES)
    wordless = {"empty": "", "tool_call": tool_text(meaning) if arm == "tool_call" else ""}
    if arm == "punctuation":
        wordless[arm] = MARKS[language][int(rng.integers(len(MARKS[language])))]
    if arm in wordless:
        text = wordless[arm]
        return Instruction(
            text=text, language=language, template_id="", split=split, meaning=meaning
        )
    if arm == "swapped":
        meaning = _another(meaning, scene_meanings, rng)
    elif arm == "wrong_referent":
        meaning = _missing(meaning, [meaning, *scene_meanings], things, rng)
    elif arm == "held_out":
        split = "held_out"
    elif arm == "other_language":
        language = next(other for other in LANGUAGES if other != language)
    return say(meaning, language=language, split=split, rng=rng)


def _another(meaning: Meaning, candidates: Sequence[Meaning], rng: np.random.Generator) -> Meaning:
    wanted = (meaning.intent_id, meaning.referent, meaning.target)
    others = [c for c in candidates if (c.intent_id, c.referent, c.target) != wanted]
    if not others:
        raise BadConfig(
            f"the swapped arm needs another goal in the scene than {meaning.key!r}, and was given "
            f"{[c.key for c in candidates]}; give the scene's goals that have another outcome"
        )
    return others[int(rng.integers(len(others)))]


def _missing(
    meaning: Meaning,
    named: Sequence[Meaning],
    things: Sequence[Referent],
    rng: np.random.Generator,
) -> Meaning:
    """The same asked of what is not in the scene: another thing, side or way."""
    slots = slots_of(meaning.intent_id)
    part = "referent" if {"thing", "side"} & set(slots) else "target"
    there = [getattr(m, part) for m in named if m.intent_id == meaning.intent_id]
    wanted: list[Referent] = []
    if is_thing(getattr(meaning, part)) or getattr(meaning, part).anchors:
        seen = list(things) or [r for m in named for r in (m.referent, m.target)]
        seen += [] if things else [anchor for referent in seen for anchor in referent.anchors]
        # Of a kind that is asked for here; where every colour of it may be there, of another kind.
        for shapes in (sorted({r.shape for r in there}), SHAPES):
            wanted = wanted or [
                Referent(colour=colour, shape=shape)
                for colour, shape in itertools.product(COLOURS, shapes)
                if not any(_may_fit(r, colour, shape) for r in seen)
            ]
    elif {"side", "way"} & set(slots):
        table = (SIDE_WORDS if part == "referent" else WAY_WORDS)["en"]
        asked = {getattr(m, part).relation for m in named}  # for whatever it is named here
        wanted = [Referent(relation=name) for name in table if name not in asked]
    if not wanted:
        raise BadConfig(f"words cannot name what is not in the scene of {meaning.key!r}")
    missing = wanted[int(rng.integers(len(wanted)))]
    if part == "referent":
        return replace(meaning, referent=missing)
    return replace(meaning, target=missing)


def _may_fit(there: Referent, colour: str, shape: str) -> bool:
    """Whether something told of a scene may be called by this colour and shape."""
    if "" != there.colour != colour or not (there.colour or there.shape):
        return False
    if "" in (there.shape, shape) or there.shape == shape:
        return True
    return shape in KINDS.get(there.shape, ()) or there.shape in KINDS.get(shape, ())
