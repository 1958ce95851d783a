"""What every task shares: an arena with things in it, a robot, a camera."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.chain import other_goals
from vla_sim.envs.scenery.distractors import Area, Distractors
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.robot import Robot
from vla_sim.protocols.task import Outcome, Points, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.manner import Manner, MannerProfile
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.things import Things
from vla_sim.records.triple import THING

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


class Still:
    """A world in which nothing moves by itself, nothing is remembered, and nothing is a hazard."""

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Write scenes (all but the robot) into the simulations `ids`."""

    def before_step(self) -> None:
        """Nothing moves by itself."""

    def after_step(self, goal: Ids) -> None:
        """Nothing to remember."""

    def carried_out(self, ids: Ids, goal: Ids) -> None:
        """Nothing to remember of what came before."""

    def hazard_geoms(self) -> Ids:
        """None: things are told apart by words, not avoided by sight."""
        return np.zeros(0, dtype=np.int64)


class SceneTask(Still, ABC):
    """The frame of a task. Subclasses call `super()` in `bind` and `write`."""

    robot: Robot
    manners: Mapping[Manner, MannerProfile]
    camera: CameraSpec
    horizon_s: float
    hold_steps: int
    engine: Engine
    distractors: Distractors

    def build(self) -> mujoco.MjSpec:
        """The arena with the task's things and the robot."""
        spec = self.arena()
        self.add_things(spec)
        self.robot.attach_to(spec)
        return spec

    def add_distractors(self, spec: mujoco.MjSpec) -> None:
        """Add things that nobody asks for to what `build` made; no scene shows them yet."""
        self.distractors.add_to(spec)

    @abstractmethod
    def arena(self) -> mujoco.MjSpec:
        """The bare ground, its lines and its light."""

    @abstractmethod
    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Add what stands there to the scene that is being built."""

    def bind(self, engine: Engine) -> None:
        """Find the scene's parts in the compiled engine."""
        self.engine = engine

    @abstractmethod
    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """Where things that nobody asks for may stand in a simulation: out of the robot's way."""

    def furnish(self, slot: int, n: int, rng: np.random.Generator) -> None:
        """Put up to n distractors into one simulation, where its scene leaves room for them."""
        goals = self.goal_point()[slot, :, :2]
        self.distractors.place(self.engine, slot, n, self.distractor_areas(slot), goals, rng)

    @abstractmethod
    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Draw one scene, as wide as `spread` says; no engine is touched."""

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Goals of another outcome than the last, unless a task says otherwise."""
        return other_goals(scene.goals, asked)

    @abstractmethod
    def judge(self, goal: Ids) -> Outcome:
        """Success, reward and violations of the present state for goals of shape (n,)."""

    def subgoals(self, goal: Ids) -> Mapping[str, Floats]:
        """None on the way to success, unless a task says more."""
        return {}

    def things(self, goal: Ids) -> Things | None:
        """Nothing that could be touched by mistake, unless a task says more."""
        return None

    def privileged(self) -> Mapping[str, Floats]:
        """The robot's state."""
        return self.robot.privileged()

    @abstractmethod
    def goal_point(self) -> Floats:
        """(n, k, 3): where the controlled point has to go for each goal."""

    def referent_point(self) -> Floats:
        """(n, k, 3): a point on each goal's referent; where the robot goes unless told."""
        return self.goal_point()

    def points(self) -> Points:
        """The goal's point, shown by its referent; tasks with more than one to go to say more."""
        return Points.of({THING: (self.goal_point(), self.referent_point())})

    def distance(self, goal: Ids) -> Floats:
        """(n,) from the controlled point to the goal's point [m]."""
        offset = self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal]
        square: Floats = offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2
        return np.sqrt(square)

    @abstractmethod
    def expert_path_length(self, goal: Ids) -> Floats:
        """(n,): length of the expert's path to each goal [m], > 0, read at the start."""

    def geoms_of(self, bodies: Sequence[str]) -> Ids:
        """Ids of all geoms of the named bodies."""
        model = self.engine.model
        ranges = [
            np.arange(int(b.geomadr[0]), int(b.geomadr[0]) + int(b.geomnum[0]))
            for b in (model.body(name) for name in bodies)
        ]
        return np.concatenate(ranges).astype(np.int64)
