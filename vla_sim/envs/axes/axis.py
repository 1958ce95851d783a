"""Axis: one way in which an episode can leave what training sees."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.records.instruction import Language, Split

Shown = Literal["start", "end", "words"]


class Axis:
    """A domain axis; a subclass overrides what it changes, and the rest stays as in training.

    Severities are 1 to 3 here: at severity 0 no axis is asked. An axis draws the same numbers at
    every severity and scales them, so that a seed stays recognisably the same scene.
    """

    shown: Shown = "start"
    """Where its effect can be seen: in an episode's first picture, its last, or its words."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """What one episode takes place under.

        Args:
            plain: The conditions of training, with the task's own camera and light.
            severity: 1 to 3.
            rng: The episode's stream for this purpose.
        """
        return plain

    def words(
        self, language: Language, split: Split, severity: int, rng: np.random.Generator
    ) -> tuple[Language, Split]:
        """Language and split of the episode's instruction."""
        return language, split

    def renderer(self, severity: int) -> str | None:
        """The renderer that a crank must have for it; None for any."""
        return None

    def distractors(self, severity: int) -> bool:
        """Whether a crank must have distractors at hand for it."""
        return False

    def engine(self, severity: int) -> str | None:
        """The engine that a crank must have for it; None for any."""
        return None


def swings(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Random numbers (n,) of either sign and size 1/2 to 1: every episode is shifted visibly."""
    sign = 2.0 * rng.integers(2, size=n) - 1.0
    return np.asarray(sign * rng.uniform(0.5, 1.0, n))
