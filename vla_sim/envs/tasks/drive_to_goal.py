"""DriveToGoal: drive around the obstacles and stop on the pad that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import drive_arena
from vla_sim.assets.car_manners import CAR_MANNERS
from vla_sim.assets.ground_props import (
    OBSTACLE_RADII_M,
    PAD_RADIUS_M,
    PAD_SHAPES,
    add_obstacle,
    add_pad,
)
from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.car_task import CarTask, CarTaskConfig
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.language.describe import draw_names
from vla_sim.envs.language.viewpoint import Thing, Viewpoint
from vla_sim.envs.scenery.detour import shortest_way
from vla_sim.envs.scenery.distractors import Area
from vla_sim.envs.scenery.layout import scatter, widened
from vla_sim.envs.scenery.looks import Looks, mocap_row, pick_colours
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

ARENA_CAMERA = CameraSpec(
    name="overhead", position=(-7.0, 0.0, 30.0), target=(0.0, 0.0, 0.0), fov_y_deg=52.0
)

ARENA_VIEW = Viewpoint(right_m=0.0, away_m=-13.0, gap_m=2.0, noun="pad")
"""Right is -y, away is +x; near and far are told from where the car starts."""


@dataclass(frozen=True, kw_only=True)
class DriveToGoalConfig(CarTaskConfig):
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
    obstacle_radii_m: tuple[float, ...] = OBSTACLE_RADII_M
    descriptions: Literal["colour_shape", "any"] = "colour_shape"
    """How pads are asked for: by colour and shape, which then single them out, or by any phrase
    that does. Then they may be of one colour or shape."""
    n_colours: int = 2
    """Of pads that are asked for by any phrase: so few that some share one."""
    obstacle_x: tuple[float, float] = (-6.0, 1.5)
    obstacle_y: tuple[float, float] = (-7.5, 7.5)
    obstacle_distance_m: float = 6.5
    clearance_m: float = 1.0
    """Half the car's width and a little, for the shortest way around obstacles."""
    camera: CameraSpec = ARENA_CAMERA

    def build(self) -> "DriveToGoal":
        """The task with these settings."""
        return DriveToGoal(self)


class DriveToGoal(CarTask):
    """An arena with coloured pads; every one of them can be asked for."""

    def __init__(self, config: DriveToGoalConfig) -> None:
        super().__init__(config, CAR_MANNERS)
        self.config = config
        self.pads = tuple(f"pad_{k}" for k in range(config.n_pads))
        self.obstacles = tuple(f"obstacle_{k}" for k in range(len(config.obstacle_radii_m)))

    def arena(self) -> mujoco.MjSpec:
        """A square that the car may not leave, on wider ground."""
        return drive_arena(2.0 * self.config.arena_m)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Pads and obstacles."""
        for name in self.pads:
            add_pad(spec, name)
        for name, radius in zip(self.obstacles, self.config.obstacle_radii_m, strict=True):
            add_obstacle(spec, name, radius)

    def bind(self, engine: Engine) -> None:
        """Find pads and obstacles in the compiled engine."""
        super().bind(engine)
        self.looks = Looks(engine, self.pads, PAD_SHAPES, solid=False)
        self._pad_rows = [mocap_row(engine.model, name) for name in self.pads]
        self._obstacle_rows = [mocap_row(engine.model, name) for name in self.obstacles]

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Pads beyond the obstacles, obstacles in between, the car on the near side."""
        c = self.config
        low, high = (c.pad_x[0], c.pad_y[0]), (c.pad_x[1], c.pad_y[1])
        named: list[Referent] | None = None
        while named is None:  # rarely twice: twins that nothing tells apart
            pads = scatter(rng, c.n_pads, low, high, c.pad_distance_m, wider=spread.layout)
            obstacles = scatter(
                rng,
                len(self.obstacles),
                (c.obstacle_x[0], c.obstacle_y[0]),
                (c.obstacle_x[1], c.obstacle_y[1]),
                c.obstacle_distance_m,
            )
            colours = pick_colours(rng, COLOURS, c.n_pads)
            if c.descriptions == "any":
                colours = [str(colour) for colour in rng.choice(colours[: c.n_colours], c.n_pads)]
            shapes = [str(shape) for shape in rng.choice(list(PAD_SHAPES), c.n_pads)]
            looks = [Referent(colour=n, shape=s) for n, s in zip(colours, shapes, strict=True)]
            named = looks
            if c.descriptions == "any":
                named = draw_names(_in_the_arena(looks, pads), ARENA_VIEW, rng)
        goals = tuple(
            Goal(intent_id="drive_to", referent=r, outcome=k) for k, r in enumerate(named)
        )
        ranges = np.transpose([c.start_x, c.start_y, c.start_yaw])
        near, far = widened(ranges[0], ranges[1], spread.start)
        start = np.array([*rng.uniform(near, far), 0.0])
        values = {"pads": pads, "obstacles": obstacles}
        return Scene(start=start, goals=goals, values=values, things=tuple(looks))

    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """The sides of the arena, where the camera still sees them and no way leads past."""
        return (
            (-2.0, -13.8, 12.0, -13.0),
            (-2.0, 13.0, 12.0, 13.8),
            (-10.0, -12.8, -3.0, -10.0),
            (-10.0, 10.0, -3.0, 12.8),
        )

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place pads and obstacles."""
        super().write(ids, scenes)
        for slot, scene in zip(ids, scenes, strict=True):
            for row, xy in zip(self._pad_rows, scene.values["pads"], strict=True):
                self.engine.mocap_pos[slot, row] = [*xy, 0.0]
            for row, xy in zip(self._obstacle_rows, scene.values["obstacles"], strict=True):
                self.engine.mocap_pos[slot, row] = [*xy, 0.0]
            wishes = [(pad.shape, COLOURS[pad.colour]) for pad in scene.things]
            self.looks.show(int(slot), wishes)

    def goal_point(self) -> Floats:
        """(n, n_pads, 3) centres of the pads."""
        return self.engine.mocap_pos[:, self._pad_rows]

    def ground(self) -> Floats:
        """(n, 1, 6) the arena."""
        return self.square_ground(self.config.arena_m)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the car stands on the goal's pad; failure when it hit or left the arena."""
        c = self.config
        distance = self.distance(goal)
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

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come to the pad."""
        return {"way_m": np.maximum(self.distance(goal) - self.config.radius_m, 0.0)}

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, the pads and the obstacles (x, y, radius)."""
        return {
            **super().privileged(),
            "goal_pos": self.goal_point()[:, :, :2],
            "obstacle": self._circles(),
        }

    def _circles(self) -> Floats:
        circles = self.engine.mocap_pos[:, self._obstacle_rows].copy()
        circles[:, :, 2] = self.config.obstacle_radii_m
        return circles

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The obstacles."""
        return self.geoms_of(self.obstacles)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the shortest way around the obstacles, to the pad's rim [m]."""
        target = self.goal_point()[np.arange(len(goal)), goal, :2]
        circles = self._circles()
        circles[:, :, 2] += self.config.clearance_m
        way = shortest_way(self.robot.motion.point[:, :2], target, circles)
        return np.maximum(way - self.config.radius_m, 0.1)


def _in_the_arena(looks: Sequence[Referent], xy: Floats) -> list[Thing]:
    """Pads at `xy`, shape (P, 2) [m], as seen from `ARENA_VIEW`."""
    return [
        Thing(colour=r.colour, shape=r.shape, right_m=-float(y), away_m=float(x))
        for r, (x, y) in zip(looks, xy, strict=True)
    ]
