"""Overtake: past the vehicle that was named, on the side that was said, and back into its lane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import ROAD_MANNERS
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.frames.traffic_task import TrafficTask, TrafficTaskConfig
from vla_sim.envs.scenery.layout import widened
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

SIDES: Mapping[str, float] = {"left": 1.0, "right": -1.0}
"""Of the vehicle, on which the car passes it."""

PASSING_CAMERA = CameraSpec(
    name="chase",
    position=(-20.0, 0.0, 14.0),
    target=(-1.0, 0.0, 0.0),
    fov_y_deg=50.0,
    follow_body="car/chassis",
    follow_axes="x",
)
"""Sees what has been passed, too."""


@dataclass(frozen=True, kw_only=True)
class OvertakeConfig(TrafficTaskConfig):
    """Settings of Overtake."""

    vehicle_lanes: tuple[int, ...] = (1,)
    """Where slow vehicles drive, counted from the right; the car starts in the middle lane."""
    goals: tuple[tuple[int, str], ...] = ((0, "left"), (0, "right"))
    """Which vehicle can be passed on which side."""
    safe_gap_m: float = 5.0
    """The car's rear must be this far ahead of the vehicle,"""
    lane_tolerance_m: float = 0.5
    """in the middle of its lane"""
    heading_tolerance_rad: float = 0.087
    """and straight in it."""
    horizon_s: float = 20.0
    hold_steps: int = 5
    start_speed_mps: tuple[float, float] = (6.5, 7.5)
    gap_m: tuple[float, float] = (22.0, 28.0)
    """From the front bumper to the vehicles' rear ends."""
    vehicle_speed_mps: tuple[float, float] = (2.0, 3.0)
    goal_ahead_m: float = 8.0
    """How far before the vehicle's front the goal point lies."""
    camera: CameraSpec = PASSING_CAMERA

    def build(self) -> "Overtake":
        """The task with these settings."""
        return Overtake(self)


class Overtake(TrafficTask):
    """Three lanes and slow vehicles; the car has to choose the side, or the vehicle."""

    def __init__(self, config: OvertakeConfig) -> None:
        super().__init__(config, ROAD_MANNERS)
        self.config = config
        self.vehicles = tuple(f"vehicle_{k}" for k in range(len(config.vehicle_lanes)))
        self.vehicle_y = self.lane_y[list(config.vehicle_lanes)]
        self._vehicle = np.array([vehicle for vehicle, _ in config.goals])
        self._side = np.array([SIDES[side] for _, side in config.goals])

    def bind(self, engine: Engine) -> None:
        """Find the vehicles, and make room for what is remembered of them."""
        super().bind(engine)
        shape = (engine.n, len(self.vehicles))
        self._speed, self._passed = np.zeros(shape), np.zeros(shape)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Vehicles of different colours, ahead of the car."""
        c = self.config
        k = len(self.vehicles)
        seen = self.draw_vehicles(rng)
        gaps, wide_gaps = widened(c.gap_m[:1], c.gap_m[1:], spread.layout)
        y, speed = self.draw_start(rng, spread)
        return Scene(
            start=np.array([c.start_x_m, y, 0.0, speed]),
            goals=tuple(
                Goal(
                    intent_id="overtake",
                    referent=seen[vehicle],
                    target=Referent(relation=side),
                    outcome=outcome,
                )
                for outcome, (vehicle, side) in enumerate(c.goals)
            ),
            values={
                "gap": rng.uniform(gaps, wide_gaps, k),
                "speed": rng.uniform(*c.vehicle_speed_mps, k),
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Nothing: the vehicle is behind the car."""
        return []

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the vehicles; none has been passed."""
        super().write(ids, scenes)
        self._passed[ids] = 0.0
        front = self.config.start_x_m + self.to_front_m
        for slot, scene in zip(ids, scenes, strict=True):
            self._speed[slot] = scene.values["speed"]
            first = [int(np.argmax(self._vehicle == k)) for k in range(len(self.vehicles))]
            seen = [scene.goals[k].referent for k in first]
            rear = front + scene.values["gap"]
            self.traffic.place(int(slot), rear, self.vehicle_y, seen, by_rear=True)

    def before_step(self) -> None:
        """The vehicles drive on."""
        self.traffic.drive_on(self._speed * self.robot.embodiment.control_dt_s)

    def after_step(self, goal: NDArray[np.int64]) -> None:
        """Note on which side of each vehicle the car drew past its middle."""
        x, y = self.robot.motion.point[:, 0, None], self.robot.motion.point[:, 1, None]
        side = np.where(y > self.vehicle_y, 1.0, -1.0)
        ahead = x > self.traffic.position[:, :, 0]
        self._passed = np.where(ahead, np.where(self._passed == 0.0, side, self._passed), 0.0)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success ahead of the goal's vehicle in its lane, passed on the side that was asked."""
        c = self.config
        row, vehicle = np.arange(len(goal)), self._vehicle[goal]
        state = self.robot.privileged()
        y, yaw = state["pose"][:, 1], state["pose"][:, 2]
        passed = self._passed[row, vehicle]
        wrong_side = passed == -self._side[goal]
        off_road = self.off_road()
        failure = off_road | wrong_side | self.robot.collision()
        ahead = self.rear_x() - self.traffic.front_x[row, vehicle]
        aside = np.abs(y - self.vehicle_y[vehicle])
        back = (aside < c.lane_tolerance_m) & (np.abs(yaw) < c.heading_tolerance_rad)
        done = back & (ahead >= c.safe_gap_m) & (passed == self._side[goal])
        return Outcome(
            success=done & ~failure,
            failure=failure,
            reward_terms={
                "ahead": 1.0 - np.tanh(0.05 * np.maximum(c.safe_gap_m - ahead, 0.0)),
                "back": np.where(ahead > 0.0, 1.0 - np.tanh(0.5 * aside), 0.0),
            },
            violations={"off_road": off_road, "wrong_side": wrong_side},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To draw past the vehicle on its side, and to get ahead of it by the safe gap."""
        row, vehicle = np.arange(len(goal)), self._vehicle[goal]
        ahead = self.rear_x() - self.traffic.front_x[row, vehicle]
        passed = self._passed[row, vehicle] == self._side[goal]
        return {
            "to_pass": 1.0 - passed,
            "ahead_m": np.maximum(self.config.safe_gap_m - ahead, 0.0),
        }

    def goal_vehicle(self, goal: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the vehicle to overtake."""
        return self._vehicle[goal]

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, and of each goal's vehicle the lane, the ends and the side to pass."""
        n, k = self.engine.n, self._vehicle
        return {
            **super().privileged(),
            "goal_lane_y": np.repeat(self.vehicle_y[k][None], n, axis=0),
            "goal_side": np.repeat(self._side[None], n, axis=0),
            "vehicle_rear_x": self.traffic.rear_x[:, k],
            "vehicle_front_x": self.traffic.front_x[:, k],
            "vehicle_speed": self._speed[:, k],
        }

    def goal_point(self) -> Floats:
        """(n, k, 3) in front of the goals' vehicles."""
        point = self.traffic.position[:, self._vehicle]
        point[:, :, 0] = self.traffic.front_x[:, self._vehicle] + self.config.goal_ahead_m
        return point

    def referent_point(self) -> Floats:
        """(n, k, 3) the vehicles."""
        point = self.traffic.position[:, self._vehicle]
        point[:, :, 2] = 0.8
        return point

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) until the car is ahead by the safe gap, at the present speed [m]."""
        row, vehicle = np.arange(len(goal)), self._vehicle[goal]
        slow = self._speed[row, vehicle]
        speed = np.maximum(self.robot.privileged()["speed"], slow + 1.0)
        behind = self.traffic.front_x[row, vehicle] + self.config.safe_gap_m - self.rear_x()
        held_s = self.hold_steps * self.robot.embodiment.control_dt_s
        way: Floats = np.maximum(speed * (behind / (speed - slow) + held_s), 0.1)
        return way
