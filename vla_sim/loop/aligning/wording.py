"""Words for meanings: each time a triple enters a batch it is said anew."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.envs.language.codes import decode
from vla_sim.envs.language.corpus import corpus
from vla_sim.envs.language.grammar import say
from vla_sim.records.instruction import LANGUAGES, Language


def draw_texts(
    meanings: NDArray[np.int64],
    rng: np.random.Generator,
    languages: Sequence[Language] = LANGUAGES,
) -> list[str]:
    """One seen paraphrase for each meaning, in a random language.

    Args:
        meanings: Codes of meanings, any shape; read in C order.
        rng: Draws languages, templates and synonyms.
        languages: Those to draw from.
    """
    flat = meanings.ravel().tolist()
    spoken = rng.integers(len(languages), size=len(flat)).tolist()
    return [
        say(decode(m), language=languages[k], split="seen", rng=rng).text
        for m, k in zip(flat, spoken, strict=True)
    ]


def words_for(meanings: NDArray[np.int64]) -> Tokenizer:
    """The vocabulary of all that is said, where training shows it, for intents like these.

    Words that only other intents use are left out. Nobody would train them, and in unseen wording
    of these intents they would mean something at random, where <unknown> is trained.

    Args:
        meanings: Codes of meanings, any shape.
    """
    intents = {decode(meaning).intent_id for meaning in np.unique(meanings).tolist()}
    return Tokenizer.from_corpus(corpus("seen", intents))


class PhraseBank:
    """Some seen phrases for each meaning, to draw from where saying anew would cost too much.

    A meaning's phrases depend on the seed and the meaning alone, not on when it is met.
    """

    def __init__(self, seed: int, n_phrases: int = 24) -> None:
        self.seed = seed
        self._n_phrases = n_phrases
        self._phrases: dict[int, list[str]] = {}

    def draw(self, meanings: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
        """A phrase for each meaning's code, any shape; read in C order."""
        flat = meanings.ravel().tolist()
        picks = rng.integers(self._n_phrases, size=len(flat)).tolist()
        return [self._of(meaning)[k] for meaning, k in zip(flat, picks, strict=True)]

    def _of(self, meaning: int) -> list[str]:
        if meaning not in self._phrases:
            rng = np.random.default_rng([self.seed, meaning])
            self._phrases[meaning] = draw_texts(np.full(self._n_phrases, meaning), rng)
        return self._phrases[meaning]
