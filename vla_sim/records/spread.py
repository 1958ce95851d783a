"""How wide a scene is drawn: as in training, or wider along one of its domain axes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Spread:
    """By how much a scene leaves the distribution that training draws from."""

    layout: float = 0.0
    """Share by which the places of things spread further than in training; 0 is training."""
    start: float = 0.0
    """The same for where and how the robot starts."""
    n_distractors: int = 0
    """Things that stand around and are never asked for."""


TRAINING = Spread()
"""Scenes as training draws them."""
