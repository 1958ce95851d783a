"""Park: drive nose first into the free bay that was named, and stop there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import CAR_MANNERS
from vla_sim.assets.car_park import add_bay_mark, car_park
from vla_sim.assets.ground_props import VEHICLE_KINDS, add_road_user
from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.angles import off_heading
from vla_sim.envs.frames.car_task import CarTask, CarTaskConfig
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import Looks, mocap_row, pick_colours
from vla_sim.envs.scenery.ways import length_m, rounded
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

ORDINALS = ("first", "second", "third", "fourth")
"""Bays are counted from the left of the picture, those that are taken as well."""

PARK_CAMERA = CameraSpec(
    name="overhead", position=(-8.0, 0.0, 27.5), target=(-2.3, 0.0, 0.0), fov_y_deg=52.0
)


@dataclass(frozen=True, kw_only=True)
class ParkConfig(CarTaskConfig):
    """Settings of Park."""

    n_bays: int = 5
    n_free: int = 3
    by_ordinal: bool = False
    """Bays are named by their place in the row instead of by the colour of their mark."""
    bay_width_m: float = 3.4
    mouth_x_m: float = 4.0
    end_x_m: float = 10.0
    """Where the bays begin and end."""
    arena_m: float = 17.0
    """Half the side of the square that the car may not leave."""
    aside_m: float = 0.5
    """The car's middle must be this near to the bay's middle line,"""
    depth_m: float = 0.8
    """this near to the middle of its depth,"""
    heading_tolerance_rad: float = 0.17
    """straight in it like this,"""
    stop_speed_mps: float = 0.2
    """and stand."""
    horizon_s: float = 18.5
    hold_steps: int = 5
    start_x: tuple[float, float] = (-14.0, -12.0)
    start_y: tuple[float, float] = (-3.0, 3.0)
    start_yaw: tuple[float, float] = (-0.1, 0.1)
    taken_aside_m: tuple[float, float] = (-0.15, 0.15)
    taken_depth_m: tuple[float, float] = (-0.4, 0.4)
    """How parked vehicles stand off the middles of their bays."""
    radius_m: float = 9.0
    """Of the two bends of a told way,"""
    bend_room_m: float = 4.5
    """which reach this far at most to either side of their corners."""
    before_mouth_m: float = 0.5
    """From the end of the last bend to the mouth."""
    camera: CameraSpec = PARK_CAMERA

    def build(self) -> "Park":
        """The task with these settings."""
        return Park(self)


class Park(CarTask):
    """A row of bays, some of them taken; every free one can be asked for."""

    def __init__(self, config: ParkConfig) -> None:
        super().__init__(config, CAR_MANNERS)
        self.config = c = config
        self.marks = tuple(f"bay_{k}" for k in range(c.n_bays))
        self.vehicles = tuple(f"parked_{k}" for k in range(c.n_bays - c.n_free))
        # Counted from the left, where y is largest.
        self.bay_y = (0.5 * (c.n_bays - 1) - np.arange(c.n_bays)) * c.bay_width_m
        self.bay_x = 0.5 * (c.mouth_x_m + c.end_x_m)

    def arena(self) -> mujoco.MjSpec:
        """The row of bays on open ground."""
        c = self.config
        return car_park(c.n_bays, c.bay_width_m, c.mouth_x_m, c.end_x_m, c.arena_m)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """The marks, and vehicles for the bays that are taken."""
        c = self.config
        for name, y in zip(self.marks, self.bay_y, strict=True):
            add_bay_mark(spec, name, self.bay_x, y, c.end_x_m - c.mouth_x_m, c.bay_width_m)
        for name in self.vehicles:
            add_road_user(spec, name)

    def bind(self, engine: Engine) -> None:
        """Find marks and vehicles in the compiled engine."""
        super().bind(engine)
        self.mark_looks = Looks(engine, self.marks, ("mark",), solid=False)
        self.vehicle_looks = Looks(engine, self.vehicles, VEHICLE_KINDS, solid=True)
        self._rows = [mocap_row(engine.model, name) for name in self.vehicles]
        self._bay = np.zeros((engine.n, self.config.n_free), dtype=np.int64)
        self._way = np.zeros((engine.n, self.config.n_free, *self._told_way(0.0, 0.0, 0.0).shape))

    def _told_way(self, x: float, y: float, bay_y: float) -> Floats:
        """(k, 2) from a start into a bay: ahead, over to the bay, and straight in [m]."""
        c = self.config
        leave = x + c.bend_room_m
        reach = c.mouth_x_m - c.before_mouth_m - c.bend_room_m
        corners = np.array([[x, y], [leave, y], [reach, bay_y], [self.bay_x, bay_y]])
        return rounded(corners, c.radius_m)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Which bays are free and in which colours, who stands in the others, the car before it."""
        c = self.config
        order = rng.permutation(c.n_bays)
        free, taken = np.sort(order[: c.n_free]), order[c.n_free :]
        colours = pick_colours(rng, COLOURS, c.n_bays)
        goals = tuple(
            Goal(
                intent_id="park",
                referent=Referent(relation=ORDINALS[bay], shape="bay")
                if c.by_ordinal
                else Referent(colour=colour, shape="bay"),
                outcome=k,
            )
            for k, (bay, colour) in enumerate(zip(free, colours[: c.n_free], strict=True))
        )
        ranges = np.transpose([c.start_x, c.start_y, c.start_yaw])
        x, y, yaw = rng.uniform(*widened(ranges[0], ranges[1], spread.start))
        off = np.transpose([c.taken_depth_m, c.taken_aside_m])
        off_low, off_high = widened(off[0], off[1], spread.layout)
        return Scene(
            start=np.array([x, y, yaw, 0.0]),
            goals=goals,
            values={
                "free": free.astype(np.float64),
                "colour": np.array([list(COLOURS).index(name) for name in colours], dtype=float),
                "parked": np.stack([np.full(len(taken), self.bay_x), self.bay_y[taken]], axis=1)
                + rng.uniform(off_low, off_high, (len(taken), 2)),
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Nothing: the car stands in a bay, and ways begin before them."""
        return []

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Mark the free bays, fill the others, and lay the ways."""
        super().write(ids, scenes)
        palette = list(COLOURS.values())
        for slot, scene in zip(ids, scenes, strict=True):
            values = scene.values
            self._bay[slot] = values["free"]
            wishes: list[tuple[str, tuple[float, float, float]] | None] = [None] * len(self.marks)
            shades = [palette[int(k)] for k in values["colour"]]  # of free bays, then of vehicles
            for bay, shade in zip(self._bay[slot], shades, strict=False):
                wishes[bay] = ("mark", shade)
            self.mark_looks.show(int(slot), wishes)
            parked = [("car", shade) for shade in shades[self.config.n_free :]]
            self.vehicle_looks.show(int(slot), parked)
            for row, xy in zip(self._rows, values["parked"], strict=True):
                self.engine.mocap_pos[slot, row] = [*xy, 0.0]
            for k, bay in enumerate(self._bay[slot]):
                x, y = scene.start[:2]
                self._way[slot, k] = self._told_way(x, y, self.bay_y[bay])

    def ground(self) -> Floats:
        """(n, 1, 6) the arena."""
        return self.square_ground(self.config.arena_m)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the car stands straight in the goal's bay; failure when it hit something."""
        c = self.config
        state = self.robot.privileged()
        pose, speed = state["pose"], np.abs(state["speed"])
        depth = np.abs(pose[:, 0] - self.bay_x)
        aside = np.abs(pose[:, 1:2] - self.bay_y[self._bay])  # (n, n_free)
        off = np.abs(off_heading(pose[:, 2], 0.0))
        stands = (depth < c.depth_m) & (speed < c.stop_speed_mps)
        row = np.arange(len(goal))
        in_bay = (aside < c.aside_m) & (stands & (off < c.heading_tolerance_rad))[:, None]
        elsewhere = (aside < 0.5 * c.bay_width_m) & stands[:, None]
        elsewhere[row, goal] = False
        off_road = np.any(np.abs(pose[:, :2]) > c.arena_m, axis=1)
        failure = off_road | self.robot.collision()
        near = (depth < c.depth_m) & (aside[row, goal] < c.aside_m)
        return Outcome(
            success=in_bay[row, goal] & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.1 * self.distance(goal)),
                "parked": np.where(near, np.exp(-speed - 5.0 * off), 0.0),
            },
            violations={"off_road": off_road, "wrong_bay": np.any(elsewhere, axis=1)},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come to the bay, and to be within it."""
        c, off = (
            self.config,
            self.robot.motion.point - self.goal_point()[np.arange(len(goal)), goal],
        )
        inside = (np.abs(off[:, 0]) < c.depth_m) & (np.abs(off[:, 1]) < c.aside_m)
        way = np.maximum(self.distance(goal) - c.depth_m, 0.0)
        return {"way_m": way, "to_enter": 1.0 - inside}

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state and the way into each free bay."""
        return {**super().privileged(), "way": self._way.copy()}

    def goal_point(self) -> Floats:
        """(n, n_free, 3): the middles of the free bays."""
        point = np.zeros((*self._bay.shape, 3))
        point[:, :, 0] = self.bay_x
        point[:, :, 1] = self.bay_y[self._bay]
        return point

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The parked vehicles."""
        return self.geoms_of(self.vehicles)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the told way into the bay [m]."""
        return np.array([length_m(ways[k]) for ways, k in zip(self._way, goal, strict=True)])
