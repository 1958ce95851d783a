"""Laws of the grammar: one text means one thing, the languages are parallel, words are drawn."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.meanings import MEANINGS
from vla_sim.assets.ground_props import VEHICLE_KINDS
from vla_sim.assets.props import COLOURS, SHAPES
from vla_sim.envs.asking import words_of
from vla_sim.envs.language.arms import ARMS, shown
from vla_sim.envs.language.codes import decode, encode
from vla_sim.envs.language.corpus import corpus, vocabulary
from vla_sim.envs.language.grammar import (
    SPLITS,
    say,
    say_all,
    templates_of,
)
from vla_sim.envs.language.lexicon import MANNER_SLOTS
from vla_sim.envs.language.reader import readings
from vla_sim.envs.language.templates import INTENTS, TEMPLATES
from vla_sim.envs.language.tool_call import from_tool_call
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import TASK_IDS, make_task
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.episode import Arm
from vla_sim.records.instruction import LANGUAGES, Instruction, Language, Meaning, Referent, Split
from vla_sim.records.manner import MANNERS

meanings = st.sampled_from(MEANINGS)
languages = st.sampled_from(LANGUAGES)
splits = st.sampled_from(SPLITS)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def everything() -> list[Instruction]:
    return [
        said
        for meaning in MEANINGS
        for language in LANGUAGES
        for split in SPLITS
        for said in say_all(meaning, language, split)
    ]


def test_codes_and_keys_come_back_as_the_meanings_they_were_made_of() -> None:
    place = Referent(relation="left_of", anchors=(Referent(colour="red", shape="cube"),))
    rows = (
        *MEANINGS,
        Meaning(intent_id="lift", referent=Referent(shape="ball", relation="nearest")),
        Meaning(intent_id="lift", referent=replace(place, colour="blue", size="large")),
        Meaning(intent_id="lift", referent=Referent(colour="blue", shape="ball"), target=place),
    )
    codes = [encode(meaning) for meaning in rows]
    assert [decode(code) for code in codes] == list(rows)
    assert [Meaning.from_key(meaning.key) for meaning in rows] == list(rows)
    assert len(set(codes)) == len({meaning.key for meaning in rows}) == len(rows)
    assert 0 <= min(codes) <= max(codes) < 2**62
    with pytest.raises(ValueError, match="no code"):
        decode(-1)
    with pytest.raises(ValueError, match="no key"):
        Meaning.from_key("lift/red.cube")


@pytest.mark.parametrize("intent_id", INTENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_two_dozen_paraphrases_and_a_quarter_held_out(intent_id: str, language: Language) -> None:
    seen = templates_of(intent_id, language, "seen")
    held_out = templates_of(intent_id, language, "held_out")
    assert len(seen) >= 18
    assert len(held_out) >= 6
    assert len(held_out) / (len(seen) + len(held_out)) == 0.25
    patterns = [t.with_manner for t in (*seen, *held_out)]
    assert len(set(patterns)) == len(patterns)


def test_both_languages_have_the_same_ids_in_the_same_splits() -> None:
    of = {
        language: {
            (t.template_id, t.intent_id, t.split) for t in TEMPLATES if t.language == language
        }
        for language in LANGUAGES
    }
    assert of["en"] == of["zh"]
    assert 2 * len(of["en"]) == len(TEMPLATES)


def test_a_text_has_one_meaning_one_language_and_one_split(everything: list[Instruction]) -> None:
    """Since no two meanings, languages, splits, templates or synonyms spell the same text."""
    spelt = Counter(said.text for said in everything)
    assert [text for text, times in spelt.items() if times > 1] == []


def test_texts_are_clean(everything: list[Instruction]) -> None:
    for said in everything:
        text = said.text
        assert said.template_id not in text
        if said.language == "zh":
            assert re.fullmatch(r"[\u4e00-\u9fff，？]+", text), text
        else:
            assert re.fullmatch(r"[a-z]+([,?]?[ ][a-z]+)*\??", text), text


def test_manner_words_do_not_serve_two_manners_and_normal_has_none() -> None:
    for language in LANGUAGES:
        manners_of: dict[str, set[str]] = defaultdict(set)
        for table in MANNER_SLOTS.values():
            for manner, words in table[language].items():
                assert manner != "normal"
                assert len(words) >= 2
                for word in words:
                    manners_of[word].add(manner)
        assert all(len(manners) == 1 for manners in manners_of.values())
        for template in (t for t in TEMPLATES if t.language == language):
            plain = template.without_manner
            assert not any(word in plain for word in manners_of), plain


@given(meaning=meanings, language=languages, split=splits, seed=seeds)
def test_say_is_determined_by_its_generator(
    meaning: Meaning, language: Language, split: Split, seed: int
) -> None:
    def once() -> Instruction:
        return say(meaning, language=language, split=split, rng=np.random.default_rng(seed))

    said = once()
    assert said == once()
    assert (said.meaning, said.language, said.split) == (meaning, language, split)
    assert said in say_all(meaning, language, split)


@given(meaning=meanings, split=splits, seed=seeds)
def test_equal_generators_say_parallel_paraphrases(
    meaning: Meaning, split: Split, seed: int
) -> None:
    rngs = [np.random.default_rng(seed), np.random.default_rng(seed)]
    en, zh = (
        say(meaning, language=language, split=split, rng=rng)
        for language, rng in zip(LANGUAGES, rngs, strict=True)
    )
    assert en.template_id == zh.template_id
    assert rngs[0].bit_generator.state == rngs[1].bit_generator.state


def test_say_comes_by_every_template() -> None:
    rng = np.random.default_rng(0)
    meaning = MEANINGS[1]
    ids = {say(meaning, language="zh", split="seen", rng=rng).template_id for _ in range(300)}
    assert ids == {t.template_id for t in templates_of(meaning.intent_id, "zh", "seen")}


def test_vocabulary_covers_both_splits_and_is_sorted() -> None:
    words = vocabulary()
    assert words == sorted(set(words))
    known = set(words)
    for split in SPLITS:
        for text in corpus(split):
            assert known.issuperset(re.findall(r"[a-z]+|[\u4e00-\u9fff]", text))
    assert {"red", "slowly", "红", "慢"} <= known


def test_unknown_names_list_what_there_is() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UnknownName, match="'en', 'zh'"):
        templates_of("lift", cast(Any, "fr"), "seen")
    with pytest.raises(UnknownName, match="'held_out', 'seen'"):
        say_all(MEANINGS[0], "en", cast(Any, "test"))
    with pytest.raises(UnknownName, match="'change_lane'"):
        templates_of("dance", "en", "seen")
    with pytest.raises(UnknownName, match="'yellow'"):
        pink = Meaning(intent_id="lift", referent=Referent(colour="pink", shape="cube"))
        say(pink, language="en", split="seen", rng=rng)
    with pytest.raises(UnknownName, match="'swapped'"):
        shown(cast(Any, "silent"), MEANINGS[0], MEANINGS, "en", rng)
    with pytest.raises(UnknownName, match="'en', 'zh'"):
        shown("other_language", MEANINGS[0], MEANINGS, cast(Any, "fr"), rng)


@given(
    arm=st.sampled_from(ARMS),
    candidates=st.lists(meanings, min_size=2, max_size=4, unique_by=lambda m: m.referent),
    language=languages,
    seed=seeds,
)
@settings(max_examples=200)
def test_each_arm_changes_what_it_says_it_changes(
    arm: Arm, candidates: list[Meaning], language: Language, seed: int
) -> None:
    meaning = candidates[0]
    told = shown(arm, meaning, candidates, language, np.random.default_rng(seed))
    assert told == shown(arm, meaning, candidates, language, np.random.default_rng(seed))
    assert (told.text == "") == (arm == "empty")
    assert (told.meaning != meaning) == (arm in ("swapped", "wrong_referent"))
    assert (told.split == "held_out") == (arm == "held_out")
    assert (told.language != language) == (arm == "other_language")
    has_words = any(letter.isalpha() for letter in told.text)
    assert has_words == (arm not in ("empty", "punctuation"))
    if arm == "swapped":
        assert told.meaning in candidates
    if arm == "tool_call":
        assert from_tool_call(told.text) == meaning
    elif has_words:
        assert readings(told.text) == {told.meaning}
    if arm == "wrong_referent":
        wrong = told.meaning
        assert (wrong.intent_id, wrong.manner) == (meaning.intent_id, meaning.manner)
        assert wrong.referent not in {c.referent for c in candidates}


def _placed(values: Mapping[str, NDArray[np.float64]]) -> list[tuple[str, str]]:
    """Colours and shapes of loose things and vehicles in a scene, with a goal or without."""
    for what, kinds in (("shape", SHAPES), ("kind", VEHICLE_KINDS)):
        if what in values:
            pairs = zip(values["colour"], values[what], strict=True)
            return [(tuple(COLOURS)[int(c)], kinds[int(k)]) for c, k in pairs]
    return []


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_the_wrong_referent_is_nowhere_in_the_scene(task_id: str) -> None:
    task = make_task(task_id)
    for seed in range(60):
        scene = task.sample(stream(task_id, seed, "scene"))
        _, told = words_of(scene, draw_spec(task_id, seed, arm="wrong_referent"))
        wrong = told.meaning.referent
        named = [r for g in scene.goals for r in (g.referent, g.target)]
        assert wrong not in named
        if wrong.colour:
            looks = scene.things or named
            assert not any((r.colour, r.shape) == (wrong.colour, wrong.shape) for r in looks)
            if scene.things and not wrong.shape:
                assert all(r.colour != wrong.colour for r in looks)
            for colour, shape in _placed(scene.values):
                assert colour != wrong.colour or wrong.shape not in ("", shape), told.text


def test_another_manner_of_the_same_goal_is_no_swap() -> None:
    rng = np.random.default_rng(0)
    same_goal = MEANINGS[: len(MANNERS)]
    with pytest.raises(BadConfig, match="another goal"):
        shown("swapped", MEANINGS[0], same_goal, "en", rng)
    with pytest.raises(BadConfig, match="another goal"):
        shown("swapped", MEANINGS[0], (), "en", rng)
