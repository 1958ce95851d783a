"""Words for meanings: each time a triple enters a batch it is said anew."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.language.grammar import MEANINGS, say
from vla_sim.records.instruction import LANGUAGES, Language


def draw_texts(
    meanings: NDArray[np.int64],
    rng: np.random.Generator,
    languages: Sequence[Language] = LANGUAGES,
) -> list[str]:
    """One seen paraphrase for each meaning, in a random language.

    Args:
        meanings: Indices into MEANINGS, any shape; read in C order.
        rng: Draws languages, templates and synonyms.
        languages: Those to draw from.
    """
    flat = meanings.ravel().tolist()
    spoken = rng.integers(len(languages), size=len(flat)).tolist()
    return [
        say(MEANINGS[m], language=languages[k], split="seen", rng=rng).text
        for m, k in zip(flat, spoken, strict=True)
    ]


def phrase_bank(rng: np.random.Generator, n_phrases: int = 24) -> list[list[str]]:
    """Some seen phrases for each meaning, to draw from where saying anew would cost too much."""
    return [draw_texts(np.full(n_phrases, m), rng) for m in range(len(MEANINGS))]
