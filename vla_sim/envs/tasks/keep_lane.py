"""KeepLane: along a winding road in the lane that was named, past the finish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import asphalt, lane_centre_y
from vla_sim.assets.car_manners import ROAD_MANNERS
from vla_sim.assets.winding_road import (
    SPACING_M,
    CentreLine,
    add_finish,
    add_winding_road,
    mirrored,
)
from vla_sim.envs.frames.car_task import CarTask, CarTaskConfig
from vla_sim.envs.frames.road_task import EDGE_MARGIN_M
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.distractors import Area
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import mocap_row
from vla_sim.envs.scenery.road_frame import RoadFrame
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Points, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import NEXT, THING

LANES = ("right", "middle", "left")
"""In the order of `lane_centre_y`."""
S_BEND = CentreLine(
    knots=(
        *((30.0, 0.0), (40.0, 1 / 75), (58.0, 1 / 75)),
        *((78.0, -1 / 75), (96.0, -1 / 75), (106.0, 0.0)),
    ),
    length_m=135.0,
)
TIGHT_BEND = CentreLine(
    yaw=-0.28,
    knots=((40.0, 0.0), (52.0, 1 / 42), (64.0, 1 / 42), (76.0, 0.0)),
    length_m=135.0,
)

WINDING_CAMERA = CameraSpec(
    name="chase",
    position=(-9.0, 0.0, 12.0),
    target=(9.0, 0.0, 0.0),
    fov_y_deg=55.0,
    follow_body="car/chassis",
    follow_axes="xy",
)

_ROADSIDE_M, _CLEAR_M, _HALF_M = 4.5, 3.5, 1.2
"""Distractors: so far beside the road, this far from all of it, in squares of this half side."""
_EVERY = 4
"""Points of the centre line from one square to the next."""
_GOES_ON_M = 1000.0
_ROAD = "road"
_LEFT_BENDING, _RIGHT_BENDING = (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)
"""How the road's body is turned [quaternion]; over about x it bends to the other side first."""


@dataclass(frozen=True, kw_only=True)
class KeepLaneConfig(CarTaskConfig):
    """Settings of KeepLane."""

    line: CentreLine = S_BEND
    lane_width_m: float = 3.5
    finish_m: float = 108.0
    """The finish line's place along the road."""
    kept_m: float = 35.0
    """The car must have kept within its lane for so long before the finish,"""
    within_m: float = 0.9
    """its middle no further from the lane's: then its sides are in the lane too."""
    horizon_s: float = 20.0
    hold_steps: int = 1
    start_place_m: tuple[float, float] = (3.0, 8.0)
    start_offset_m: tuple[float, float] = (-0.5, 0.5)
    start_yaw: tuple[float, float] = (-0.05, 0.05)
    start_speed_mps: tuple[float, float] = (7.0, 8.0)
    goal_ahead_m: float = 12.0
    """How far ahead in the lane the goal point lies."""
    camera: CameraSpec = WINDING_CAMERA

    def build(self) -> "KeepLane":
        """The task with these settings."""
        return KeepLane(self)


class KeepLane(CarTask):
    """Three lanes of a road that bends to either side; the car starts anywhere across them."""

    def __init__(self, config: KeepLaneConfig) -> None:
        super().__init__(config, ROAD_MANNERS)
        self.config = config
        self.frame = RoadFrame(config.line.points())
        width = config.lane_width_m
        self.lane_offset = np.array([lane_centre_y(k, len(LANES), width) for k in range(3)])

    def arena(self) -> mujoco.MjSpec:
        """Bare ground."""
        return asphalt(self.config.line.length_m)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """The road and its finish."""
        c = self.config
        add_winding_road(spec, _ROAD, c.line, len(LANES), c.lane_width_m)
        add_finish(spec, _ROAD, c.line, c.finish_m, len(LANES) * c.lane_width_m)

    def bind(self, engine: Engine) -> None:
        """Find the road in the compiled engine."""
        super().bind(engine)
        self._road_row = mocap_row(engine.model, _ROAD)
        self._side = np.ones(engine.n)
        self._place, self._kept = np.zeros(engine.n), np.zeros(engine.n)

    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """Squares on both sides of the road, off all of it."""
        x, y, yaw = self.config.line.points()[:, :3].T
        half_width = 0.5 * len(LANES) * self.config.lane_width_m
        off = half_width + _ROADSIDE_M
        areas: list[Area] = []
        for side in (-1.0, 1.0):
            beside_x, beside_y = x - side * off * np.sin(yaw), y + side * off * np.cos(yaw)
            for cx, cy in zip(beside_x[::_EVERY], beside_y[::_EVERY], strict=True):
                if np.hypot(x - cx, y - cy).min() > half_width + _CLEAR_M:
                    at_x, at_y = float(cx), float(self._side[slot] * cy)
                    areas.append((at_x - _HALF_M, at_y - _HALF_M, at_x + _HALF_M, at_y + _HALF_M))
        return areas

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """A lane, a place in it, and which way the road bends first."""
        c = self.config
        low, high = widened(c.start_place_m[:1], c.start_place_m[1:], spread.layout)
        place = float(rng.uniform(low, high)[0])
        ranges = np.transpose([c.start_offset_m, c.start_yaw, c.start_speed_mps])
        near, far = widened(ranges[0], ranges[1], spread.start)
        off, turn, speed = rng.uniform(near, far)
        offset = self.lane_offset[rng.integers(len(LANES))] + off
        side = float(rng.choice([-1.0, 1.0]))
        yaw = side * c.line.yaw
        # The road is straight where cars start.
        x = place * np.cos(yaw) - offset * np.sin(yaw)
        y = place * np.sin(yaw) + offset * np.cos(yaw)
        return Scene(
            start=np.array([x, y, yaw + turn, speed]),
            goals=tuple(
                Goal(intent_id="keep_lane", referent=Referent(relation=lane), outcome=k)
                for k, lane in enumerate(LANES)
            ),
            values={"side": np.array(side), "place": np.array(place)},
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Nothing: the road ends behind its finish."""
        return []

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Turn the road over where it bends to the right first; nothing has been kept yet."""
        super().write(ids, scenes)
        for slot, scene in zip(ids, scenes, strict=True):
            self._side[slot] = scene.values["side"]
            turned = _LEFT_BENDING if self._side[slot] > 0.0 else _RIGHT_BENDING
            self.engine.mocap_quat[slot, self._road_row] = turned
            self._place[slot] = scene.values["place"]
            self._kept[slot] = 0.0

    def _located(self) -> tuple[Floats, Floats]:
        """Place along the road and offset from its middle, positive to the left, (n,) each."""
        xy = self.robot.motion.point[:, :2]
        xy[:, 1] *= self._side
        place, offset = self.frame.locate(xy)
        return place, offset * self._side

    def after_step(self, goal: NDArray[np.int64]) -> None:
        """Note how far the car has come within the lane that was asked for."""
        place, offset = self._located()
        within = np.abs(offset - self.lane_offset[goal]) < self.config.within_m
        self._kept = np.where(within, self._kept + place - self._place, 0.0)
        self._place = place

    def ground(self) -> Floats:
        """(n, k, 6) the road in straight pieces; it goes on at both ends."""
        x, y, yaw = self.frame.points[:, :3].T
        x, y = x.copy(), y.copy()
        for end, way in ((0, -_GOES_ON_M), (-1, _GOES_ON_M)):
            x[end] += way * np.cos(yaw[end])
            y[end] += way * np.sin(yaw[end])
        strips = np.zeros((self.engine.n, len(x) - 1, 6))
        strips[:, :, 0], strips[:, :, 2] = x[:-1], x[1:]
        strips[:, :, 1], strips[:, :, 3] = np.outer(self._side, y[:-1]), np.outer(self._side, y[1:])
        strips[:, :, 4] = 0.5 * len(LANES) * self.config.lane_width_m - EDGE_MARGIN_M
        return strips

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success past the finish with the lane kept; failure past it without, or off the road."""
        c = self.config
        place, offset = self._located()
        edge = 0.5 * len(LANES) * c.lane_width_m - EDGE_MARGIN_M
        off_road = np.abs(offset) > edge
        finished, kept = place >= c.finish_m, self._kept >= c.kept_m
        wrong_lane = finished & ~kept
        failure = off_road | wrong_lane | self.robot.collision()
        aside = np.abs(offset - self.lane_offset[goal])
        return Outcome(
            success=finished & kept & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.5 * aside),
                "progress": np.clip(place / c.finish_m, 0.0, 1.0),
            },
            violations={"off_road": off_road, "wrong_lane": wrong_lane},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come over into the lane, keep in it for so long, and reach the finish."""
        c, (place, offset) = self.config, self._located()
        return {
            "aside_m": np.maximum(np.abs(offset - self.lane_offset[goal]) - c.within_m, 0.0),
            "kept_m": np.maximum(c.kept_m - self._kept, 0.0),
            "way_m": np.maximum(c.finish_m - place, 0.0),
        }

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, the road's middle and the lanes' offsets from it."""
        points = self.frame.points
        bends_left = self._side[:, None, None] > 0.0
        n = self.engine.n
        return {
            **super().privileged(),
            "road": np.where(bends_left, points[None], mirrored(points)[None]),
            "goal_offset": np.repeat(self.lane_offset[None], n, axis=0),
        }

    def goal_point(self) -> Floats:
        """(n, 3, 3) a point ahead in each lane."""
        return self._ahead(self.config.goal_ahead_m)

    def points(self) -> Points:
        """The point ahead in each lane, and one as far beyond it."""
        one, other = (self._ahead(k * self.config.goal_ahead_m) for k in (1.0, 2.0))
        return Points.of({THING: (one, one), NEXT: (other, other)})

    def _ahead(self, ahead_m: float) -> Floats:
        """(n, 3, 3) a point so far ahead in each lane."""
        place, _ = self._located()
        offset = self._side[:, None] * self.lane_offset
        xy = self.frame.point(place + ahead_m, offset)
        point = np.zeros((len(xy), len(LANES), 3))
        point[:, :, 0] = xy[:, :, 0]
        point[:, :, 1] = xy[:, :, 1] * self._side[:, None]
        return point

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) what is left to the finish [m]."""
        place, _ = self._located()
        return np.maximum(self.config.finish_m - place, SPACING_M)
