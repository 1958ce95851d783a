"""What every task shares that ends with loose objects in other places, let go of and at rest."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import RUBBER
from vla_sim.envs.frames.arm_task import HAND_AT_M, ArmTask, ArmTaskConfig
from vla_sim.envs.frames.scene_task import Floats, Ids
from vla_sim.envs.scenery.table_objects import TableObjects
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Points, Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.things import Things
from vla_sim.records.triple import N_GOALS, PLACE, THING

Bools = NDArray[np.bool_]

LIFTED_M = 0.04
"""An object that nobody asked for, this high above the table, is the wrong one."""
DOWN_M = 0.01
"""What stands this close above its place stands on it."""
_STAYS_M, _STAYS_ABOVE_M = 0.03, 0.012
"""What lies free this close to its place, sideways and in height, is left there: it is the next
one's turn, as the expert sees it."""
_RELEASED_WIDTH_M = 0.062
_RELEASED_DISTANCE_M = 0.06
"""The hand has let go when it is open wider than any object, or this far away."""
_RAISE_M = 0.1
"""How far what is carried goes up, and down again; part of the expert's path."""


@dataclass(frozen=True, kw_only=True)
class CarryTaskConfig(ArmTaskConfig):
    """Settings that every task has that carries objects."""

    n_objects: int
    object_low: tuple[float, float] = (0.38, -0.20)
    object_high: tuple[float, float] = (0.60, 0.20)
    min_distance_m: float = 0.13
    """Between the centres of any two things: room for the palm of a hand at one of them."""
    start_low: tuple[float, float, float] = (0.40, -0.10, 0.20)
    start_high: tuple[float, float, float] = (0.50, 0.10, 0.28)


class CarryTask(ArmTask):
    """Loose objects, some of which each goal asks for; a task says where these belong."""

    def __init__(self, config: CarryTaskConfig, *, sliding_friction: float = RUBBER) -> None:
        super().__init__(config)
        self.objects = TableObjects(
            n_objects=config.n_objects, free=True, sliding_friction=sliding_friction
        )

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Objects."""
        self.objects.add_to(spec)

    def bind(self, engine: Engine) -> None:
        """Find the objects in the compiled engine."""
        super().bind(engine)
        self.objects.bind(engine)
        self.asked = np.zeros((engine.n, N_GOALS, len(self.objects.names)), dtype=bool)
        """(n, N_GOALS, K) which objects each goal asks for."""

    def sample_objects(
        self,
        rng: np.random.Generator,
        xy: Floats,
        *,
        colours: Sequence[str] | None = None,
        shapes: Sequence[str] | None = None,
    ) -> tuple[dict[str, Floats], list[Referent]]:
        """Objects at `xy`, shape (K, 2) [m], as `TableObjects.sample` draws them, turned less.

        A cube that is turned further between the fingers is wider than they can tell.
        """
        values, things = self.objects.sample(rng, xy, colours=colours, shapes=shapes)
        return {**values, "yaw": 0.5 * values["yaw"]}, things

    def scene(
        self,
        start: Floats,
        goals: Sequence[Goal],
        values: Mapping[str, Floats],
        per_goal: Mapping[str, Floats],
        things: Sequence[Referent] = (),
    ) -> Scene:
        """A scene whose `per_goal` arrays (G, ...) are repeated to N_GOALS, as goals are.

        One of them is "asked", shape (G, K). `things` are the looks of all that lies there: not all
        of it has a goal.
        """
        rows = np.arange(N_GOALS) % len(goals)
        repeated = {name: value[rows] for name, value in per_goal.items()}
        every = {**values, **repeated}
        return Scene(start=start, goals=tuple(goals), values=every, things=tuple(things))

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        super().write(ids, scenes)
        self.objects.write(ids, [scene.values for scene in scenes])
        for slot, scene in zip(ids, scenes, strict=True):
            self.asked[slot] = scene.values["asked"] > 0.0

    @abstractmethod
    def belongs(self) -> Floats:
        """(n, N_GOALS, K, 3): where the bottom of each object belongs, if it is asked for [m]."""

    @abstractmethod
    def is_there(self, goal: Ids) -> Bools:
        """(n, K): whether each object is where the goal (n,) wants it, in the hand or not."""

    def judge(self, goal: Ids) -> Outcome:
        """Success when all objects that were asked for are there, let go of and at rest."""
        rows = np.arange(len(goal))
        asked = self.asked[rows, goal]
        done = self.is_there(goal) & self.is_released() & self.objects.is_still()
        n_asked = np.maximum(asked.sum(axis=1), 1)
        near = 1.0 - np.tanh(4.0 * self._way()[rows, goal])
        return Outcome(
            success=np.all(done | ~asked, axis=1),
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * self.distance(goal)),
                "close_to_place": np.where(asked, near, 0.0).sum(axis=1) / n_asked,
                "placed": (asked & done).sum(axis=1) / n_asked,
            },
            violations={"wrong_object": np.any(~asked & (self.height() > LIFTED_M), axis=1)},
        )

    def subgoals(self, goal: Ids) -> Mapping[str, Floats]:
        """To get to an object, take hold of each, bring them to their places, put them down."""
        row = np.arange(len(goal))
        asked, there = self.asked[row, goal], self.is_there(goal)
        opening = self.robot.privileged()["gripper_width"]
        held = self.objects.held(self.robot.motion.point, opening)
        away = _norm(self.objects.position() - self.robot.motion.point[:, None])
        nearest = np.where(asked & ~there, away, np.inf).min(axis=1)
        way = np.where(asked & ~there, self._way()[row, goal], 0.0)
        return {
            "hand_m": np.maximum(np.where(np.isfinite(nearest), nearest, 0.0) - HAND_AT_M, 0.0),
            "to_take": (asked & ~held & ~there).sum(axis=1).astype(np.float64),
            "way_m": way.sum(axis=1),
            "to_put": (asked & ~there).sum(axis=1).astype(np.float64),
        }

    def about(self, goal: Ids) -> Bools:
        """(n, K) which objects a goal is about: those to be carried, unless a task adds others."""
        return self.asked[np.arange(len(goal)), goal].copy()

    def things(self, goal: Ids) -> Things:
        """The objects."""
        opening = self.robot.privileged()["gripper_width"]
        return self.objects.things(self.robot.motion.point, opening, self.about(goal))

    def height(self) -> Floats:
        """(n, K) of each object's bottom above the table [m]."""
        return self.objects.clearance()

    def is_released(self) -> Bools:
        """(n, K) whether the hand has let go of each object."""
        offset = self.objects.position() - self.robot.motion.point[:, None, :]
        square = offset[:, :, 0] ** 2 + offset[:, :, 1] ** 2 + offset[:, :, 2] ** 2
        is_open = self.robot.privileged()["gripper_width"] > _RELEASED_WIDTH_M
        return is_open[:, None] | (square > _RELEASED_DISTANCE_M**2)

    def goal_point(self) -> Floats:
        """(n, N_GOALS, 3): where the fingertips have to go next.

        To the first object that is not at its place; to its place once it is off the table.
        """
        left = self.asked & (self._way() > DOWN_M)
        first = np.argmax(np.where(left.any(axis=2, keepdims=True), left, self.asked), axis=2)
        row = np.arange(len(first))[:, None]
        place = self.belongs()[row, np.arange(N_GOALS), first]
        place[:, :, 2] += self.objects.half_height[row, first]
        is_up = (self.height() > DOWN_M)[row, first]
        point: Floats = np.where(is_up[:, :, None], place, self.objects.position()[row, first])
        return point

    def referent_point(self) -> Floats:
        """(n, N_GOALS, 3) centre of the first object that each goal asks for."""
        row = np.arange(len(self.asked))[:, None]
        point: Floats = self.objects.position()[row, np.argmax(self.asked, axis=2)]
        return point

    def shows_place(self) -> Floats:
        """(n, N_GOALS, K, 3): what shows in the picture where each object belongs: the place."""
        return self.belongs()

    def points(self) -> Points:
        """The object whose turn it is, where its centre has to be, and whether the hand has it.

        What is held comes first, then what is nearest, see `CarryExpert`. What is to be seen of an
        object that is done with is the first one that was asked for.
        """
        row, goal = np.arange(len(self.asked))[:, None], np.arange(N_GOALS)
        centre, hand = self.objects.position(), self.robot.motion.point
        is_held = self.objects.held(hand, self.robot.privileged()["gripper_width"])
        way = self.belongs() - centre[:, None]
        way[:, :, :, 2] += self.objects.half_height[:, None]
        aside_m = np.sqrt(way[..., 0] ** 2 + way[..., 1] ** 2)
        there = (aside_m < _STAYS_M) & (np.abs(way[..., 2]) < _STAYS_ABOVE_M)
        left = self.asked & (is_held[:, None] | ~there)
        off = centre[:, :, :2] - hand[:, None, :2]
        aside = np.sqrt(off[..., 0] ** 2 + off[..., 1] ** 2)
        rank = np.where(is_held, -1.0, aside + centre[:, :, 0])
        first = np.argmin(np.where(left, rank[:, None], np.inf), axis=2)
        first = np.where(left.any(axis=2), first, np.argmax(self.asked, axis=2))
        thing = centre[row, first]
        return Points.of(
            {
                THING: (thing, thing),
                PLACE: (thing + way[row, goal, first], self.shows_place()[row, goal, first]),
            },
            is_held[row, first],
        )

    def expert_path_length(self, goal: Ids) -> Floats:
        """(n,) from object to place, nearest object first, up and down each time [m]."""
        row = np.arange(len(goal))
        objects, places = self.objects.position(), self.belongs()[row, goal]
        left, hand = self.asked[row, goal].copy(), self.robot.motion.point
        length = np.zeros(len(goal))
        for _ in range(int(left.sum(axis=1).max())):
            way = np.where(left, _norm(objects - hand[:, None]), np.inf)
            nearest = np.argmin(way, axis=1)
            go = np.any(left, axis=1)
            carried = _norm(places[row, nearest] - objects[row, nearest]) + 2.0 * _RAISE_M
            length += np.where(go, np.where(go, way[row, nearest], 0.0) + carried, 0.0)
            hand = np.where(go[:, None], places[row, nearest], hand)
            left[row, nearest] = False
        return length

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state, the objects, and where each belongs; inf for what is not asked for."""
        place = np.where(self.asked[:, :, :, None], self.belongs(), np.inf)
        return {**super().privileged(), **self.objects.privileged(), "goal_place": place}

    def _way(self) -> Floats:
        """(n, N_GOALS, K) from the bottom of each object to where it belongs [m]."""
        bottom = self.objects.position().copy()
        bottom[:, :, 2] -= self.objects.half_height
        return _norm(self.belongs() - bottom[:, None])


def _norm(vectors: Floats) -> Floats:
    """Length along the last axis, component by component: bits do not depend on the shape."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    length: Floats = np.sqrt(x**2 + y**2 + z**2)
    return length
