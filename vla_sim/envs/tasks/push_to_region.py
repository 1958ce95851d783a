"""PushToRegion: push the object that was named over the table into the region that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS, GLAZED
from vla_sim.assets.table_places import PAD_SHAPES
from vla_sim.envs.chain import goals_with_room
from vla_sim.envs.frames.carry_task import DOWN_M, CarryTask, CarryTaskConfig
from vla_sim.envs.scenery.layout import scatter, widened
from vla_sim.envs.scenery.looks import pick_colours
from vla_sim.envs.scenery.places import Places
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import N_GOALS

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHAPES = ("cube", "cylinder")
"""What does not roll away."""


@dataclass(frozen=True, kw_only=True)
class PushToRegionConfig(CarryTaskConfig):
    """Settings of PushToRegion."""

    n_objects: int = 2
    n_regions: int = 2
    region_radius_m: float = 0.07
    lifted_m: float = 0.02
    """An object that was this high above the table was lifted."""
    shortest_m: float = 0.12
    longest_m: float = 0.30
    """How far things are pushed."""
    behind_m: float = 0.06
    """The hand comes down this far behind a thing; there and along the way,"""
    clearance_m: float = 0.09
    """other things are this far away."""
    reach_m: tuple[float, float] = (0.40, 0.68)
    """The hand comes down this far from the arm's base."""
    object_low: tuple[float, float] = (0.40, -0.20)
    object_high: tuple[float, float] = (0.60, 0.20)
    horizon_s: float = 15.0

    def build(self) -> "PushToRegion":
        """The task with these settings."""
        return PushToRegion(self)


class PushToRegion(CarryTask):
    """Cubes and cylinders, and painted regions; who was lifted does not count any more."""

    def __init__(self, config: PushToRegionConfig) -> None:
        super().__init__(config, sliding_friction=GLAZED)
        self.config = config
        self.regions = Places(
            n_places=config.n_regions, shapes=PAD_SHAPES, radius_m=config.region_radius_m
        )

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Regions and objects."""
        self.regions.add_to(spec)
        super().add_things(spec)

    def bind(self, engine: Engine) -> None:
        """Find regions and objects in the compiled engine."""
        super().bind(engine)
        self.regions.bind(engine)
        self._region = np.zeros((engine.n, N_GOALS), dtype=np.int64)
        self._lifted = np.zeros((engine.n, len(self.objects.names)), dtype=bool)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects and regions with free ways between them: at least two for two objects each."""
        c = self.config
        low, high = widened(c.object_low, c.object_high, spread.layout)
        k = c.n_objects
        while True:
            xy = scatter(rng, k + c.n_regions, low, high, c.min_distance_m)
            pairs = [
                (thing, region)
                for thing in range(k)
                for region in range(c.n_regions)
                if self._is_free(xy[:k], thing, xy[k + region])
            ]
            if all(sum(thing == t for t, _ in pairs) > 1 for thing in range(2)):
                break
        # The first two objects have two ways each: the picture says neither which one nor where.
        pairs = [pair for pair in pairs if pair[0] < 2]
        pairs = [pairs[p] for p in rng.permutation(len(pairs))[:N_GOALS]]
        colours = pick_colours(rng, COLOURS, len(xy))
        shapes = [str(shape) for shape in rng.choice(SHAPES, k)]
        values, things = self.sample_objects(rng, xy[:k], colours=colours[:k], shapes=shapes)
        region_values, regions = self.regions.sample(rng, xy[k:], colours[k:])
        goals = [
            Goal(intent_id="push", referent=things[a], target=regions[b], outcome=outcome)
            for outcome, (a, b) in enumerate(pairs)
        ]
        per_goal = {
            "asked": np.eye(k)[[a for a, _ in pairs]],
            "region": np.array([b for _, b in pairs], dtype=np.float64),
        }
        start = self.sample_start(rng, spread)
        there = (*things, *regions)
        return self.scene(start, goals, {**values, **region_values}, per_goal, there)

    def _is_free(self, things: Floats, thing: int, region: Floats) -> bool:
        """Whether one of the things (K, 2) can be pushed to a region without meeting another."""
        c = self.config
        way = region - things[thing]
        length = float(np.sqrt((way**2).sum()))
        if not c.shortest_m <= length <= c.longest_m:
            return False
        behind = things[thing] - c.behind_m * way / length
        near, far = c.reach_m
        if not near**2 <= (behind**2).sum() <= far**2:
            return False
        others = np.delete(things, thing, axis=0) - behind
        along = np.clip(others @ way / length, 0.0, length + c.behind_m)
        off = others - along[:, None] * way / length
        return bool(((off**2).sum(axis=1) > c.clearance_m**2).all())

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Into a region that is empty."""
        return goals_with_room(scene.goals, asked)

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place regions and objects; nothing has been lifted yet."""
        super().write(ids, scenes)
        self.regions.write(ids, [scene.values for scene in scenes])
        for slot, scene in zip(ids, scenes, strict=True):
            self._region[slot] = scene.values["region"].astype(np.int64)
        self._lifted[ids] = False

    def after_step(self, goal: Ids) -> None:
        """Note what is off the table."""
        self._lifted |= self.height() > self.config.lifted_m

    def belongs(self) -> Floats:
        """(n, N_GOALS, K, 3): the middle of the goal's region."""
        place = np.zeros((*self.asked.shape, 3))
        middle = self.regions.xy[np.arange(len(self._region))[:, None], self._region]
        place[:, :, :, :2] = middle[:, :, None]
        return place

    def is_there(self, goal: Ids) -> Bools:
        """(n, K): whether each object is in the goal's region and never left the table."""
        row = np.arange(len(goal))
        inside = self.regions.contains(self.objects.position())[row, self._region[row, goal]]
        return inside & (self.height() < DOWN_M) & ~self._lifted

    def is_released(self) -> Bools:
        """(n, K) all: what is pushed is never held."""
        return np.ones_like(self._lifted)

    def subgoals(self, goal: Ids) -> Mapping[str, Floats]:
        """To get to the object, and to push it into the region: nothing is taken."""
        return {name: left for name, left in super().subgoals(goal).items() if name != "to_take"}

    def judge(self, goal: Ids) -> Outcome:
        """Success when the object rests in its region; lost once it was lifted."""
        outcome = super().judge(goal)
        lifted = np.any(self._lifted & self.asked[np.arange(len(goal)), goal], axis=1)
        return Outcome(
            success=outcome.success,
            failure=lifted,
            reward_terms=outcome.reward_terms,
            violations={**outcome.violations, "lifted": lifted},
        )
