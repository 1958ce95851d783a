"""SortByColour: put all objects of the colour that was named into the tray that was named."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS
from vla_sim.assets.table_places import TRAY_SHAPE
from vla_sim.envs.chain import goals_with_room
from vla_sim.envs.frames.carry_task import DOWN_M, CarryTask, CarryTaskConfig
from vla_sim.envs.scenery.layout import scatter, widened
from vla_sim.envs.scenery.looks import pick_colours
from vla_sim.envs.scenery.places import Places
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import N_GOALS

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

SHAPES = ("cube", "ball")
"""Low things: the palm of a hand at a tray passes above them."""


@dataclass(frozen=True, kw_only=True)
class SortByColourConfig(CarryTaskConfig):
    """Settings of SortByColour."""

    n_each: int = 2
    """Objects of each of the two colours that are asked for; others are of a third."""
    n_objects: int = 4
    slot_m: float = 0.036
    """Objects are put this far before and behind the middle of a tray."""
    object_low: tuple[float, float] = (0.36, -0.10)
    object_high: tuple[float, float] = (0.62, 0.10)
    min_distance_m: float = 0.10
    tray_low: tuple[float, float] = (0.43, 0.20)
    tray_high: tuple[float, float] = (0.55, 0.24)
    """Middle of the tray on the right of the picture; the other one lies across from it."""
    horizon_s: float = 22.0

    def build(self) -> "SortByColour":
        """The task with these settings."""
        return SortByColour(self)


class SortByColour(CarryTask):
    """Two trays of two colours, and objects of the same two colours, two of each."""

    def __init__(self, config: SortByColourConfig) -> None:
        super().__init__(config)
        self.config = config
        self.trays = Places(n_places=2, shapes=(TRAY_SHAPE,))

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Trays and objects."""
        self.trays.add_to(spec)
        super().add_things(spec)

    def bind(self, engine: Engine) -> None:
        """Find trays and objects in the compiled engine."""
        super().bind(engine)
        self.trays.bind(engine)
        self._tray = np.zeros((engine.n, N_GOALS), dtype=np.int64)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects between the trays; either colour may go into either tray."""
        c = self.config
        low, high = widened(c.object_low, c.object_high, spread.layout)
        xy = scatter(rng, c.n_objects, low, high, c.min_distance_m)
        low, high = widened(c.tray_low, c.tray_high, spread.layout)
        trays_xy = rng.uniform(low, high, (2, 2)) * [[1.0, 1.0], [1.0, -1.0]]
        colours = pick_colours(rng, COLOURS, 3)
        which = np.repeat([0, 1, 2], [c.n_each, c.n_each, c.n_objects - 2 * c.n_each])
        shapes = [str(shape) for shape in rng.choice(SHAPES, c.n_objects)]
        painted = [colours[k] for k in which]
        values, things = self.sample_objects(rng, xy, colours=painted, shapes=shapes)
        order = rng.permutation(2)
        tray_values, trays = self.trays.sample(rng, trays_xy, [colours[k] for k in order])
        pairs = [divmod(int(pair), 2) for pair in rng.permutation(4)]
        goals = [
            Goal(
                intent_id="sort",
                referent=Referent(colour=colours[colour]),
                target=trays[tray],
                outcome=outcome,
            )
            for outcome, (colour, tray) in enumerate(pairs)
        ]
        per_goal = {
            "asked": np.array([which == colour for colour, _ in pairs], dtype=np.float64),
            "tray": np.array([tray for _, tray in pairs], dtype=np.float64),
        }
        start = self.sample_start(rng, spread)
        return self.scene(start, goals, {**values, **tray_values}, per_goal, (*things, *trays))

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Into a tray that is empty."""
        return goals_with_room(scene.goals, asked)

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place trays and objects."""
        super().write(ids, scenes)
        self.trays.write(ids, [scene.values for scene in scenes])
        for slot, scene in zip(ids, scenes, strict=True):
            self._tray[slot] = scene.values["tray"].astype(np.int64)

    def belongs(self) -> Floats:
        """(n, N_GOALS, K, 3): where an object of the goal's colour lies in its tray, or shall lie.

        What lies in the tray stays where it is; what does not is put as far from that as can be.
        The picture shows which slot is free, so this asks for no more than it shows.
        """
        n_each, row = self.config.n_each, np.arange(len(self._tray))[:, None]
        at, middle = self.objects.position(), self.trays.xy[row, self._tray]
        low = (self.height() < DOWN_M)[:, None]
        inside = self.trays.contains(at)[row, self._tray]
        lies = self.asked & inside & low
        slot_x = self.config.slot_m * (2.0 * np.arange(n_each) / (n_each - 1) - 1.0)
        slot_x = middle[:, :, None, 0] + slot_x
        room = np.abs(slot_x[:, :, :, None] - at[:, None, None, :, 0])
        room = np.where(lies[:, :, None, :], room, np.inf).min(axis=3)
        free = np.take_along_axis(slot_x, np.argmax(room, axis=2)[:, :, None], axis=2)
        place = np.zeros((*self.asked.shape, 3))
        place[..., 0] = np.where(lies, at[:, None, :, 0], free)
        place[..., 1] = np.where(lies, at[:, None, :, 1], middle[:, :, None, 1])
        return place

    def is_there(self, goal: Ids) -> NDArray[np.bool_]:
        """(n, K): whether each object lies in the goal's tray."""
        row = np.arange(len(goal))
        inside = self.trays.contains(self.objects.position())[row, self._tray[row, goal]]
        return inside & (self.height() < DOWN_M)

    def judge(self, goal: Ids) -> Outcome:
        """Success when all objects of the colour lie in the tray; named if one lies in the other.

        Also named when an object of another colour was left in the goal's tray.
        """
        outcome = super().judge(goal)
        row = np.arange(len(goal))
        low = (self.height() < DOWN_M) & self.is_released()
        inside = self.trays.contains(self.objects.position()) & low[:, None]
        asked, tray = self.asked[row, goal], self._tray[row, goal]
        wrong = (inside[row, tray] & ~asked) | (inside[row, 1 - tray] & asked)
        return Outcome(
            success=outcome.success,
            failure=outcome.failure,
            reward_terms=outcome.reward_terms,
            violations={**outcome.violations, "wrong_place": np.any(wrong, axis=1)},
        )
