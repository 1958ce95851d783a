"""Tasks on a table: the arm, objects of distinct colours, and a goal for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import table_scene
from vla_sim.envs.layout import scatter
from vla_sim.envs.robots.arm import ArmConfig
from vla_sim.envs.robots.panda import PANDA_ARM
from vla_sim.envs.table_objects import TABLE_CAMERA, TableObjects
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TabletopConfig:
    """Settings that every task on a table has."""

    n_objects: int
    horizon_s: float
    hold_steps: int = 5
    object_low: tuple[float, float]
    object_high: tuple[float, float]
    min_distance_m: float
    """Between the centres of any two objects."""
    start_low: tuple[float, float, float]
    start_high: tuple[float, float, float]
    """The fingertips start between these corners."""
    camera: CameraSpec = TABLE_CAMERA
    robot: ArmConfig = PANDA_ARM


class Tabletop:
    """The scene of a task on a table; a task adds what is wanted.

    Every object can be asked for, and the picture alone never says which.
    """

    def __init__(self, config: TabletopConfig, *, intent_id: str, free: bool) -> None:
        self._scene = config
        self._intent_id = intent_id
        self.robot = config.robot.build()
        self.manners: Mapping[Manner, MannerProfile] = config.robot.manners
        self.camera = config.camera
        self.horizon_s = config.horizon_s
        self.hold_steps = config.hold_steps
        self.objects = TableObjects(n_objects=config.n_objects, free=free)

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
        c = self._scene
        xy = scatter(rng, c.n_objects, c.object_low, c.object_high, c.min_distance_m)
        values, referents = self.objects.sample(rng, xy)
        goals = tuple(
            Goal(intent_id=self._intent_id, referent=r, outcome=k) for k, r in enumerate(referents)
        )
        start = self.robot.joints_for(rng.uniform(c.start_low, c.start_high)[None])[0]
        return Scene(start=start, goals=goals, values=values)

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        self.objects.write(ids, [scene.values for scene in scenes])

    def before_step(self) -> None:
        """Nothing moves by itself."""

    def goal_point(self) -> Floats:
        """(n, n_objects, 3): where the fingertips have to go for each object."""
        return self.objects.position()

    def distance(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) from the fingertips to the goal's point [m]."""
        offset = self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal]
        square: Floats = offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2
        return np.sqrt(square)

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state and the objects."""
        return {**self.robot.privileged(), **self.objects.privileged()}

    def referent_point(self) -> Floats:
        """(n, n_objects, 3) centres of the objects."""
        return self.objects.position()

    def hazard_geoms(self) -> NDArray[np.int64]:
        """None: other objects are told apart by words, not avoided by sight."""
        return np.zeros(0, dtype=np.int64)
