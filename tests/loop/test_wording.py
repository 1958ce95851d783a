"""Words: a learner knows those that its own intents are told with, and no others."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.meanings import MEANINGS
from vla_sim.align.checkpoint import vocabulary_of
from vla_sim.align.encoders.tokenizer import UNKNOWN, Tokenizer
from vla_sim.envs.language.codes import encode
from vla_sim.envs.language.corpus import corpus
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.aligning.wording import draw_texts, words_for
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig, StationConfig
from vla_sim.recipes import align as recipes


def codes(*intents: str) -> NDArray[np.int64]:
    return np.array([encode(m) for m in MEANINGS if m.intent_id in intents], np.int64)


def test_words_that_only_other_intents_use_are_unknown() -> None:
    """ "The red cube should not stay on the table" is unseen; "stay" was of a car in its lane."""
    words = words_for(codes("lift"))
    goes, stay, lift, hurry = words.encode("goes stay lift hurry")[1:]
    assert (goes, stay) == (UNKNOWN, UNKNOWN)
    assert UNKNOWN not in (lift, hurry)
    every = Tokenizer.from_corpus(corpus("seen"))
    assert UNKNOWN not in every.encode("goes stay")


def test_every_word_of_what_is_said_in_training_is_known() -> None:
    meanings = codes("lift", "reach")
    words, rng = words_for(meanings), np.random.default_rng(0)
    for _ in range(20):
        for text in draw_texts(meanings, rng):
            assert UNKNOWN not in words.encode(text), text


def test_a_learner_that_is_gone_on_with_keeps_its_words(tmp_path: Path) -> None:
    """Those of a run that an older version began are of all intents."""
    stations = StationConfig(n_slots=2)
    reach = SimulatorsConfig(task_ids=("vla_sim/Reach-v1",), stations=stations)
    rows = Simulators(reach).collect(None, expert_share=1.0, n_rows=8).steps
    every = Tokenizer.from_corpus(corpus("seen"))
    config = recipes.glance().learner
    begun = Learner(config, image_size=64, seed=0, first_steps=rows, vocabulary=every)
    begun.save(tmp_path, {})
    saved = vocabulary_of(tmp_path / "trainer")
    assert saved.words == every.words
    again = Learner(config, image_size=64, seed=1, first_steps=rows, vocabulary=saved)
    again.load(tmp_path)
    fresh = Learner(config, image_size=64, seed=1, first_steps=rows)
    assert len(fresh.trainer.model.tokenizer) < len(every)
