"""Lift: pick up the object that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import table_scene
from vla_sim.assets.panda import PANDA_MANNERS
from vla_sim.envs.layout import scatter
from vla_sim.envs.robots.panda import PandaRobot
from vla_sim.envs.table_objects import TABLE_CAMERA, TableObjects
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LiftConfig:
    """Settings of Lift."""

    n_objects: int = 3
    lift_m: float = 0.08
    """The object's lowest point must rise this far above the table."""
    raise_m: float = 0.15
    """How far the expert raises it; part of the expert's path."""
    horizon_s: float = 9.0
    hold_steps: int = 5
    object_low: tuple[float, float] = (0.38, -0.20)
    object_high: tuple[float, float] = (0.60, 0.20)
    min_distance_m: float = 0.13
    start_low: tuple[float, float, float] = (0.40, -0.10, 0.20)
    start_high: tuple[float, float, float] = (0.50, 0.10, 0.28)
    camera: CameraSpec = TABLE_CAMERA

    def build(self) -> "Lift":
        """The task with these settings."""
        return Lift(self)


class Lift:
    """Loose objects on a table; every one of them can be asked for."""

    def __init__(self, config: LiftConfig) -> None:
        self.config = config
        self.robot = PandaRobot()
        self.manners: Mapping[Manner, MannerProfile] = PANDA_MANNERS
        self.camera = config.camera
        self.horizon_s = config.horizon_s
        self.hold_steps = config.hold_steps
        self.objects = TableObjects(n_objects=config.n_objects, free=True)

    def build(self) -> mujoco.MjSpec:
        """A table with objects and the arm."""
        spec = table_scene()
        self.objects.add_to(spec)
        self.robot.attach_to(spec)
        return spec

    def bind(self, engine: Engine) -> None:
        """Find the objects in the compiled engine."""
        self.objects.bind(engine)

    def sample(self, rng: np.random.Generator) -> Scene:
        """Objects of distinct colours, apart from each other; the arm somewhere above."""
        c = self.config
        xy = scatter(rng, c.n_objects, c.object_low, c.object_high, c.min_distance_m)
        values, referents = self.objects.sample(rng, xy)
        goals = tuple(
            Goal(intent_id="lift", referent=r, outcome=k) for k, r in enumerate(referents)
        )
        start = self.robot.joints_for(rng.uniform(c.start_low, c.start_high)[None])[0]
        return Scene(start=start, goals=goals, values=values)

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        self.objects.write(ids, [scene.values for scene in scenes])

    def before_step(self) -> None:
        """Nothing moves by itself."""

    def goal_point(self) -> Floats:
        """(n, n_objects, 3) where each object is now."""
        return self.objects.position()

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the goal's object is up."""
        rows = np.arange(len(goal))
        height = self.objects.clearance()
        mine = height[rows, goal]
        others = height.copy()
        others[rows, goal] = 0.0
        offset = self.robot.motion.point - self.goal_point()[rows, goal]
        distance = np.sqrt(offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2)
        return Outcome(
            success=mine > self.config.lift_m,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * distance),
                "up": np.clip(mine / self.config.lift_m, 0.0, 1.0),
            },
            violations={"wrong_object": np.any(others > 0.5 * self.config.lift_m, axis=1)},
        )

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state and the objects."""
        return {**self.robot.privileged(), **self.objects.privileged()}

    def referent_point(self) -> Floats:
        """(n, n_objects, 3) centres of the objects."""
        return self.objects.position()

    def hazard_geoms(self) -> NDArray[np.int64]:
        """None: the other objects are told apart by words, not avoided by sight."""
        return np.zeros(0, dtype=np.int64)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) straight to the object and up again [m]."""
        offset = self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal]
        reach = np.sqrt(offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2)
        return reach + self.config.raise_m
