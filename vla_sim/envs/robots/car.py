"""CarRobot: acceleration and curvature to wheel torques and Ackermann steering angles."""

from collections.abc import Mapping

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets import car
from vla_sim.physics.compiled import entry
from vla_sim.physics.filters import low_pass_gain
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.robot import Motion
from vla_sim.records.embodiment import Embodiment

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

_PREFIX = "car/"
_WHEELS = ("fl", "fr", "rl", "rr")
_N_MOTION = car.CAR.n_motion


class CarRobot:
    """n cars inside one engine; implements `protocols.robot.Robot`.

    The action is the longitudinal acceleration [m/s^2] and the curvature [1/m] of the rear axle's
    path, positive to the left: the yaw rate is curvature times speed. The controlled point lies in
    the middle of the wheelbase, on the ground.
    """

    def __init__(self) -> None:
        self._alpha = low_pass_gain(car.CAR.bandwidth_fraction, car.CONTROL_DT_S)

    @property
    def embodiment(self) -> Embodiment:
        """Limits, action meaning and control rate."""
        return car.CAR

    @property
    def n_substeps(self) -> int:
        """Physics steps per control step."""
        return car.N_SUBSTEPS

    def attach_to(self, spec: mujoco.MjSpec) -> None:
        """Add the car, and set the physics that it was tuned with."""
        spec.attach(car.car_spec(), prefix=_PREFIX, frame=spec.worldbody.add_frame())
        car.set_car_physics(spec)

    def bind(self, engine: Engine) -> None:
        """Find the car's joints, actuators and sensors in the compiled engine."""
        self._engine = engine
        model, n = engine.model, engine.n
        free = model.joint(f"{_PREFIX}chassis_free")
        # The car's joints follow one another, the free joint first, as in the model alone.
        self._q0, self._v0 = int(free.qposadr[0]), int(free.dofadr[0])
        self._spin_v = np.array([model.joint(f"{_PREFIX}spin_{w}").dofadr[0] for w in _WHEELS])
        steer = [model.actuator(f"{_PREFIX}angle_{w}").id for w in _WHEELS[:2]]
        self._steer_act = np.array([model.actuator_actadr[i] for i in steer])
        self._angle_ctrl = np.array(steer)
        self._rate_ctrl = np.array([model.actuator(f"{_PREFIX}rate_{w}").id for w in _WHEELS[:2]])
        self._torque_ctrl = np.array([model.actuator(f"{_PREFIX}torque_{w}").id for w in _WHEELS])
        self._touch = engine.sensor(f"{_PREFIX}touch_chassis")
        self._filtered = np.zeros((n, 2))
        self._steer_rate, self._angle_rate = np.zeros((n, 2)), np.zeros((n, 2))
        self._pose = np.zeros((n, 3))
        self._position, self._velocity = np.zeros((n, _N_MOTION)), np.zeros((n, _N_MOTION))
        self._acceleration, self._jerk = np.zeros((n, _N_MOTION)), np.zeros((n, _N_MOTION))

    def reset(self, ids: Ids, start: Floats) -> None:
        """Put the cars of `ids` at x, y [m], yaw [rad] and speed [m/s], shape (m, 4).

        They roll freely, wheels straight and springs settled.
        """
        engine, settled = self._engine, car.settled_qpos()
        x, y, yaw, speed = np.asarray(start, dtype=np.float64).T
        qpos = np.repeat(settled[None], len(ids), axis=0)
        qpos[:, 0], qpos[:, 1] = x, y
        c, s = np.cos(0.5 * yaw), np.sin(0.5 * yaw)
        w, i, j, k = settled[3:7]
        qpos[:, 3], qpos[:, 4] = c * w - s * k, c * i - s * j
        qpos[:, 5], qpos[:, 6] = c * j + s * i, c * k + s * w
        engine.qpos[ids, self._q0 : self._q0 + len(settled)] = qpos
        engine.qvel[ids, self._v0] = speed * np.cos(yaw)
        engine.qvel[ids, self._v0 + 1] = speed * np.sin(yaw)
        engine.qvel[np.ix_(ids, self._spin_v)] = (speed / car.WHEEL_RADIUS_M)[:, None]
        self._filtered[ids] = 0.0

    def command(self, action: Floats) -> None:
        """Filter SI actions, shape (n, 2), and write the engine's controls for one step."""
        engine = self._engine
        torque = np.empty(engine.n)
        _command_rows(
            np.ascontiguousarray(action, dtype=np.float64),
            self._velocity[:, 0].copy(),
            np.take(engine.act, self._steer_act, axis=1),
            self._alpha,
            car.CONTROL_DT_S,
            # Of one of four driven wheels, for a unit of acceleration.
            0.25 * car.EFFECTIVE_MASS_KG * car.WHEEL_RADIUS_M,
            car.WHEELBASE_M,
            car.TRACK_FRONT_M,
            car.STEER_RATE_RAD_S,
            self._filtered,
            torque,
            self._steer_rate,
        )
        engine.ctrl[:, self._torque_ctrl] = torque[:, None]
        engine.ctrl[:, self._angle_ctrl] = self._steer_rate
        engine.ctrl[:, self._rate_ctrl] = self._steer_rate

    def after_step(self, ids: Ids | None = None) -> None:
        """Read the engine: update `motion`. With ids, start the history of those afresh."""
        rows = np.arange(self._engine.n) if ids is None else ids
        _measure_rows(
            rows,
            ids is not None,
            np.ascontiguousarray(self._engine.qpos[:, self._q0 : self._q0 + 7]),
            np.ascontiguousarray(self._engine.qvel[:, self._v0 : self._v0 + 6]),
            car.CONTROL_DT_S,
            self._pose,
            self._position,
            self._velocity,
            self._acceleration,
            self._jerk,
        )

    @property
    def motion(self) -> Motion:
        """What was measured by the last `after_step`.

        "longitudinal" and "lateral" are along the car's axes; their positions are the ways driven
        so, and the lateral acceleration includes what the turn asks for. "planar" is in the world.
        """
        point = np.zeros((self._engine.n, 3))
        point[:, :2] = self._pose[:, :2]
        return Motion(
            position=self._position.copy(),
            velocity=self._velocity.copy(),
            acceleration=self._acceleration.copy(),
            jerk=self._jerk.copy(),
            point=point,
        )

    def collision(self) -> NDArray[np.bool_]:
        """(n,) True where the chassis touches anything, the ground included."""
        hit: NDArray[np.bool_] = self._touch[:, 0] > 0.0
        return hit

    def proprio(self) -> NDArray[np.float32]:
        """(n, n_proprio) in the order of `Embodiment.proprio_names`."""
        yaw = self._pose[:, 2]
        return np.stack(
            [
                self._pose[:, 0],
                self._pose[:, 1],
                np.zeros(self._engine.n),
                np.cos(yaw),
                np.sin(yaw),
                self._velocity[:, 0],
                self._filtered[:, 0],
                self._filtered[:, 1],
            ],
            axis=1,
        ).astype(np.float32)

    def privileged(self) -> Mapping[str, Floats]:
        """Measured pose and speed; filtered commanded acceleration and curvature."""
        return {
            "pose": self._pose.copy(),
            "speed": self._velocity[:, 0].copy(),
            "accel": self._filtered[:, 0].copy(),
            "curvature": self._filtered[:, 1].copy(),
        }


@entry
def _command_rows(
    action: Floats,
    speed: Floats,
    steer: Floats,
    alpha: float,
    dt: float,
    torque_per_acceleration: float,
    wheelbase: float,
    track: float,
    steer_speed: float,
    filtered: Floats,
    torque: Floats,
    steer_rate: Floats,
) -> None:
    """One control step of each row: action, filtered (n, 2), speed, torque (n,), steer (n, 2)."""
    turn = steer_speed * dt
    for row in range(action.shape[0]):
        f = filtered[row]
        # What cannot be done is taken back from the filter, so that it reports what is done.
        # Brakes: at most to a stop within this step, never backwards.
        f[0] += alpha * (action[row, 0] - f[0])
        f[0] = max(f[0], -speed[row] / dt)
        torque[row] = torque_per_acceleration * f[0]
        # Steering: the middle wheel's angle turns no faster than the published rate.
        before = np.arctan(wheelbase * f[1])
        after = np.arctan(wheelbase * (f[1] + alpha * (action[row, 1] - f[1])))
        after = min(max(after, before - turn), before + turn)
        f[1] = np.tan(after) / wheelbase
        for side in range(2):
            # Ackermann: each front wheel stands across the line to the centre of the turn.
            y = (0.5 - side) * track
            angle = np.arctan(wheelbase * f[1] / (1.0 - f[1] * y))
            steer_rate[row, side] = (angle - steer[row, side]) / dt


@entry
def _measure_rows(
    rows: Ids,
    afresh: bool,
    qpos: Floats,
    qvel: Floats,
    dt: float,
    pose: Floats,
    position: Floats,
    velocity: Floats,
    acceleration: Floats,
    jerk: Floats,
) -> None:
    """Measured motion of `rows` from the chassis' qpos (n, 7) and qvel (n, 6)."""
    v, a = np.empty(5), np.empty(5)
    for row in rows:
        w, i, j, k = qpos[row, 3], qpos[row, 4], qpos[row, 5], qpos[row, 6]
        # The chassis' forward axis, seen from above, and the turning about the vertical.
        forward_x, forward_y = 1.0 - 2.0 * (j * j + k * k), 2.0 * (i * j + w * k)
        length = max(np.sqrt(forward_x * forward_x + forward_y * forward_y), 1e-9)
        cx, cy = forward_x / length, forward_y / length
        yaw = np.arctan2(cy, cx)
        yaw_rate = 0.0
        up = (2.0 * (i * k - w * j), 2.0 * (j * k + w * i), 1.0 - 2.0 * (i * i + j * j))
        for axis in range(3):
            yaw_rate += up[axis] * qvel[row, 3 + axis]
        vx, vy = qvel[row, 0], qvel[row, 1]
        v[0] = vx * cx + vy * cy
        v[1] = vy * cx - vx * cy
        v[2] = yaw_rate
        v[3], v[4] = vx, vy
        if afresh:
            position[row, 0], position[row, 1], position[row, 2] = 0.0, 0.0, yaw
            for m in range(5):
                a[m] = 0.0
                acceleration[row, m] = 0.0
        else:
            turned = yaw - pose[row, 2]
            turned -= 2.0 * np.pi * np.floor(turned / (2.0 * np.pi) + 0.5)
            position[row, 0] += 0.5 * dt * (v[0] + velocity[row, 0])
            position[row, 1] += 0.5 * dt * (v[1] + velocity[row, 1])
            position[row, 2] += turned
            for m in range(5):
                a[m] = (v[m] - velocity[row, m]) / dt
            # Sideways in the middle of the step: with the pull to the centre of the turn.
            middle = pose[row, 2] + 0.5 * turned
            a[1] = a[4] * np.cos(middle) - a[3] * np.sin(middle)
        position[row, 3], position[row, 4] = qpos[row, 0], qpos[row, 1]
        pose[row, 0], pose[row, 1], pose[row, 2] = qpos[row, 0], qpos[row, 1], yaw
        for m in range(5):
            jerk[row, m] = (a[m] - acceleration[row, m]) / dt
            acceleration[row, m] = a[m]
            velocity[row, m] = v[m]
