"""Taught: what every kind of supervision has, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from vla_sim.ranges import at_least, whole


@dataclass(frozen=True, kw_only=True)
class TaughtConfig:
    """Settings that every kind of supervision has."""

    weight: float = 0.0
    """How much it counts; 0 leaves it out, cost and all."""
    every: int = 4
    """It is taken on every k-th step, k times as heavy."""

    def __post_init__(self) -> None:
        at_least(0, weight=self.weight)
        whole(1, every=self.every)

    @property
    def watches(self) -> bool:
        """Whether something is reported even where nothing is taught."""
        return False


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What came of one kind of supervision in one step.

    Attributes:
        term: The loss before its weight; None where the step had nothing to learn from.
        watched: What is only reported.
    """

    term: Tensor | None
    watched: Mapping[str, Tensor] = field(default_factory=dict)
