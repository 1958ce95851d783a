"""DriveToGoal: drive around the obstacles and stop on the pad that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import drive_arena
from vla_sim.assets.car import CAR_MANNERS
from vla_sim.assets.ground_props import (
    OBSTACLE_RADII_M,
    PAD_RADIUS_M,
    PAD_SHAPES,
    add_obstacle,
    add_pad,
)
from vla_sim.assets.props import COLOURS
from vla_sim.envs.detour import shortest_way
from vla_sim.envs.layout import scatter
from vla_sim.envs.looks import Looks, mocap_row, pick_colours
from vla_sim.envs.robots.car import CarRobot
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]

ARENA_CAMERA = CameraSpec(
    name="overhead", position=(-7.0, 0.0, 30.0), target=(0.0, 0.0, 0.0), fov_y_deg=52.0
)


@dataclass(frozen=True, kw_only=True)
class DriveToGoalConfig:
    """Settings of DriveToGoal."""

    n_pads: int = 3
    radius_m: float = PAD_RADIUS_M
    """The car's centre must be this close to the pad's centre,"""
    stop_speed_mps: float = 1.0
    """slower than this."""
    arena_m: float = 18.0
    """Half the side of the square that the car may not leave."""
    horizon_s: float = 16.0
    hold_steps: int = 3
    start_x: tuple[float, float] = (-13.5, -11.5)
    start_y: tuple[float, float] = (-4.0, 4.0)
    start_yaw: tuple[float, float] = (-0.3, 0.3)
    pad_x: tuple[float, float] = (5.0, 12.0)
    pad_y: tuple[float, float] = (-10.0, 10.0)
    pad_distance_m: float = 6.0
    obstacle_x: tuple[float, float] = (-6.0, 1.5)
    obstacle_y: tuple[float, float] = (-7.5, 7.5)
    obstacle_distance_m: float = 6.5
    clearance_m: float = 1.0
    """Half the car's width and a little, for the shortest way around obstacles."""
    camera: CameraSpec = ARENA_CAMERA

    def build(self) -> "DriveToGoal":
        """The task with these settings."""
        return DriveToGoal(self)


class DriveToGoal:
    """An arena with coloured pads; every one of them can be asked for."""

    def __init__(self, config: DriveToGoalConfig) -> None:
        self.config = config
        self.robot = CarRobot()
        self.manners: Mapping[Manner, MannerProfile] = CAR_MANNERS
        self.camera = config.camera
        self.horizon_s = config.horizon_s
        self.hold_steps = config.hold_steps
        self.pads = tuple(f"pad_{k}" for k in range(config.n_pads))
        self.obstacles = tuple(f"obstacle_{k}" for k in range(len(OBSTACLE_RADII_M)))

    def build(self) -> mujoco.MjSpec:
        """An arena with pads, obstacles and the car."""
        spec = drive_arena(2.0 * self.config.arena_m)
        for name in self.pads:
            add_pad(spec, name)
        for name, radius in zip(self.obstacles, OBSTACLE_RADII_M, strict=True):
            add_obstacle(spec, name, radius)
        self.robot.attach_to(spec)
        return spec

    def bind(self, engine: Engine) -> None:
        """Find pads and obstacles in the compiled engine."""
        self.engine = engine
        self.looks = Looks(engine, self.pads, PAD_SHAPES, solid=False)
        self._pad_rows = [mocap_row(engine.model, name) for name in self.pads]
        self._obstacle_rows = [mocap_row(engine.model, name) for name in self.obstacles]

    def sample(self, rng: np.random.Generator) -> Scene:
        """Pads beyond the obstacles, obstacles in between, the car on the near side."""
        c = self.config
        pads = scatter(
            rng, c.n_pads, (c.pad_x[0], c.pad_y[0]), (c.pad_x[1], c.pad_y[1]), c.pad_distance_m
        )
        obstacles = scatter(
            rng,
            len(self.obstacles),
            (c.obstacle_x[0], c.obstacle_y[0]),
            (c.obstacle_x[1], c.obstacle_y[1]),
            c.obstacle_distance_m,
        )
        colours = pick_colours(rng, COLOURS, c.n_pads)
        shapes = [str(shape) for shape in rng.choice(list(PAD_SHAPES), c.n_pads)]
        goals = tuple(
            Goal(intent_id="drive_to", referent=Referent(colour=colour, shape=shape), outcome=k)
            for k, (colour, shape) in enumerate(zip(colours, shapes, strict=True))
        )
        start = np.array(
            [rng.uniform(*c.start_x), rng.uniform(*c.start_y), rng.uniform(*c.start_yaw), 0.0]
        )
        return Scene(start=start, goals=goals, values={"pads": pads, "obstacles": obstacles})

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place pads and obstacles."""
        for slot, scene in zip(ids, scenes, strict=True):
            for row, xy in zip(self._pad_rows, scene.values["pads"], strict=True):
                self.engine.mocap_pos[slot, row] = [*xy, 0.0]
            for row, xy in zip(self._obstacle_rows, scene.values["obstacles"], strict=True):
                self.engine.mocap_pos[slot, row] = [*xy, 0.0]
            wishes = [(g.referent.shape, COLOURS[g.referent.colour]) for g in scene.goals]
            self.looks.show(int(slot), wishes)

    def before_step(self) -> None:
        """Nothing moves by itself."""

    def goal_point(self) -> Floats:
        """(n, n_pads, 3) centres of the pads."""
        return self.engine.mocap_pos[:, self._pad_rows]

    def _distance(self, goal: NDArray[np.int64]) -> Floats:
        offset = self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal]
        return np.sqrt(offset[:, 0] ** 2 + offset[:, 1] ** 2)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the car stands on the goal's pad; failure when it hit or left the arena."""
        c = self.config
        distance = self._distance(goal)
        speed = self.robot.privileged()["speed"]
        off_road = np.any(np.abs(self.robot.motion.point[:, :2]) > c.arena_m, axis=1)
        failure = off_road | self.robot.collision()
        there = distance < c.radius_m
        return Outcome(
            success=there & (np.abs(speed) < c.stop_speed_mps) & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.1 * distance),
                "parked": np.where(there, np.exp(-np.abs(speed)), 0.0),
            },
            violations={"off_road": off_road},
        )

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, the pads and the obstacles (x, y, radius)."""
        return {
            **self.robot.privileged(),
            "goal_pos": self.goal_point()[:, :, :2],
            "obstacle": self._circles(),
        }

    def _circles(self) -> Floats:
        circles = self.engine.mocap_pos[:, self._obstacle_rows].copy()
        circles[:, :, 2] = OBSTACLE_RADII_M
        return circles

    def referent_point(self) -> Floats:
        """(n, n_pads, 3) centres of the pads."""
        return self.goal_point()

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The obstacles."""
        model = self.engine.model
        return np.array([model.body(name).geomadr[0] for name in self.obstacles], dtype=np.int64)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the shortest way around the obstacles, to the pad's rim [m]."""
        target = self.goal_point()[np.arange(len(goal)), goal, :2]
        circles = self._circles()
        circles[:, :, 2] += self.config.clearance_m
        way = shortest_way(self.robot.motion.point[:, :2], target, circles)
        return np.maximum(way - self.config.radius_m, 0.1)
