"""Jerk-limited straight motion of a tool: one ruckig problem for each row.

A row is solved in a frame whose first axis points along the motion, so that the manner's limits
hold for the Euclidean norm whatever the direction: the first axis gets nearly all of them, the
other two a small share with which they remove what velocity does not point at the target, and
more of it only where a sudden turn has left them more to remove. The three axes are independent time-optimal problems, hence a state on a plan continues that plan when
it is solved again.

What is known about the tool is sampled: the commanded velocity v_k of the last control step and
its difference quotient q_k = (v_k - v_(k-1)) / dt. In a phase of constant jerk q_k is the exact
acceleration in the middle of the step. The plan therefore starts there, half a period ago.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import manner_limits
from vla_sim.errors import BadConfig
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MAIN_SHARE = 0.95
# Of velocity, acceleration and jerk. The norm of the velocity shares is 1.0; the other two exceed
# it a little where a turn makes all axes work at once, so that a turn ends before it drifts.
_SIDE_SHARES = np.array([0.22, 0.4, 0.7])
_OFFSET_DECAY = 0.5
_SANE_DISTANCE_M = 3.0  # beyond any table; keeps a diverging state's problem well-posed
_SANE_SPEED = 3.0


@dataclass(frozen=True, kw_only=True)
class ToolMotionConfig:
    """How plans meet the sampled, lagging tool."""

    dt_s: float
    """Control period [s]."""
    lag_s: float = 0.0
    """How far the measured position trails the commanded one [s]."""
    acceleration_cap: float = 3.0
    """Whatever the manner, no plan accelerates faster [m/s^2]: beyond it the arm's second joint
    reaches its limit somewhere in the workspace, and the tool falls behind its plan."""
    direction_time_s: float = 0.1
    """The motion's direction is that of the way to the target plus this much of the velocity."""

    def __post_init__(self) -> None:
        """Refuse what no robot has."""
        if not min(self.dt_s, self.direction_time_s, self.acceleration_cap) > 0.0:
            raise BadConfig("dt_s, direction_time_s and acceleration_cap must be positive")
        if not self.lag_s >= 0.0:
            raise BadConfig(f"lag_s is {self.lag_s}; a tool cannot run ahead of its command")

    def build(self, manners: Mapping[Manner, MannerProfile]) -> "ToolMotion":
        """A motion under these manners."""
        return ToolMotion(self, manners)


class ToolMotion:
    """Solves and samples plans; holds limits only, no state of any tool."""

    def __init__(self, config: ToolMotionConfig, manners: Mapping[Manner, MannerProfile]) -> None:
        self.config = config
        limits = manner_limits(manners)  # (n_manners, 3): velocity, acceleration, jerk
        limits[:, 1] = np.minimum(limits[:, 1], config.acceleration_cap)
        self._limits = limits
        self._problem = ruckig.InputParameter(3)
        self._problem.synchronization = ruckig.Synchronization.No
        self._solver = ruckig.Ruckig(3)

    def start(self, position: Floats, velocity: Floats, acceleration: Floats) -> "ToolRollout":
        """A kinematic roll-out from measured position and commanded velocity and acceleration.

        Args:
            position: Tool positions [m], shape (m, 3).
            velocity: Filtered commanded velocities [m/s], shape (m, 3).
            acceleration: Their difference quotients [m/s^2], shape (m, 3).
        """
        return ToolRollout(self, position, velocity, acceleration)

    def _bounds(self, velocity: Floats, acceleration: Floats, manner: Ints) -> Floats:
        """Limits of velocity, acceleration and jerk along each axis, shape (r, 3, 3)."""
        limits = self._limits[manner]
        used = np.maximum(
            np.abs(velocity) / limits[:, 0, None], np.abs(acceleration) / limits[:, 1, None]
        )
        share = np.clip(used[:, None, :], _SIDE_SHARES[:, None], 1.0)
        share[:, :, 0] = _MAIN_SHARE
        bounds: Floats = limits[:, :, None] * share
        return bounds

    def _solve(
        self,
        trajectory: ruckig.Trajectory,
        way: list[float],
        velocity: list[float],
        acceleration: list[float],
        bounds: list[list[float]],
    ) -> None:
        problem = self._problem
        problem.target_position = way
        problem.current_velocity = velocity
        problem.current_acceleration = acceleration
        problem.max_velocity, problem.max_acceleration, problem.max_jerk = bounds
        result = self._solver.calculate(problem, trajectory)
        assert result in (ruckig.Result.Working, ruckig.Result.Finished), result


class ToolRollout:
    """m tools on their way, advanced one control step at a time."""

    def __init__(
        self, motion: ToolMotion, position: Floats, velocity: Floats, acceleration: Floats
    ) -> None:
        self._motion = motion
        dt_s = motion.config.dt_s
        # A sampled hold is half a period ahead of the continuous plan; the servo lags behind it.
        self._lead_s = 0.5 * dt_s - motion.config.lag_s
        self.position = position.copy()
        self.velocity = np.clip(velocity, -_SANE_SPEED, _SANE_SPEED)
        self.acceleration = acceleration.copy()
        m = len(position)
        self._trajectories = [ruckig.Trajectory(3) for _ in range(m)]
        self._frames = np.zeros((m, 3, 3))
        self._offset = np.zeros((m, 3))
        self._clock_s = np.zeros(m)

    def aim(self, rows: Ints, target: Floats, manner: Ints) -> None:
        """Plan anew for some rows.

        Args:
            rows: Which rows, shape (r,).
            target: Where their tools shall come to rest [m], shape (r, 3).
            manner: Index into MANNERS, shape (r,).
        """
        if len(rows) == 0:
            return
        motion, half_s = self._motion, 0.5 * self._motion.config.dt_s
        now_velocity = self.velocity[rows]
        acceleration = self.acceleration[rows]
        velocity = now_velocity - half_s * acceleration
        now = self.position[rows] - self._lead_s * now_velocity
        way = target - (now - half_s * velocity)
        way = np.clip(way, -_SANE_DISTANCE_M, _SANE_DISTANCE_M)
        frames = _frames_along(way + motion.config.direction_time_s * velocity)
        self._frames[rows] = frames
        way_f, velocity_f = _rotate(frames, way), _rotate(frames, velocity)
        acceleration_f = _rotate(frames, acceleration)
        bounds = motion._bounds(velocity_f, acceleration_f, manner)
        # ruckig has no answer to accelerations far beyond the limits.
        acceleration_f = np.clip(acceleration_f, -bounds[:, 1], bounds[:, 1])
        at_now = np.empty_like(velocity)
        for i, (row, w, v, a, b) in enumerate(
            zip(
                rows.tolist(),
                way_f.tolist(),
                velocity_f.tolist(),
                acceleration_f.tolist(),
                bounds.tolist(),
                strict=True,
            )
        ):
            trajectory = self._trajectories[row]
            motion._solve(trajectory, w, v, a, b)
            at_now[i] = trajectory.at_time(half_s)[1]
        self._clock_s[rows] = half_s
        # What the plan says about now differs from what is by jerk * dt^2 / 8: fade that out.
        self._offset[rows] = _rotate(frames, now_velocity) - at_now

    def advance(self) -> Floats:
        """One control step along the plans: the new commanded velocity [m/s], shape (m, 3)."""
        dt_s = self._motion.config.dt_s
        self._clock_s += dt_s
        self._offset *= _OFFSET_DECAY
        planned = np.array(
            [
                trajectory.at_time(clock_s)[1]
                for trajectory, clock_s in zip(
                    self._trajectories, self._clock_s.tolist(), strict=True
                )
            ]
        ).reshape(-1, 3)
        velocity = _rotate_back(self._frames, planned + self._offset)
        change = velocity - self.velocity
        self.position += dt_s * velocity - self._motion.config.lag_s * change
        self.acceleration = change / dt_s
        self.velocity = velocity
        return velocity


def _frames_along(direction: Floats) -> Floats:
    """Right-handed orthonormal frames, rows are axes, the first along `direction`: (r, 3, 3)."""
    x, y, z = direction[:, 0], direction[:, 1], direction[:, 2]
    length = np.sqrt(x * x + y * y + z * z)
    still = length < 1e-9
    scale = 1.0 / np.where(still, 1.0, length)
    x, y, z = np.where(still, 1.0, x * scale), np.where(still, 0.0, y * scale), z * scale
    z = np.where(still, 0.0, z)
    steep = np.abs(z) > 0.9
    # Second axis: horizontal, or in the x-z plane for steep motion.
    u = np.stack([np.where(steep, z, -y), np.where(steep, 0.0, x), np.where(steep, -x, 0.0)], 1)
    u /= np.sqrt(u[:, 0] ** 2 + u[:, 1] ** 2 + u[:, 2] ** 2)[:, None]
    w = np.stack(
        [y * u[:, 2] - z * u[:, 1], z * u[:, 0] - x * u[:, 2], x * u[:, 1] - y * u[:, 0]], 1
    )
    return np.stack([np.stack([x, y, z], 1), u, w], 1)


def _rotate(frames: Floats, vector: Floats) -> Floats:
    """World to frame. Written out: the sum's order must not depend on the number of rows."""
    v = vector[:, None, :]
    rotated: Floats = (
        frames[..., 0] * v[..., 0] + frames[..., 1] * v[..., 1] + frames[..., 2] * v[..., 2]
    )
    return rotated


def _rotate_back(frames: Floats, vector: Floats) -> Floats:
    """Frame to world."""
    v = vector[:, :, None]
    rotated: Floats = (
        frames[:, 0] * v[:, 0] + frames[:, 1] * v[:, 1] + frames[:, 2] * v[:, 2]
    )
    return rotated
