"""Tasks on a table: the arm, objects, and a goal for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np

from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.arm_task import ArmTask, ArmTaskConfig
from vla_sim.envs.frames.scene_task import Floats, Ids
from vla_sim.envs.language.describe import draw_names
from vla_sim.envs.scenery.layout import scatter
from vla_sim.envs.scenery.looks import pick_colours
from vla_sim.envs.scenery.table_objects import TABLE_VIEW, TableObjects, on_the_table
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Points, Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.things import Things
from vla_sim.records.triple import THING


@dataclass(frozen=True, kw_only=True)
class TabletopConfig(ArmTaskConfig):
    """Settings that every task with objects on a table has."""

    n_objects: int
    object_low: tuple[float, float]
    object_high: tuple[float, float]
    min_distance_m: float
    """Between the centres of any two objects."""
    descriptions: Literal["colour_shape", "any"] = "colour_shape"
    """How objects are asked for: by colour and shape, which then single them out, or by any phrase
    that does. Then they may be of one colour or shape, and come in two sizes."""
    n_colours: int = 3
    """Of objects that are asked for by any phrase: so few that some share one."""


class Tabletop(ArmTask):
    """The scene of a task with a goal for each object; a task adds what is wanted.

    Every object can be asked for, and the picture alone never says which.
    """

    def __init__(self, config: TabletopConfig, *, intent_id: str, free: bool) -> None:
        super().__init__(config)
        self._scene = config
        self._intent_id = intent_id
        sized = config.descriptions == "any"
        self.objects = TableObjects(n_objects=config.n_objects, free=free, sized=sized)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Objects."""
        self.objects.add_to(spec)

    def bind(self, engine: Engine) -> None:
        """Find the objects in the compiled engine."""
        super().bind(engine)
        self.objects.bind(engine)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects apart from each other, each with a name of its own; the arm above."""
        c = self._scene
        low, high = c.object_low, c.object_high
        named: list[Referent] | None = None
        while named is None:  # rarely twice: twins that nothing tells apart
            xy = scatter(rng, c.n_objects, low, high, c.min_distance_m, wider=spread.layout)
            if c.descriptions == "colour_shape":
                values, looks = self.objects.sample(rng, xy)
                named = looks
            else:
                few = pick_colours(rng, COLOURS, c.n_colours)
                colours = [str(colour) for colour in rng.choice(few, c.n_objects)]
                values, looks = self.objects.sample(rng, xy, colours=colours)
                named = draw_names(on_the_table(looks, xy), TABLE_VIEW, rng)
        goals = tuple(
            Goal(intent_id=self._intent_id, referent=r, outcome=k) for k, r in enumerate(named)
        )
        start = self.sample_start(rng, spread)
        return Scene(start=start, goals=goals, values=values, things=tuple(looks))

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        super().write(ids, scenes)
        self.objects.write(ids, [scene.values for scene in scenes])

    def goal_point(self) -> Floats:
        """(n, n_objects, 3): where the fingertips have to go for each object."""
        return self.objects.position()

    def referent_point(self) -> Floats:
        """(n, n_objects, 3) centres of the objects."""
        return self.objects.position()

    def points(self) -> Points:
        """The objects, and which of them is held."""
        opening = self.robot.privileged()["gripper_width"]
        held = self.objects.held(self.robot.motion.point, opening)
        return Points.of({THING: (self.goal_point(), self.referent_point())}, held)

    def things(self, goal: Ids) -> Things:
        """The objects; a goal is about one of them."""
        concerned = np.arange(len(self.objects.names)) == goal[:, None]
        opening = self.robot.privileged()["gripper_width"]
        return self.objects.things(self.robot.motion.point, opening, concerned)

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state and the objects."""
        return {**super().privileged(), **self.objects.privileged()}
