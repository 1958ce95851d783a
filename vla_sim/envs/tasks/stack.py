"""Stack: put the object that was named on top of another one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import SHAPES
from vla_sim.envs.chain import goals_with_room
from vla_sim.envs.frames.carry_task import CarryTask, CarryTaskConfig
from vla_sim.envs.scenery.layout import scatter, widened
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Scene
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import N_GOALS

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

BASES = ("cube", "cylinder")
"""What has a flat top to put things on."""


@dataclass(frozen=True, kw_only=True)
class StackConfig(CarryTaskConfig):
    """Settings of Stack."""

    on_top_m: float = 0.018
    """The centre of what stands on a base is this close to the base's, sideways."""
    gap_m: float = 0.006
    """And its bottom this close to the base's top."""
    n_objects: int = 3
    horizon_s: float = 12.0
    hold_steps: int = 8

    def build(self) -> "Stack":
        """The task with these settings."""
        return Stack(self)


class Stack(CarryTask):
    """Loose objects; two of them at least have a flat top, and nothing is put on a ball."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__(config)
        self.config = config

    def bind(self, engine: Engine) -> None:
        """Find the objects in the compiled engine."""
        super().bind(engine)
        self._base = np.zeros((engine.n, N_GOALS), dtype=np.int64)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects apart from each other; up to N_GOALS pairs of a top and a base are goals."""
        c = self.config
        low, high = widened(c.object_low, c.object_high, spread.layout)
        xy = scatter(rng, c.n_objects, low, high, c.min_distance_m)
        shapes = [str(shape) for shape in rng.choice(BASES, 2)]
        shapes += [str(shape) for shape in rng.choice(SHAPES, c.n_objects - 2)]
        values, things = self.sample_objects(rng, xy, shapes=shapes)
        pairs = [
            (top, base)
            for base in range(c.n_objects)
            for top in range(c.n_objects)
            if top != base and shapes[base] in BASES
        ]
        pairs = [pairs[k] for k in rng.permutation(len(pairs))[:N_GOALS]]
        goals = [
            Goal(intent_id="stack", referent=things[top], target=things[base], outcome=outcome)
            for outcome, (top, base) in enumerate(pairs)
        ]
        per_goal = {
            "asked": np.eye(c.n_objects)[[top for top, _ in pairs]],
            "base": np.array([base for _, base in pairs], dtype=np.float64),
        }
        return self.scene(self.sample_start(rng, spread), goals, values, per_goal, things)

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """What has nothing on it, onto what has nothing on it."""
        return goals_with_room(scene.goals, asked)

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        super().write(ids, scenes)
        for slot, scene in zip(ids, scenes, strict=True):
            self._base[slot] = scene.values["base"].astype(np.int64)

    def belongs(self) -> Floats:
        """(n, N_GOALS, K, 3): the middle of the base's top."""
        top = self.objects.position().copy()
        top[:, :, 2] += self.objects.half_height
        place = top[np.arange(len(top))[:, None], self._base]
        return np.repeat(place[:, :, None], len(self.objects.names), axis=2)

    def shows_place(self) -> Floats:
        """(n, N_GOALS, K, 3): the base."""
        place = self.belongs()
        row = np.arange(len(place))[:, None]
        place[:, :, :, 2] -= self.objects.half_height[row, self._base][:, :, None]
        return place

    def about(self, goal: Ids) -> NDArray[np.bool_]:
        """(n, K): the object and its base."""
        about = super().about(goal)
        row = np.arange(len(goal))
        about[row, self._base[row, goal]] = True
        return about

    def is_there(self, goal: Ids) -> NDArray[np.bool_]:
        """(n, K): whether each object stands on the goal's base."""
        place = self.belongs()[np.arange(len(goal)), goal]
        position = self.objects.position()
        x, y = position[:, :, 0] - place[:, :, 0], position[:, :, 1] - place[:, :, 1]
        gap = self.height() - place[:, :, 2]
        on_top = x**2 + y**2 < self.config.on_top_m**2
        there: NDArray[np.bool_] = on_top & (np.abs(gap) < self.config.gap_m)
        return there
