"""CarShield: the chassis keeps to its limits, and the car can always stop on its ground."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets import car
from vla_sim.envs.frames.car_task import CarTask
from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.shield.car_choice import guard_rows
from vla_sim.envs.shield.manner_bounds import manner_bounds
from vla_sim.envs.shield.surroundings import Surroundings
from vla_sim.physics.filters import low_pass_gain
from vla_sim.protocols.engine import Engine
from vla_sim.records.manner import MannerProfile

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

GRIP_SHARE = 0.45
"""Of the tyres' grip sideways: while it holds, the car goes where its model says."""
TURN_JERK_SHARE = 0.45
"""Of the limit of jerk, sideways."""
SPEED_SHARE = 0.98
MARGIN_M = (0.35, 0.35)
"""What is kept to the ground's edge and to things, for what the model does not know,"""
MARGIN_S2_M = 0.004
"""and the more of it the faster the car is: times the square of its speed [m/s]."""
_LEFT = 0.3
"""Of a manner's acceleration, what is left lengthwise however fast the car turns."""
_SLOWING, _SLOWING_S = 0.3, 2.0
"""Who is too fast for a manner slows down with this share of its acceleration and jerk at most,
and as if in this time [s]."""


class CarShield:
    """Guards the cars of one crank; implements `shield.Shield`.

    It looks at what a car has: its pose, speed and commands, a map of the ground, and a range
    sensor that tracks what is solid (`surroundings`).
    """

    def __init__(self, robot: CarRobot, task: CarTask, engine: Engine) -> None:
        self._robot, self._task = robot, task
        self._surroundings = Surroundings(engine, "car/")
        emb = robot.embodiment
        lengthwise, lateral = emb.motion_group("longitudinal"), emb.motion_group("lateral")
        self._top_speed = SPEED_SHARE * lengthwise.velocity_limit
        self._scale = emb.action_scale
        self._dt_s = emb.control_dt_s
        self._car = np.array(
            [
                low_pass_gain(emb.bandwidth_fraction, emb.control_dt_s),
                emb.control_dt_s,
                car.WHEELBASE_M,
                car.STEER_RATE_RAD_S,
                car.CENTRE_TO_REAR_M,
                0.5 * car.LENGTH_M,
                0.5 * car.WIDTH_M,
                self._scale[0],
                GRIP_SHARE * lateral.acceleration_limit,
                TURN_JERK_SHARE * lateral.jerk_limit * emb.control_dt_s,
                self._scale[1],
            ]
        )
        self._escape = np.zeros(engine.n)
        self.withheld = np.zeros(engine.n)  # all is done by the action

    def begin(self, ids: Ids) -> None:
        """New episodes begin in the slots `ids`."""
        self._escape[ids] = 0.0
        self._surroundings.forget(ids)

    def guarded(self, action: Floats, profiles: list[MannerProfile] | None) -> Floats:
        """SI actions (n, 2) that leave the shield; `profiles` bind each row to its manner."""
        told = self._robot.privileged()
        n = len(action)
        state = np.empty((n, 6))
        state[:, :3], state[:, 3] = told["pose"], np.maximum(told["speed"], 0.0)
        state[:, 4], state[:, 5] = told["accel"], told["curvature"]
        limits = np.empty((n, 3))
        limits[:] = -self._scale[0], self._scale[0], self._top_speed
        if profiles is not None:
            self._keep_manner(limits, state, profiles)
        self._surroundings.look(self._dt_s)
        out = np.empty((n, 2))
        guard_rows(
            state,
            np.ascontiguousarray(action),
            limits,
            self._task.ground(),
            self._surroundings.footprint,
            self._surroundings.velocity,
            self._escape,
            np.array([*MARGIN_M, MARGIN_S2_M]),
            self._car,
            out,
        )
        return out

    def _keep_manner(self, limits: Floats, state: Floats, profiles: list[MannerProfile]) -> None:
        """Narrow accelerations (n, 3) to the manners' acceleration, jerk and speed.

        Bands are of norms, so that what the car accelerates to its side is taken off. A car that is
        too fast for its manner is slowed down more softly than any manner would be.
        """
        fast, hard, jerky = manner_bounds(profiles).T
        speed, now = state[:, 3], state[:, 4]
        sideways = speed * speed * state[:, 5]
        most = np.sqrt(np.maximum(hard**2 - sideways**2, (_LEFT * hard) ** 2))
        change = jerky * self._dt_s / self._car[0]
        least = np.clip(now - change, -most, most)
        greatest = np.clip(now + change, -most, most)
        room = fast - speed
        # So that what is taken back with the manner's jerk does not pass its speed.
        left = room - np.maximum(now, 0.0) ** 2 / (2.0 * jerky)
        slowing = np.maximum(room / _SLOWING_S, -_SLOWING * hard)
        wanted = np.where(
            room >= 0.0,
            np.maximum(left / self._dt_s, 0.0),
            np.maximum(slowing, now - _SLOWING * change),
        )
        limits[:, 0], limits[:, 1] = least, np.maximum(np.minimum(greatest, wanted), least)
