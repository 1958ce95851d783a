"""PickPlace: put the object that was named on the pad that was named."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS
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


@dataclass(frozen=True, kw_only=True)
class PickPlaceConfig(CarryTaskConfig):
    """Settings of PickPlace."""

    n_objects: int = 2
    n_pads: int = 2
    horizon_s: float = 12.0

    def build(self) -> "PickPlace":
        """The task with these settings."""
        return PickPlace(self)


class PickPlace(CarryTask):
    """Loose objects and painted pads, all of different colours; each object may go to each pad."""

    def __init__(self, config: PickPlaceConfig) -> None:
        super().__init__(config)
        self.config = config
        self.pads = Places(n_places=config.n_pads, shapes=PAD_SHAPES)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Pads and objects."""
        self.pads.add_to(spec)
        super().add_things(spec)

    def bind(self, engine: Engine) -> None:
        """Find pads and objects in the compiled engine."""
        super().bind(engine)
        self.pads.bind(engine)
        self._pad = np.zeros((engine.n, N_GOALS), dtype=np.int64)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects and pads apart from each other; up to N_GOALS pairs of them are goals."""
        c = self.config
        low, high = widened(c.object_low, c.object_high, spread.layout)
        xy = scatter(rng, c.n_objects + c.n_pads, low, high, c.min_distance_m)
        colours = pick_colours(rng, COLOURS, len(xy))
        k = c.n_objects
        values, things = self.sample_objects(rng, xy[:k], colours=colours[:k])
        pad_values, pads = self.pads.sample(rng, xy[k:], colours[k:])
        pairs = [divmod(int(pair), c.n_pads) for pair in rng.permutation(k * c.n_pads)[:N_GOALS]]
        goals = [
            Goal(intent_id="pick_place", referent=things[a], target=pads[b], outcome=outcome)
            for outcome, (a, b) in enumerate(pairs)
        ]
        per_goal = {
            "asked": np.eye(k)[[a for a, _ in pairs]],
            "pad": np.array([b for _, b in pairs], dtype=np.float64),
        }
        start = self.sample_start(rng, spread)
        return self.scene(start, goals, {**values, **pad_values}, per_goal, (*things, *pads))

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """To a pad that is free."""
        return goals_with_room(scene.goals, asked)

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place pads and objects."""
        super().write(ids, scenes)
        self.pads.write(ids, [scene.values for scene in scenes])
        for slot, scene in zip(ids, scenes, strict=True):
            self._pad[slot] = scene.values["pad"].astype(np.int64)

    def belongs(self) -> Floats:
        """(n, N_GOALS, K, 3): the middle of the goal's pad."""
        place = np.zeros((*self.asked.shape, 3))
        middle = self.pads.xy[np.arange(len(self._pad))[:, None], self._pad]
        place[:, :, :, :2] = middle[:, :, None]
        return place

    def is_there(self, goal: Ids) -> NDArray[np.bool_]:
        """(n, K): whether each object stands on the goal's pad."""
        row = np.arange(len(goal))
        on_pad = self.pads.contains(self.objects.position())[row, self._pad[row, goal]]
        return on_pad & (self.height() < DOWN_M)

    def judge(self, goal: Ids) -> Outcome:
        """Success when the object stands on its pad; named if it was left on another one."""
        outcome = super().judge(goal)
        row = np.arange(len(goal))
        on_other = self.pads.contains(self.objects.position())
        on_other[row, self._pad[row, goal]] = False
        left = on_other.any(axis=1) & (self.height() < DOWN_M) & self.is_released()
        wrong = np.any(left & self.asked[row, goal], axis=1)
        return Outcome(
            success=outcome.success,
            failure=outcome.failure,
            reward_terms=outcome.reward_terms,
            violations={**outcome.violations, "wrong_place": wrong},
        )
