"""Jerk-limited straight motion of a tool: one ruckig problem for each row.

A row is solved in a frame whose first axis points along the motion, so that the manner's limits
hold for the Euclidean norm whatever the direction: the first axis gets nearly all of them, the
other two a small share with which they remove what velocity does not point at the target, and
more of it only where a sudden turn has left them more to remove. The
three axes are independent time-optimal problems, hence a state on a plan continues that plan when
it is solved again.

What is known about the tool is sampled: the commanded velocity v_k of the last control step and
its difference quotient q_k = (v_k - v_(k-1)) / dt. In a phase of constant jerk q_k is the exact
acceleration in the middle of the step. The plan therefore starts there, half a period ago.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import ruckig
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import manner_limits
from vla_sim.errors import BadConfig
from vla_sim.physics.compiled import entry
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAIN_SHARE = 0.95
SIDE_SHARES = (0.22, 0.4, 0.7)
"""Of velocity, acceleration and jerk. The norm of the velocity shares is 1; the other two exceed it
a little where a turn makes all axes work at once, so that a turn ends before it drifts."""
SHORTEST_S = 0.12
"""No motion, however short, is planned to take less: 32 d / T^3 is the jerk that takes T for d."""
OFFSET_DECAY = 0.5
SANE_DISTANCE_M = 3.0
"""Beyond any table; keeps the problem of a diverging state well-posed."""
SANE_SPEED_M_S = 3.0


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

    def _solve(self, trajectory: ruckig.Trajectory, asked: list[list[float]]) -> None:
        problem = self._problem
        problem.target_position, problem.current_velocity, problem.current_acceleration = asked[:3]
        problem.max_velocity, problem.max_acceleration, problem.max_jerk = asked[3:]
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
        self.velocity = np.clip(velocity, -SANE_SPEED_M_S, SANE_SPEED_M_S)
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
        problem = np.empty((len(rows), 6, 3))
        _pose_problems(
            rows,
            target,
            motion._limits[manner],
            self.position,
            self.velocity,
            self.acceleration,
            half_s,
            self._lead_s,
            motion.config.direction_time_s,
            self._frames,
            problem,
        )
        at_now = np.empty((len(rows), 3))
        for i, (row, asked) in enumerate(zip(rows.tolist(), problem.tolist(), strict=True)):
            trajectory = self._trajectories[row]
            motion._solve(trajectory, asked)
            at_now[i] = trajectory.at_time(half_s)[1]
        self._clock_s[rows] = half_s
        # What the plan says about now differs from what is by jerk * dt^2 / 8: fade that out.
        self._offset[rows] = _in_frames(self._frames[rows], self.velocity[rows]) - at_now

    def left_s(self) -> Floats:
        """Time that the plans still take [s], shape (m,): the least that the limits admit."""
        whole = [trajectory.duration for trajectory in self._trajectories]
        return np.asarray(np.array(whole) - self._clock_s).clip(0.0)

    def advance(self) -> Floats:
        """One control step along the plans: the new commanded velocity [m/s], shape (m, 3)."""
        dt_s = self._motion.config.dt_s
        self._clock_s += dt_s
        planned = np.array(
            [
                trajectory.at_time(clock_s)[1]
                for trajectory, clock_s in zip(
                    self._trajectories, self._clock_s.tolist(), strict=True
                )
            ]
        ).reshape(-1, 3)
        velocity = np.empty_like(planned)
        _follow(planned, self._frames, self._offset, velocity)
        change = velocity - self.velocity
        self.position += dt_s * velocity - self._motion.config.lag_s * change
        self.acceleration = change / dt_s
        self.velocity = velocity
        return velocity


@entry
def _pose_problems(
    rows: Ints,
    target: Floats,
    limits: Floats,
    position: Floats,
    velocity: Floats,
    acceleration: Floats,
    half_s: float,
    lead_s: float,
    direction_time_s: float,
    frames: Floats,
    problem: Floats,
) -> None:
    """Write the frames of `rows` and their problems, (r, 6, 3) in those frames.

    A problem is the way to the target, velocity, acceleration, and the three limits.
    """
    way, v = np.empty(3), np.empty(3)
    for i in range(len(rows)):
        row = rows[i]
        frame, asked = frames[row], problem[i]
        for k in range(3):
            v[k] = velocity[row, k] - half_s * acceleration[row, k]
            now = position[row, k] - lead_s * velocity[row, k] - half_s * v[k]
            way[k] = min(max(target[i, k] - now, -SANE_DISTANCE_M), SANE_DISTANCE_M)
        _frame_along(
            way[0] + direction_time_s * v[0],
            way[1] + direction_time_s * v[1],
            way[2] + direction_time_s * v[2],
            frame,
        )
        for axis in range(3):
            for m in range(6):
                asked[m, axis] = 0.0
            for k in range(3):
                asked[0, axis] += frame[axis, k] * way[k]
                asked[1, axis] += frame[axis, k] * v[k]
                asked[2, axis] += frame[axis, k] * acceleration[row, k]
            used = max(abs(asked[1, axis]) / limits[i, 0], abs(asked[2, axis]) / limits[i, 1])
            for m in range(3):
                share = MAIN_SHARE if axis == 0 else min(max(used, SIDE_SHARES[m]), 1.0)
                asked[3 + m, axis] = share * limits[i, m]
            # A sampled tool cannot follow a motion of a few samples: at rest it would tremble.
            size = abs(asked[0, axis]) + 0.5 * SHORTEST_S * abs(asked[1, axis])
            size += SHORTEST_S**2 / 12.0 * abs(asked[2, axis])
            asked[5, axis] = min(asked[5, axis], 32.0 * size / SHORTEST_S**3 + 0.01)
            # ruckig has no answer to accelerations far beyond the limits.
            bound = asked[4, axis]
            asked[2, axis] = min(max(asked[2, axis], -bound), bound)


@entry
def _frame_along(x: float, y: float, z: float, frame: Floats) -> None:
    """Write a right-handed orthonormal frame, rows are axes, the first along (x, y, z)."""
    length = math.sqrt(x * x + y * y + z * z)
    if length < 1e-9:
        x, y, z, length = 1.0, 0.0, 0.0, 1.0
    x, y, z = x / length, y / length, z / length
    # Second axis: horizontal, or in the x-z plane for steep motion.
    u, v, w = (z, 0.0, -x) if abs(z) > 0.9 else (-y, x, 0.0)
    length = math.sqrt(u * u + v * v + w * w)
    u, v, w = u / length, v / length, w / length
    frame[0, 0], frame[0, 1], frame[0, 2] = x, y, z
    frame[1, 0], frame[1, 1], frame[1, 2] = u, v, w
    frame[2, 0], frame[2, 1], frame[2, 2] = y * w - z * v, z * u - x * w, x * v - y * u


@entry
def _in_frames(frames: Floats, vector: Floats) -> Floats:
    """World to frame, rows (r, 3)."""
    rotated = np.zeros_like(vector)
    for i in range(len(vector)):
        for axis in range(3):
            for k in range(3):
                rotated[i, axis] += frames[i, axis, k] * vector[i, k]
    return rotated


@entry
def _follow(planned: Floats, frames: Floats, offset: Floats, velocity: Floats) -> None:
    """Planned velocities (m, 3) with the fading offset, frame to world."""
    for i in range(len(planned)):
        for k in range(3):
            velocity[i, k] = 0.0
        for axis in range(3):
            offset[i, axis] *= OFFSET_DECAY
            along = planned[i, axis] + offset[i, axis]
            for k in range(3):
                velocity[i, k] += frames[i, axis, k] * along
