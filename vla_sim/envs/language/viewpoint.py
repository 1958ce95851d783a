"""Viewpoint: what words can tell of a scene, and where the one stands who tells it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vla_sim.envs.language.lexicon import KINDS
from vla_sim.records.instruction import Referent


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something that stands somewhere, in the picture's frame on the ground."""

    colour: str
    shape: str
    size: str = ""
    """Empty where things of its kind come in one size."""
    right_m: float
    away_m: float

    def fits(self, referent: Referent) -> bool:
        """Whether colour, shape and size of a phrase are true of it, wherever it stands."""
        shapes = ("", self.shape, *(k for k, kinds in KINDS.items() if self.shape in kinds))
        return (
            referent.colour in ("", self.colour)
            and referent.shape in shapes
            and referent.size in ("", self.size)
        )


@dataclass(frozen=True, kw_only=True)
class Viewpoint:
    """Who tells left from right.

    Left and right, near and far can be told along the ground or as seen from the eye, and away from
    the picture's middle the two differ. Words are used only where both agree.
    """

    right_m: float
    away_m: float
    """Where the eye is, in the things' frame; all things lie farther away."""
    gap_m: float
    """Ranks are told only between centres that are this far apart, by either measure: about four
    pixels of a 64 px picture, the width of a small thing."""
    noun: str = ""
    """The shape that all things here are kinds of: "pad"."""

    def across(self, thing: Thing, things: Sequence[Thing]) -> tuple[float, float]:
        """How far right, along the ground and as seen; larger is more to the right [m]."""
        depth = sum(t.away_m for t in things) / len(things) - self.away_m
        seen = depth * (thing.right_m - self.right_m) / (thing.away_m - self.away_m)
        return thing.right_m - self.right_m, seen

    def away(self, thing: Thing) -> tuple[float, float]:
        """How far away, along the ground and as the crow flies [m]."""
        forward = thing.away_m - self.away_m
        return forward, math.hypot(forward, thing.right_m - self.right_m)
