"""ChangeLane: move into the lane that was named, by side or by the vehicle in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import ROAD_MANNERS
from vla_sim.assets.ground_props import VEHICLE_HALF_LENGTH_M, VEHICLE_KINDS
from vla_sim.assets.props import COLOURS
from vla_sim.envs.chain import other_goals
from vla_sim.envs.frames.road_task import CHASE_CAMERA
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.frames.traffic_task import TrafficTask, TrafficTaskConfig
from vla_sim.envs.scenery.layout import widened
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

SIDES = ("left", "right")


@dataclass(frozen=True, kw_only=True)
class ChangeLaneConfig(TrafficTaskConfig):
    """Settings of ChangeLane."""

    centre_tolerance_m: float = 0.5
    heading_tolerance_rad: float = 0.087
    horizon_s: float = 10.0
    hold_steps: int = 10
    start_speed_mps: tuple[float, float] = (7.5, 8.5)
    gap_m: tuple[float, float] = (13.0, 20.0)
    """Between the centres of the car and of the vehicle ahead in a side lane."""
    vehicle_speed_mps: tuple[float, float] = (9.0, 10.5)
    own_gap_m: tuple[float, float] | None = None
    """The same gap to a vehicle ahead in the car's own lane; None: nobody drives there."""
    own_speed_mps: tuple[float, float] = (8.0, 9.5)
    goal_ahead_m: float = 10.0
    """How far ahead in the lane the goal point lies."""
    camera: CameraSpec = CHASE_CAMERA

    def build(self) -> "ChangeLane":
        """The task with these settings."""
        return ChangeLane(self)


class ChangeLane(TrafficTask):
    """Three lanes, the car in the middle, a vehicle ahead on either side, maybe one before it.

    Left and right can be asked for by side or by naming the vehicle, so words of two kinds lead to
    the same behaviour, and the picture alone never says which.
    """

    def __init__(self, config: ChangeLaneConfig) -> None:
        super().__init__(config, ROAD_MANNERS)
        self.config = config
        own = () if config.own_gap_m is None else ("own",)
        self.vehicles = tuple(f"vehicle_{lane}" for lane in (*SIDES, *own))
        self.side_y = self.lane_y[[2, 0]]
        self.vehicle_y = np.append(self.side_y, np.zeros(len(own)))

    def bind(self, engine: Engine) -> None:
        """Find the vehicles, and make room for what is remembered of them."""
        super().bind(engine)
        self._speed = np.zeros((engine.n, len(self.vehicles)))

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """One vehicle ahead in each lane that has one, of different colours."""
        c = self.config
        seen = self.draw_vehicles(rng)
        by_side = [
            Goal(intent_id="change_lane", referent=Referent(relation=side), outcome=k)
            for k, side in enumerate(SIDES)
        ]
        by_vehicle = [
            Goal(intent_id="follow", referent=seen[k], outcome=k) for k in range(len(SIDES))
        ]
        y, speed = self.draw_start(rng, spread)
        gaps, wide_gaps = widened(c.gap_m[:1], c.gap_m[1:], spread.layout)
        ahead = c.start_x_m + rng.uniform(gaps, wide_gaps, len(SIDES))
        speeds = rng.uniform(*c.vehicle_speed_mps, len(SIDES))
        if c.own_gap_m is not None:
            own_gap, wide_own_gap = widened(c.own_gap_m[:1], c.own_gap_m[1:], spread.layout)
            ahead = np.append(ahead, c.start_x_m + rng.uniform(own_gap, wide_own_gap))
            speeds = np.append(speeds, rng.uniform(*c.own_speed_mps))
        palette = list(COLOURS)
        return Scene(
            start=np.array([c.start_x_m, y, 0.0, speed]),
            goals=(*by_side, *by_vehicle),
            things=tuple(seen),
            values={
                "ahead": ahead,
                "speed": speeds,
                "colour": np.array(
                    [palette.index(vehicle.colour) for vehicle in seen], dtype=np.float64
                ),
                "kind": np.array(
                    [VEHICLE_KINDS.index(vehicle.shape) for vehicle in seen], dtype=np.float64
                ),
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """The other lane by the vehicle in it: it is two lanes off, which no word for a side says.

        To one lane to the right of the left one lies the middle.
        """
        return [k for k in other_goals(scene.goals, asked) if k >= len(SIDES)]

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the vehicles and remember their speeds."""
        super().write(ids, scenes)
        palette = list(COLOURS)
        for slot, scene in zip(ids, scenes, strict=True):
            values = scene.values
            self._speed[slot] = values["speed"]
            seen = [
                Referent(colour=palette[int(colour)], shape=VEHICLE_KINDS[int(kind)])
                for kind, colour in zip(values["kind"], values["colour"], strict=True)
            ]
            self.traffic.place(int(slot), values["ahead"], self.vehicle_y, seen)

    def before_step(self) -> None:
        """The vehicles drive on."""
        self.traffic.drive_on(self._speed * self.robot.embodiment.control_dt_s)

    def _goal_side(self) -> NDArray[np.int64]:
        return np.array([0, 1, 0, 1])  # goals are (left, right, left vehicle, right vehicle)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the car is centred in the goal's lane and straight in it."""
        c = self.config
        state = self.robot.privileged()
        y, yaw = state["pose"][:, 1], state["pose"][:, 2]
        offset = np.abs(y - self.side_y[self._goal_side()[goal]])
        off_road = self.off_road()
        failure = off_road | self.robot.collision()
        centred = (offset < c.centre_tolerance_m) & (np.abs(yaw) < c.heading_tolerance_rad)
        return Outcome(
            success=centred & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.5 * offset),
                "straight": np.exp(-5.0 * np.abs(yaw)) * (offset < c.centre_tolerance_m),
            },
            violations={"off_road": off_road},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come over into the lane."""
        y = self.robot.motion.point[:, 1]
        offset = np.abs(y - self.side_y[self._goal_side()[goal]])
        return {"aside_m": np.maximum(offset - self.config.centre_tolerance_m, 0.0)}

    def goal_vehicle(self, goal: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the vehicle of the goal's lane."""
        return self._goal_side()[goal]

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, the goals' lanes and the vehicles in them (rear ends)."""
        side = self._goal_side()
        ahead = self.traffic.position[:, :, 0] - VEHICLE_HALF_LENGTH_M
        n = self.engine.n
        has_own = self.config.own_gap_m is not None
        return {
            **super().privileged(),
            "goal_lane_y": np.repeat(self.side_y[side][None], n, axis=0),
            "lead_x": ahead[:, side],
            "lead_speed": self._speed[:, side],
            "own_lead_x": ahead[:, -1] if has_own else np.full(n, np.inf),
            "own_lead_speed": self._speed[:, -1].copy() if has_own else np.zeros(n),
        }

    def goal_point(self) -> Floats:
        """(n, 4, 3) a point ahead in each goal's lane."""
        x = self.robot.motion.point[:, 0]
        point = np.zeros((len(x), 4, 3))
        point[:, :, 0] = x[:, None] + self.config.goal_ahead_m
        point[:, :, 1] = self.side_y[self._goal_side()]
        return point

    def referent_point(self) -> Floats:
        """(n, 4, 3): the lane ahead for a side, the vehicle for a vehicle."""
        point = self.goal_point()
        point[:, 2:] = self.traffic.position[:, : len(SIDES)]
        point[:, 2:, 2] += 0.8
        return point

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) a gentle change at the present speed, and the steps that it is held for [m]."""
        speed = self.robot.privileged()["speed"]
        dt = self.robot.embodiment.control_dt_s
        return np.maximum(speed, 1.0) * (3.0 + self.config.hold_steps * dt)
