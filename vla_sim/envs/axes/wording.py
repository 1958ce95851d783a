"""Wording: sentences whose patterns training never shows."""

import numpy as np

from vla_sim.envs.axes.axis import Axis, Shown
from vla_sim.records.instruction import Language, Split
from vla_sim.records.shift import MAX_SEVERITY


class Wording(Axis):
    """A third, two thirds, or all of the episodes are told in held-out words."""

    shown: Shown = "words"

    def words(
        self, language: Language, split: Split, severity: int, rng: np.random.Generator
    ) -> tuple[Language, Split]:
        """Held-out words, more often with severity."""
        return language, "held_out" if rng.random() < severity / MAX_SEVERITY else split
