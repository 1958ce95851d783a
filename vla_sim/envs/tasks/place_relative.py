"""PlaceRelative: put the object that was named beside another one, on the side that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.frames.carry_task import DOWN_M, CarryTask, CarryTaskConfig
from vla_sim.envs.scenery.layout import scatter, widened
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import N_GOALS

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Side = Floats | Sequence[float]

SIDES: Mapping[str, tuple[float, float]] = {
    "left_of": (0.0, -1.0),
    "right_of": (0.0, 1.0),
    "in_front_of": (1.0, 0.0),
    "behind": (-1.0, 0.0),
}
"""As seen in the picture: the camera looks at the arm from the far side of the table."""


@dataclass(frozen=True, kw_only=True)
class PlaceRelativeConfig(CarryTaskConfig):
    """Settings of PlaceRelative."""

    beside_m: float = 0.13
    """The expert puts things this far from the anchor: room for the palm of the hand."""
    nearest_m: float = 0.06
    farthest_m: float = 0.20
    """A thing is beside the anchor when it is this far to its side,"""
    slant: float = 0.6
    """and at most this share of that off the axis."""
    shortest_m: float = 0.08
    """Things are carried at least this far."""
    stays_m: float = 0.03
    """The anchor may move this far from where it was when it was asked for."""
    place_low: tuple[float, float] = (0.38, -0.27)
    place_high: tuple[float, float] = (0.66, 0.27)
    """Where things can be put."""
    n_objects: int = 3
    horizon_s: float = 12.0

    def build(self) -> "PlaceRelative":
        """The task with these settings."""
        return PlaceRelative(self)


class PlaceRelative(CarryTask):
    """Loose objects; four (object, side, anchor) whose place is free are goals."""

    def __init__(self, config: PlaceRelativeConfig) -> None:
        super().__init__(config)
        self.config = config

    def bind(self, engine: Engine) -> None:
        """Find the objects in the compiled engine."""
        super().bind(engine)
        self._anchor = np.zeros((engine.n, N_GOALS), dtype=np.int64)
        self._side = np.zeros((engine.n, N_GOALS, 2))
        self._stood = np.zeros((engine.n, len(self.objects.names), 2))

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects apart from each other, with two goals each for two of them."""
        c = self.config
        low, high = widened(c.object_low, c.object_high, spread.layout)
        while True:
            xy = scatter(rng, c.n_objects, low, high, c.min_distance_m)
            chosen = self._choose(rng, xy)
            if chosen is not None:
                break
        values, things = self.sample_objects(rng, xy)
        goals = [
            Goal(
                intent_id="place_relative",
                referent=things[mover],
                target=Referent(relation=side, anchors=(things[anchor],)),
                outcome=outcome,
            )
            for outcome, (mover, side, anchor) in enumerate(chosen)
        ]
        per_goal = {
            "asked": np.eye(c.n_objects)[[mover for mover, _, _ in chosen]],
            "anchor": np.array([anchor for _, _, anchor in chosen], dtype=np.float64),
            "side": np.array([SIDES[side] for _, side, _ in chosen]),
        }
        return self.scene(self.sample_start(rng, spread), goals, values, per_goal, things)

    def _choose(self, rng: np.random.Generator, xy: Floats) -> list[tuple[int, str, int]] | None:
        """Two goals each for two objects, none of which brings another one about; None if none."""
        chosen: list[tuple[int, str, int]] = []
        for mover in rng.permutation(len(xy))[:2].tolist():
            free = [
                (mover, side, anchor)
                for anchor in range(len(xy))
                for side in SIDES
                if anchor != mover and self._is_free(xy, mover, SIDES[side], anchor)
            ]
            pairs = [
                (one, other)
                for one in free
                for other in free
                if not self._includes(xy, one, other) and not self._includes(xy, other, one)
            ]
            if not pairs:
                return None
            chosen += pairs[int(rng.integers(len(pairs)))]
        return chosen

    def _place(self, xy: Floats, side: Side, anchor: int) -> Floats:
        place: Floats = xy[anchor] + self.config.beside_m * np.array(side)
        return place

    def _includes(self, xy: Floats, one: tuple[int, str, int], other: tuple[int, str, int]) -> bool:
        """Whether a goal's place lies on another goal's side of its anchor."""
        (_, side, anchor), (_, own_side, own_anchor) = other, one
        place = self._place(xy, SIDES[own_side], own_anchor)
        return self._is_beside(place, xy[anchor], SIDES[side])

    def _is_free(self, xy: Floats, mover: int, side: Side, anchor: int) -> bool:
        c = self.config
        place = self._place(xy, side, anchor)
        others = np.delete(xy, mover, axis=0)
        away = np.sqrt(((others - place) ** 2).sum(axis=1))
        inside = bool(np.all(place >= c.place_low) and np.all(place <= c.place_high))
        far = bool(np.sqrt(((xy[mover] - place) ** 2).sum()) > c.shortest_m)
        room = bool((away > c.min_distance_m - 0.01).all())
        return inside and far and room and not self._is_beside(xy[mover], xy[anchor], side)

    def _is_beside(self, thing: Floats, anchor: Floats, side: Side) -> bool:
        beside = _beside(self.config, thing[None] - anchor, np.array(side)[None])
        return bool(beside[0])

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """To places that are free now, beside what was not moved."""
        xy, sides = scene.values["xy"].copy(), scene.values["side"]
        movers = np.argmax(scene.values["asked"], axis=1)
        anchors = scene.values["anchor"].astype(np.int64)
        for k in asked:
            xy[movers[k]] = self._place(xy, sides[k], anchors[k])
        moved = movers[list(asked)]
        return [
            k
            for k in range(len(scene.goals))
            if anchors[k] not in moved and self._is_free(xy, movers[k], sides[k], anchors[k])
        ]

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        super().write(ids, scenes)
        for slot, scene in zip(ids, scenes, strict=True):
            self._anchor[slot] = scene.values["anchor"].astype(np.int64)
            self._side[slot] = scene.values["side"]
            self._stood[slot] = scene.values["xy"]

    def carried_out(self, ids: Ids, goal: Ids) -> None:
        """Note where things stand by now: what was nudged before is no fault of what comes."""
        self._stood[ids] = self.objects.position()[ids, :, :2]

    def belongs(self) -> Floats:
        """(n, N_GOALS, K, 3): on the table beside the anchor."""
        position = self.objects.position()
        anchor = position[np.arange(len(position))[:, None], self._anchor][:, :, :2]
        place = np.zeros((*self.asked.shape, 3))
        place[:, :, :, :2] = (anchor + self.config.beside_m * self._side)[:, :, None]
        return place

    def shows_place(self) -> Floats:
        """(n, N_GOALS, K, 3): the anchor; the place beside it is bare."""
        position = self.objects.position()
        anchor = position[np.arange(len(position))[:, None], self._anchor]
        return np.repeat(anchor[:, :, None], len(self.objects.names), axis=2)

    def about(self, goal: Ids) -> NDArray[np.bool_]:
        """(n, K): the object and its anchor."""
        about = super().about(goal)
        row = np.arange(len(goal))
        about[row, self._anchor[row, goal]] = True
        return about

    def is_there(self, goal: Ids) -> NDArray[np.bool_]:
        """(n, K): whether each object stands on that side of the anchor, and that stayed."""
        row = np.arange(len(goal))
        position = self.objects.position()
        anchor = position[row, self._anchor[row, goal]]
        offset = position[:, :, :2] - anchor[:, None, :2]
        beside = _beside(self.config, offset, self._side[row, goal][:, None])
        there: NDArray[np.bool_] = beside & (self.height() < DOWN_M)
        return there & ~self._has_moved(goal)[:, None]

    def _has_moved(self, goal: Ids) -> NDArray[np.bool_]:
        row = np.arange(len(goal))
        anchor = self._anchor[row, goal]
        offset = self.objects.position()[row, anchor, :2] - self._stood[row, anchor]
        moved: NDArray[np.bool_] = offset[:, 0] ** 2 + offset[:, 1] ** 2 > self.config.stays_m**2
        return moved

    def judge(self, goal: Ids) -> Outcome:
        """Success when the object stands at the anchor's side; named if the anchor was moved."""
        outcome = super().judge(goal)
        return Outcome(
            success=outcome.success,
            failure=outcome.failure,
            reward_terms=outcome.reward_terms,
            violations={**outcome.violations, "anchor_moved": self._has_moved(goal)},
        )


def _beside(config: PlaceRelativeConfig, offset: Floats, side: Floats) -> NDArray[np.bool_]:
    """Whether offsets (..., 2) from the anchor lie on its side, a unit vector (..., 2) [m]."""
    along = offset[..., 0] * side[..., 0] + offset[..., 1] * side[..., 1]
    off = np.abs(offset[..., 0] * side[..., 1] - offset[..., 1] * side[..., 0])
    within = (along > config.nearest_m) & (along < config.farthest_m)
    beside: NDArray[np.bool_] = within & (off < config.slant * along)
    return beside
