"""Language: the instruction is said in the other language."""

import numpy as np

from vla_sim.envs.axes.axis import Axis, Shown
from vla_sim.records.instruction import LANGUAGES, Language, Split
from vla_sim.records.shift import MAX_SEVERITY


class OtherLanguage(Axis):
    """A third, two thirds, or all of the episodes are told in the other language."""

    shown: Shown = "words"

    def words(
        self, language: Language, split: Split, severity: int, rng: np.random.Generator
    ) -> tuple[Language, Split]:
        """The other language, more often with severity."""
        if rng.random() >= severity / MAX_SEVERITY:
            return language, split
        return LANGUAGES[(LANGUAGES.index(language) + 1) % len(LANGUAGES)], split
