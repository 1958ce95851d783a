"""YieldToPedestrian: let the pedestrian who was named cross, then drive on, or wait there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import TOWN_MANNERS
from vla_sim.assets.crossing import (
    CROSSWALK_M,
    PEDESTRIAN_RADIUS_M,
    add_crosswalk,
    add_pedestrian,
)
from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.road_task import RoadTask, RoadTaskConfig
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import Looks, mocap_row, pick_colours
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

_CROSSWALK = "crosswalk"

CROSSWALK_CAMERA = CameraSpec(
    name="chase",
    position=(-12.0, 0.0, 14.0),
    target=(9.5, 0.0, 0.0),
    fov_y_deg=44.0,
    follow_body="car/chassis",
    follow_axes="x",
)
"""Low enough that pedestrians show how tall they are."""


@dataclass(frozen=True, kw_only=True)
class YieldToPedestrianConfig(RoadTaskConfig):
    """Settings of YieldToPedestrian."""

    n_pedestrians: int = 1
    """The second one comes from the other side, later."""
    n_lanes: int = 2
    road_m: float = 120.0
    horizon_s: float = 20.0
    hold_steps: int = 1
    crosswalk_m: tuple[float, float] = (23.0, 27.0)
    """From the front bumper to the crosswalk."""
    start_y_m: tuple[float, float] = (-0.3, 0.3)
    """Off the middle of the car's lane."""
    start_speed_mps: tuple[float, float] = (4.0, 4.6)
    walking_mps: tuple[float, float] = (1.4, 1.8)
    left_s: tuple[float, float] = (9.0, 10.5)
    """When the first pedestrian has left the road: by then every manner has had to slow down."""
    pause_s: tuple[float, float] = (7.5, 8.5)
    """From then until the next one steps onto it: time for the car to pass."""
    roadside_m: float = 1.4
    """Pedestrians stand this far from the road's edge before and after they cross it."""
    zone_m: float = 3.0
    """Waiting is done no further before the crosswalk than this,"""
    still_mps: float = 0.2
    """slower than this,"""
    wait_s: float = 1.5
    """for this long after the pedestrian has left the road."""
    camera: CameraSpec = CROSSWALK_CAMERA

    def build(self) -> "YieldToPedestrian":
        """The task with these settings."""
        return YieldToPedestrian(self)


class YieldToPedestrian(RoadTask):
    """A crosswalk and who walks across it: one or two pedestrians, one after the other.

    Whom to let cross decides when to drive on, and whether at all is for the words to say.
    """

    def __init__(self, config: YieldToPedestrianConfig) -> None:
        super().__init__(config, TOWN_MANNERS)
        self.config = config
        self.pedestrians = tuple(f"walker_{k}" for k in range(config.n_pedestrians))
        last = config.n_pedestrians - 1
        # To wait for the first of two is how waiting for the last begins: it is not asked for.
        self._asked = (*(("yield_go", k) for k in range(last + 1)), ("yield_wait", last))
        self._named = np.array([k for _, k in self._asked])
        self._waits = np.array([intent == "yield_wait" for intent, _ in self._asked])
        self._edge_m = 0.5 * self.road_width_m + PEDESTRIAN_RADIUS_M

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """The crosswalk and the pedestrians."""
        add_crosswalk(spec, _CROSSWALK, self.road_width_m)
        for name in self.pedestrians:
            add_pedestrian(spec, name)

    def bind(self, engine: Engine) -> None:
        """Find crosswalk and pedestrians in the compiled engine."""
        super().bind(engine)
        self.looks = Looks(engine, self.pedestrians, ("pedestrian",), solid=True)
        self._rows = [mocap_row(engine.model, name) for name in self.pedestrians]
        self._crosswalk_row = mocap_row(engine.model, _CROSSWALK)
        shape = (engine.n, len(self.pedestrians))
        self._time_s, self._waited_s = np.zeros(engine.n), np.zeros(engine.n)
        self._on_s, self._off_s = np.zeros(shape), np.ones(shape)
        self._side = np.ones(shape)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Who comes from which side, how fast and when."""
        c = self.config
        k = c.n_pedestrians
        low, high = widened(c.crosswalk_m[:1], c.crosswalk_m[1:], spread.layout)
        ahead = float(rng.uniform(low, high)[0])
        walking = rng.uniform(*c.walking_mps, k)
        crossing_s = 2.0 * self._edge_m / walking
        off_s = np.full(k, rng.uniform(*c.left_s))
        pause_s = rng.uniform(*c.pause_s)
        for later in range(1, k):
            off_s[later] = off_s[later - 1] + pause_s + crossing_s[later]
        ranges = np.transpose([c.start_y_m, c.start_speed_mps])
        near, far = widened(ranges[0], ranges[1], spread.start)
        y, speed = rng.uniform(near, far)
        colours = pick_colours(rng, COLOURS, k)
        return Scene(
            start=np.array([c.start_x_m, self.lane_y[rng.integers(c.n_lanes)] + y, 0.0, speed]),
            goals=tuple(
                Goal(
                    intent_id=intent,
                    referent=Referent(colour=colours[named], shape="pedestrian"),
                    outcome=outcome,
                )
                for outcome, (intent, named) in enumerate(self._asked)
            ),
            values={
                "crosswalk": np.array(c.start_x_m + self.to_front_m + ahead),
                "on_s": off_s - crossing_s,
                "off_s": off_s,
                "side": rng.choice([-1.0, 1.0]) * np.array([1.0, -1.0])[:k],
                "colour": np.array([COLOURS[colour] for colour in colours]),
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Nothing: who crosses has crossed."""
        return []

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the crosswalk; pedestrians stand at the roadside, and the clock at zero."""
        super().write(ids, scenes)
        self._time_s[ids], self._waited_s[ids] = 0.0, 0.0
        for slot, scene in zip(ids, scenes, strict=True):
            values = scene.values
            crosswalk = float(values["crosswalk"])
            self.engine.mocap_pos[slot, self._crosswalk_row] = [crosswalk, 0.0, 0.0]
            self._on_s[slot], self._off_s[slot] = values["on_s"], values["off_s"]
            self._side[slot] = values["side"]
            shown = [("pedestrian", (r, g, b)) for r, g, b in values["colour"].tolist()]
            self.looks.show(int(slot), shown)
        self._walk()

    def _walk(self) -> None:
        """Put the pedestrians where they are by now."""
        share = (self._time_s[:, None] - self._on_s) / (self._off_s - self._on_s)
        reach = self._edge_m + self.config.roadside_m
        y = self._side * np.clip((1.0 - 2.0 * share) * self._edge_m, -reach, reach)
        x = self._crosswalk_x() + 0.5 * CROSSWALK_M
        for k, row in enumerate(self._rows):
            self.engine.mocap_pos[:, row, 0] = x
            self.engine.mocap_pos[:, row, 1] = y[:, k]

    def _crosswalk_x(self) -> Floats:
        return self.engine.mocap_pos[:, self._crosswalk_row, 0]

    def before_step(self) -> None:
        """The pedestrians walk on."""
        self._time_s += self.robot.embodiment.control_dt_s
        self._walk()

    def after_step(self, goal: NDArray[np.int64]) -> None:
        """Note how long the car has waited after the pedestrian had left."""
        gone = self._time_s >= self._off_s[np.arange(len(goal)), self._named[goal]]
        waits = gone & self._is_before() & (self._speed() < self.config.still_mps)
        dt_s = self.robot.embodiment.control_dt_s
        self._waited_s = np.where(waits, self._waited_s + dt_s, 0.0)

    def _speed(self) -> Floats:
        return np.abs(self.robot.privileged()["speed"])

    def _is_before(self) -> NDArray[np.bool_]:
        left = self._crosswalk_x() - self.front_x()
        return (left >= 0.0) & (left <= self.config.zone_m)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success beyond the crosswalk, or after waiting before it, whichever is asked for."""
        c = self.config
        row, named, waits = np.arange(len(goal)), self._named[goal], self._waits[goal]
        now = self._time_s[:, None]
        crossing = (now >= self._on_s) & (now < self._off_s)
        gone = self._time_s >= self._off_s[row, named]
        edge = self._crosswalk_x()
        entered = (self.front_x() > edge) & (self.rear_x() < edge + CROSSWALK_M)
        beyond = self.rear_x() >= edge + CROSSWALK_M
        failed_to_yield = (entered & (crossing.any(axis=1) | ~gone)) | (beyond & ~gone)
        drove_on = waits & (entered | beyond)
        # Who lets the next one cross as well has not done what was asked.
        others_later = self._on_s > self._off_s[row, named][:, None]
        too_late = ~waits & (others_later & (now >= self._on_s)).any(axis=1)
        off_road = self.off_road()
        failure = failed_to_yield | drove_on | too_late | off_road | self.robot.collision()
        waited = self._waited_s >= c.wait_s - 1e-9
        before = np.maximum(edge - self.front_x(), 0.0)
        return Outcome(
            success=np.where(waits, waited, beyond & gone) & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.1 * before),
                "patient": np.where(gone & ~waits, 1.0, np.exp(-self._speed())),
            },
            violations={
                "off_road": off_road,
                "failed_to_yield": failed_to_yield,
                "drove_on": drove_on & ~failed_to_yield,
                "too_late": too_late,
            },
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come to the crosswalk; then to be across once it is free, or to have waited there."""
        c, row, waits = self.config, np.arange(len(goal)), self._waits[goal]
        edge = self._crosswalk_x()
        before = np.maximum(edge - c.zone_m - self.front_x(), 0.0)
        across = np.maximum(edge + CROSSWALK_M - self.rear_x(), 0.0)
        is_free = self._time_s >= self._off_s[row, self._named[goal]]
        to_cross = np.where(is_free, across, CROSSWALK_M + 2.0 * self.to_front_m + before)
        to_wait = np.maximum(c.wait_s - self._waited_s, 0.0)
        return {"way_m": before, "then": np.where(waits, to_wait, to_cross)}

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, the crosswalk, and when each goal lets the car drive on [s; inf]."""
        now = self._time_s[:, None]
        crossing = (now >= self._on_s) & (now < self._off_s)
        until = np.where(crossing, self._off_s, now).max(axis=1)[:, None]
        clear = np.maximum(np.maximum(self._off_s[:, self._named], until) - now, 0.0)
        return {
            **super().privileged(),
            "crosswalk_x": self._crosswalk_x(),
            "clear_in_s": np.where(self._waits, np.inf, clear),
            "lane_y": self.nearest_lane_y(),
        }

    def goal_point(self) -> Floats:
        """(n, k, 3) beyond the crosswalk, or before it, in the car's lane."""
        edge = self._crosswalk_x()[:, None]
        point = np.zeros((len(edge), len(self._waits), 3))
        beyond = edge + CROSSWALK_M + self.to_front_m
        point[:, :, 0] = np.where(self._waits, edge - self.to_front_m - 1.0, beyond)
        point[:, :, 1] = self.nearest_lane_y()[:, None]
        return point

    def referent_point(self) -> Floats:
        """(n, k, 3) the pedestrians who are named."""
        point = self.engine.mocap_pos[:, self._rows][:, self._named]
        point[:, :, 2] = 1.0
        return point

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The pedestrians."""
        return self.geoms_of(self.pedestrians)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) to where the car waits, and beyond the crosswalk if it is to drive on [m]."""
        left = self._crosswalk_x() - self.front_x()
        beyond = CROSSWALK_M + 2.0 * self.to_front_m
        way = np.where(self._waits[goal], left - self.config.zone_m, left + beyond)
        return np.maximum(way, 0.1)
