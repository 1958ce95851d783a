"""TurnAtIntersection: leave a crossing to the side that was named, in the right-hand lane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import STREET_MANNERS
from vla_sim.assets.ground_props import VEHICLE_KINDS, add_road_user
from vla_sim.assets.junction import crossing
from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.angles import off_heading
from vla_sim.envs.frames.car_task import CarTask, CarTaskConfig
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.distractors import Area
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import Looks, mocap_row, pick_colours
from vla_sim.envs.scenery.ways import length_m, rounded
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

EXITS: Mapping[str, tuple[float, float, float]] = {
    "left": (0.0, 1.0, 0.5 * np.pi),
    "right": (0.0, -1.0, -0.5 * np.pi),
    "straight": (1.0, 0.0, 0.0),
}
"""Where the arms point, x and y, and the heading [rad] of who leaves there."""

CROSSING_CAMERA = CameraSpec(
    name="overhead", position=(-7.0, 0.0, 36.0), target=(-0.5, 0.0, 0.0), fov_y_deg=50.0
)
_BEYOND_M = 80.0
"""How far ways lead on, so that nobody stops for their end [m]."""
_OFF_THE_KERB_M = 1.5
_AWAY_M = 500.0
"""Where vehicles are that are not there [m]."""


@dataclass(frozen=True, kw_only=True)
class TurnAtIntersectionConfig(CarTaskConfig):
    """Settings of TurnAtIntersection."""

    exits: tuple[str, ...] = ("left", "right", "straight")
    lane_width_m: float = 3.5
    corner_m: float = 4.5
    arm_m: float = 60.0
    radius_m: tuple[float, float] = (8.0, 6.25)
    """Of the expert's turns to the left and to the right."""
    done_m: float = 11.0
    """The asked exit is left behind this far from the middle,"""
    lane_tolerance_m: float = 0.7
    """this near to the middle of its right-hand lane,"""
    heading_tolerance_rad: float = 0.15
    """heading out of it like this."""
    in_exit_m: float = 9.0
    """Further out than this the car has chosen an exit."""
    half_car_m: float = 0.8
    """The car's middle keeps this far from the grass."""
    horizon_s: float = 12.0
    hold_steps: int = 5
    start_x_m: tuple[float, float] = (-16.0, -14.0)
    start_aside_m: tuple[float, float] = (0.2, 0.4)
    """Off the middle of the lane, to either side,"""
    start_yaw: tuple[float, float] = (0.06, 0.1)
    """and heading further off it: who does not steer leaves the lane."""
    start_speed_mps: tuple[float, float] = (3.5, 4.5)
    waiting_m: tuple[float, float] = (12.5, 14.5)
    """From the middle to vehicles that wait in other arms."""
    waiting_share: float = 0.5
    camera: CameraSpec = CROSSING_CAMERA

    def build(self) -> "TurnAtIntersection":
        """The task with these settings."""
        return TurnAtIntersection(self)


class TurnAtIntersection(CarTask):
    """A crossing that the car drives up to; every exit can be asked for."""

    def __init__(self, config: TurnAtIntersectionConfig) -> None:
        super().__init__(config, STREET_MANNERS)
        self.config = config
        self.vehicles = tuple(f"waiting_{name}" for name in config.exits)
        arms = np.array([EXITS[name] for name in config.exits])
        self._out, self._heading = arms[:, :2], arms[:, 2]
        self._beside = np.stack([-arms[:, 1], arms[:, 0]], axis=1)  # to the left of who leaves
        self._ways = self._told_ways()

    def _told_ways(self) -> Floats:
        """(n_goals, k, 2): up the car's lane, through the crossing and away [m]."""
        c = self.config
        lane = 0.5 * c.lane_width_m
        ways = []
        for out, beside in zip(self._out, self._beside, strict=True):
            end = _BEYOND_M * out - lane * beside
            corner = np.array([end[0] if out[0] == 0.0 else 0.0, -lane])
            radius = c.radius_m[0] if out[1] > 0.0 else c.radius_m[1]
            ways.append(rounded(np.array([[-_BEYOND_M, -lane], corner, end]), radius))
        return np.array(ways)

    def arena(self) -> mujoco.MjSpec:
        """Roads in the grass."""
        c = self.config
        return crossing(c.exits, lane_width_m=c.lane_width_m, corner_m=c.corner_m, arm_m=c.arm_m)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """A vehicle for each of the other arms."""
        for name in self.vehicles:
            add_road_user(spec, name)

    def bind(self, engine: Engine) -> None:
        """Find the vehicles in the compiled engine."""
        super().bind(engine)
        self.looks = Looks(engine, self.vehicles, VEHICLE_KINDS, solid=True)
        self._rows = [mocap_row(engine.model, name) for name in self.vehicles]

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """The car on its way to the crossing, and who waits in the other arms."""
        c = self.config
        goals = tuple(
            Goal(intent_id="turn", referent=Referent(relation=name), outcome=k)
            for k, name in enumerate(c.exits)
        )
        ranges = np.transpose([c.start_x_m, c.start_aside_m, c.start_yaw, c.start_speed_mps])
        x, aside, yaw, speed = rng.uniform(*widened(ranges[0], ranges[1], spread.start))
        side = rng.choice([-1.0, 1.0])
        n = len(c.exits)
        colours = pick_colours(rng, COLOURS, n)
        near, far = widened(c.waiting_m[:1], c.waiting_m[1:], spread.layout)
        return Scene(
            start=np.array([x, side * aside - 0.5 * c.lane_width_m, side * yaw, speed]),
            goals=goals,
            values={
                "waiting_m": rng.uniform(near, far, n),
                "is_there": (rng.random(n) < c.waiting_share).astype(np.float64),
                "colour": np.array([list(COLOURS).index(name) for name in colours], dtype=float),
                "kind": rng.integers(len(VEHICLE_KINDS), size=n).astype(np.float64),
            },
        )

    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """The grass of the four corners."""
        c = self.config
        near, far = c.lane_width_m + c.corner_m + _OFF_THE_KERB_M, c.waiting_m[1]
        sides = ((-far, -near), (near, far))
        return tuple((x[0], y[0], x[1], y[1]) for x in sides for y in sides)

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Nothing: the crossing is behind the car."""
        return []

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the vehicles that wait, and hide the others."""
        super().write(ids, scenes)
        palette = list(COLOURS.values())
        lane = 0.5 * self.config.lane_width_m
        for slot, scene in zip(ids, scenes, strict=True):
            values = scene.values
            wishes = [
                (VEHICLE_KINDS[int(kind)], palette[int(colour)]) if there else None
                for kind, colour, there in zip(
                    values["kind"], values["colour"], values["is_there"], strict=True
                )
            ]
            self.looks.show(int(slot), wishes)
            for k, row in enumerate(self._rows):
                # It faces the crossing, on the right-hand side of who comes.
                place = values["waiting_m"][k] * self._out[k] + lane * self._beside[k]
                yaw = self._heading[k] + np.pi
                self.engine.mocap_quat[slot, row] = [np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]
                place = place if values["is_there"][k] else np.array([-_AWAY_M, _AWAY_M * (k + 1)])
                self.engine.mocap_pos[slot, row] = [*place, 0.0]

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the car drives away in the right-hand lane of the goal's exit."""
        c = self.config
        pose = self.robot.privileged()["pose"]
        x, y = pose[:, :1], pose[:, 1:2]
        out = x * self._out[:, 0] + y * self._out[:, 1]  # (n, n_goals), as is all that follows
        left = x * self._beside[:, 0] + y * self._beside[:, 1]
        chosen = (out > c.in_exit_m) & (np.abs(left) < c.lane_width_m)
        off_lane = np.abs(left + 0.5 * c.lane_width_m)
        straight = np.abs(off_heading(pose[:, 2:], self._heading)) < c.heading_tolerance_rad
        away = (out > c.done_m) & (off_lane < c.lane_tolerance_m) & straight
        row = np.arange(len(goal))
        off_road = ~self._is_on_road(pose[:, 0], pose[:, 1])
        wrong_lane = (chosen & (left > 0.0)).any(axis=1)
        wrong_exit = chosen.any(axis=1) & ~chosen[row, goal]
        failure = off_road | wrong_lane | wrong_exit | self.robot.collision()
        return Outcome(
            success=away[row, goal] & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.1 * np.maximum(c.done_m - out[row, goal], 0.0)),
                "in_lane": np.where(chosen[row, goal], 1.0 - np.tanh(off_lane[row, goal]), 0.0),
            },
            violations={
                "off_road": off_road,
                "wrong_lane": wrong_lane,
                "wrong_exit": wrong_exit,
            },
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come into the exit, and to drive away in it."""
        c, x, y = self.config, *self.robot.motion.point[:, :2].T
        out = x * self._out[goal, 0] + y * self._out[goal, 1]
        left = x * self._beside[goal, 0] + y * self._beside[goal, 1]
        chosen = (out > c.in_exit_m) & (np.abs(left) < c.lane_width_m)
        return {
            "way_m": np.maximum(self.distance(goal) - c.lane_tolerance_m, 0.0),
            "to_enter": 1.0 - chosen,
        }

    def ground(self) -> Floats:
        """(n, m, 6) the arms, and the ways through the corners where the kerb is round."""
        c = self.config
        half = c.lane_width_m - c.half_car_m
        west = np.array([[-_AWAY_M, 0.0, 0.0, 0.0, half, 0.0]])
        arms = [[0.0, 0.0, *(_AWAY_M * out), half, 0.0] for out in self._out]
        # Right turns alone leave the arms; their way runs round the same middle as the kerb.
        corner = c.radius_m[1] - c.corner_m - c.half_car_m
        ways = [
            np.column_stack(
                [way[:-1], way[1:], np.full(len(way) - 1, corner), np.zeros(len(way) - 1)]
            )
            for way, out in zip(self._ways, self._out, strict=True)
            if out[1] < 0.0
        ]
        strips = np.concatenate([west, np.array(arms), *ways])
        return np.tile(strips, (self.engine.n, 1, 1))

    def _is_on_road(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """(n,) whether points keep half a car from the grass."""
        c = self.config
        half = c.lane_width_m - c.half_car_m
        begin = c.lane_width_m + c.corner_m
        to_end = x if "straight" in c.exits else np.minimum(x, 0.0)
        far, beside = np.abs(to_end), np.abs(y)
        in_corner = (far - begin) ** 2 + (beside - begin) ** 2 > (c.corner_m + c.half_car_m) ** 2
        in_corner &= (far < begin) & (beside < begin)
        in_arms: NDArray[np.bool_] = (beside < half) | (far < half) | in_corner
        if "straight" in c.exits:
            return in_arms
        return in_arms & (x < half)

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state and the way out of each exit."""
        way = np.repeat(self._ways[None], self.engine.n, axis=0)
        return {**super().privileged(), "way": way}

    def goal_point(self) -> Floats:
        """(n, n_goals, 3): in the right-hand lane of each exit."""
        c = self.config
        place = c.done_m * self._out - 0.5 * c.lane_width_m * self._beside
        point = np.zeros((self.engine.n, len(c.exits), 3))
        point[:, :, :2] = place
        return point

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The vehicles."""
        return self.geoms_of(self.vehicles)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the told way from the car to where it is done [m]."""
        c = self.config
        # What lies before the car and beyond the exit belongs to every way in full.
        whole = np.array([length_m(way) for way in self._ways])[goal]
        behind = _BEYOND_M + self.robot.motion.point[:, 0]
        return np.maximum(whole - behind - (_BEYOND_M - c.done_m), 0.1)
