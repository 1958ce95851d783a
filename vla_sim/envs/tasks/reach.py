"""Reach: bring the fingertips to just above the object that was named."""

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
class ReachConfig:
    """Settings of Reach."""

    n_objects: int = 4
    hover_m: float = 0.03
    """The fingertips go this far above the object's top."""
    tolerance_m: float = 0.03
    """And must come this close to that point."""
    horizon_s: float = 8.0
    hold_steps: int = 5
    object_low: tuple[float, float] = (0.36, -0.24)
    object_high: tuple[float, float] = (0.64, 0.24)
    min_distance_m: float = 0.11
    start_low: tuple[float, float, float] = (0.38, -0.12, 0.22)
    start_high: tuple[float, float, float] = (0.52, 0.12, 0.32)
    camera: CameraSpec = TABLE_CAMERA

    def build(self) -> "Reach":
        """The task with these settings."""
        return Reach(self)


class Reach:
    """Objects stand fixed on a table; every one of them can be asked for."""

    def __init__(self, config: ReachConfig) -> None:
        self.config = config
        self.robot = PandaRobot()
        self.manners: Mapping[Manner, MannerProfile] = PANDA_MANNERS
        self.camera = config.camera
        self.horizon_s = config.horizon_s
        self.hold_steps = config.hold_steps
        self.objects = TableObjects(n_objects=config.n_objects, free=False)

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
            Goal(intent_id="reach", referent=r, outcome=k) for k, r in enumerate(referents)
        )
        start = self.robot.joints_for(rng.uniform(c.start_low, c.start_high)[None])[0]
        return Scene(start=start, goals=goals, values=values)

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        self.objects.write(ids, [scene.values for scene in scenes])

    def before_step(self) -> None:
        """Nothing moves by itself."""

    def goal_point(self) -> Floats:
        """(n, n_objects, 3) just above each object."""
        point = self.objects.position().copy()
        point[:, :, 2] += self.objects.half_height + self.config.hover_m
        return point

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the fingertips are at the point above the goal's object."""
        offset = self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal]
        distance = np.sqrt(offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2)
        return Outcome(
            success=distance < self.config.tolerance_m,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={"near": 1.0 - np.tanh(4.0 * distance), "at": np.exp(-30.0 * distance)},
            violations={},
        )

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state and the objects."""
        return {**self.robot.privileged(), **self.objects.privileged()}

    def referent_point(self) -> Floats:
        """(n, n_objects, 3) centres of the objects."""
        return self.objects.position()

    def hazard_geoms(self) -> NDArray[np.int64]:
        """None: an arm that keeps its height hits nothing."""
        return np.zeros(0, dtype=np.int64)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the straight way [m]."""
        offset = self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal]
        return np.sqrt(offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2)
