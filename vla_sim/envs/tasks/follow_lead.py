"""FollowLead: behind the vehicle that was named, as close or as far as was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import FOLLOWING_MANNERS
from vla_sim.envs.frames.road_task import CHASE_CAMERA
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.frames.traffic_task import TrafficTask, TrafficTaskConfig
from vla_sim.envs.scenery.layout import widened
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

DISTANCES = ("close", "far")


@dataclass(frozen=True, kw_only=True)
class FollowLeadConfig(TrafficTaskConfig):
    """Settings of FollowLead."""

    n_lanes: int = 2
    vehicle_lanes: tuple[int, int] = (0, 1)
    """Where vehicles drive, counted from the right,"""
    start_lanes: tuple[int, ...] = (0, 1)
    """and where the car may start."""
    time_gap_s: tuple[tuple[float, float], tuple[float, float]] = ((0.7, 1.4), (1.8, 2.6))
    """What close and far mean: the gap over the car's speed."""
    lane_tolerance_m: float = 0.7
    closing_mps: float = 0.8
    """The car's speed may differ by so much from the leader's."""
    horizon_s: float = 28.0
    hold_steps: int = 10
    start_y_m: tuple[float, float] = (-0.3, 0.3)
    start_speed_mps: tuple[float, float] = (5.5, 6.0)
    gap_m: tuple[float, float] = (34.0, 40.0)
    """From the front bumper to the vehicles' rear ends."""
    lead_speed_mps: tuple[float, float] = (3.0, 4.4)
    change_s: float = 2.5
    """The vehicles' speeds are drawn anew so often; they change evenly in between."""
    camera: CameraSpec = CHASE_CAMERA

    def build(self) -> "FollowLead":
        """The task with these settings."""
        return FollowLead(self)


class FollowLead(TrafficTask):
    """A vehicle ahead in each of two lanes, braking and accelerating as it likes."""

    def __init__(self, config: FollowLeadConfig) -> None:
        super().__init__(config, FOLLOWING_MANNERS)
        self.config = config
        self.vehicles = tuple(f"vehicle_{k}" for k in range(len(config.vehicle_lanes)))
        self.n_knots = int(config.horizon_s / config.change_s) + 2
        self.vehicle_y = self.lane_y[list(config.vehicle_lanes)]
        n_vehicles = len(self.vehicles)
        self._vehicle = np.repeat(np.arange(n_vehicles), len(DISTANCES))
        self._band = np.tile(np.array(config.time_gap_s), (n_vehicles, 1))

    def bind(self, engine: Engine) -> None:
        """Find the vehicles, and make room for what is remembered of them."""
        super().bind(engine)
        self._steps = np.zeros(engine.n, dtype=np.int64)
        self._knots = np.zeros((engine.n, self.n_knots, len(self.vehicles)))

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Vehicles of different colours, and how fast they will drive."""
        c = self.config
        k = len(self.vehicles)
        seen = self.draw_vehicles(rng)
        gaps, wide_gaps = widened(c.gap_m[:1], c.gap_m[1:], spread.layout)
        y, speed = self.draw_start(rng, spread)
        lane_y = self.lane_y[rng.choice(c.start_lanes)]
        return Scene(
            start=np.array([c.start_x_m, lane_y + y, 0.0, speed]),
            goals=tuple(
                Goal(
                    intent_id="keep_distance",
                    referent=vehicle,
                    target=Referent(relation=distance),
                    outcome=len(DISTANCES) * v + d,
                )
                for v, vehicle in enumerate(seen)
                for d, distance in enumerate(DISTANCES)
            ),
            values={
                "gap": rng.uniform(gaps, wide_gaps, k),
                "knots": rng.uniform(*c.lead_speed_mps, (self.n_knots, k)),
            },
        )

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the vehicles and remember how fast they will drive."""
        super().write(ids, scenes)
        self._steps[ids] = 0
        front = self.config.start_x_m + self.to_front_m
        for slot, scene in zip(ids, scenes, strict=True):
            self._knots[slot] = scene.values["knots"]
            seen = [goal.referent for goal in scene.goals[:: len(DISTANCES)]]
            rear = front + scene.values["gap"]
            self.traffic.place(int(slot), rear, self.vehicle_y, seen, by_rear=True)

    def _lead_speed(self) -> Floats:
        """(n, k) how fast the vehicles drive now [m/s]."""
        dt_s = self.robot.embodiment.control_dt_s
        per_knot = round(self.config.change_s / dt_s)
        row, knot = np.arange(len(self._steps)), self._steps // per_knot
        share = ((self._steps - knot * per_knot) / per_knot)[:, None]
        before = self._knots[row, np.minimum(knot, self.n_knots - 1)]
        after = self._knots[row, np.minimum(knot + 1, self.n_knots - 1)]
        speed: Floats = before + share * (after - before)
        return speed

    def before_step(self) -> None:
        """The vehicles drive on."""
        self._steps += 1
        self.traffic.drive_on(self._lead_speed() * self.robot.embodiment.control_dt_s)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success behind the goal's vehicle, at its speed, in the band of the time gap."""
        c = self.config
        row, vehicle = np.arange(len(goal)), self._vehicle[goal]
        speed = self.robot.privileged()["speed"]
        gap = self.traffic.rear_x[row, vehicle] - self.front_x()
        time_gap = gap / np.maximum(speed, 1.0)
        low, high = self._band[goal].T
        aside = np.abs(self.robot.motion.point[:, 1] - self.vehicle_y[vehicle])
        differs = np.abs(speed - self._lead_speed()[row, vehicle])
        in_lane = aside < c.lane_tolerance_m
        kept = (time_gap >= low) & (time_gap <= high) & (differs < c.closing_mps) & in_lane
        off_road = self.off_road()
        failure = off_road | self.robot.collision()
        off_band = np.abs(time_gap - 0.5 * (low + high))
        return Outcome(
            success=kept & ~failure,
            failure=failure,
            reward_terms={
                "lane": 1.0 - np.tanh(0.5 * aside),
                "gap": np.where(gap > 0.0, 1.0 - np.tanh(0.5 * off_band), 0.0),
            },
            violations={"off_road": off_road},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come into the vehicle's lane, into the band of the time gap, and to its speed."""
        c, row, vehicle = self.config, np.arange(len(goal)), self._vehicle[goal]
        speed = self.robot.privileged()["speed"]
        gap = self.traffic.rear_x[row, vehicle] - self.front_x()
        time_gap = gap / np.maximum(speed, 1.0)
        low, high = self._band[goal].T
        aside = np.abs(self.robot.motion.point[:, 1] - self.vehicle_y[vehicle])
        differs = np.abs(speed - self._lead_speed()[row, vehicle])
        return {
            "aside_m": np.maximum(aside - c.lane_tolerance_m, 0.0),
            "gap_s": np.maximum(np.maximum(low - time_gap, time_gap - high), 0.0),
            "closing_mps": np.maximum(differs - c.closing_mps, 0.0),
        }

    def goal_vehicle(self, goal: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the vehicle to keep a distance to."""
        return self._vehicle[goal]

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, the goals' lanes and gaps, and the vehicle ahead in its own lane."""
        n = self.engine.n
        rear, speed = self.traffic.rear_x, self._lead_speed()
        row = np.arange(n)
        aside = np.abs(self.robot.motion.point[:, 1, None] - self.vehicle_y)
        own = np.argmin(aside, axis=1)
        is_own = aside[row, own] <= 0.5 * self.config.lane_width_m
        return {
            **super().privileged(),
            "goal_lane_y": np.repeat(self.vehicle_y[self._vehicle][None], n, axis=0),
            "time_gap_s": np.repeat(self._band.mean(axis=1)[None], n, axis=0),
            "lead_x": rear[:, self._vehicle],
            "lead_speed": speed[:, self._vehicle],
            "own_lead_x": np.where(is_own, rear[row, own], np.inf),
            "own_lead_speed": speed[row, own],
        }

    def goal_point(self) -> Floats:
        """(n, 4, 3) where the car's middle keeps each goal's distance."""
        point = self.traffic.position[:, self._vehicle]
        speed = self._lead_speed()[:, self._vehicle]
        point[:, :, 0] = self.traffic.rear_x[:, self._vehicle] - self.to_front_m
        point[:, :, 0] -= self._band.mean(axis=1) * speed
        return point

    def referent_point(self) -> Floats:
        """(n, 4, 3) the vehicles."""
        point = self.traffic.position[:, self._vehicle]
        point[:, :, 2] = 0.8
        return point

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) closing up at the present speed, and the steps that the gap is held for [m]."""
        row, vehicle = np.arange(len(goal)), self._vehicle[goal]
        lead_speed = self._knots.mean(axis=1)[row, vehicle]
        speed = np.maximum(self.robot.privileged()["speed"], lead_speed + 0.5)
        wanted = self._band.mean(axis=1)[goal] * lead_speed
        gap = self.traffic.rear_x[row, vehicle] - self.front_x()
        closing_s = np.maximum(gap - wanted, 0.0) / (speed - lead_speed)
        held_s = self.hold_steps * self.robot.embodiment.control_dt_s
        way: Floats = np.maximum(speed * closing_s + lead_speed * held_s, 0.1)
        return way
