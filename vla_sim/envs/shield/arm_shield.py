"""ArmShield: an arm's reference stays within its limits, its tool in its workspace.

Two things keep it. The action is changed where the reference, run ahead, would pass a wall or turn
the tool too fast: the least change, by components. And the governor of the reference
(`robots.reference_governor`) has the last word at the robot, whatever holds the arm or lets it go.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.robots.reference_bounds import bounds_of
from vla_sim.envs.robots.reference_governor import ReferenceGovernor
from vla_sim.envs.shield.manner_bounds import manner_bounds
from vla_sim.envs.shield.tool_manner import bound_rows
from vla_sim.physics.filters import low_pass_gain
from vla_sim.records.manner import MannerProfile

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ids = NDArray[np.int64]

_N_AHEAD = 10
"""Steps that are looked ahead: after as many without a command the filter is at rest."""
_N_TURNING = 4
"""Steps over which turning is looked at."""
_N_HALVINGS = 4
_TURN_SHARE = 0.9
"""Of the limits of the tool's turning."""
_ROOM_M = 0.002
"""How far beyond a wall the reference may be: the generator's own Newton steps leave as much."""
_BRAKES_M_S2 = 1.5
"""With this deceleration, and a step's delay, a tool may be stopped without a look ahead."""


class ArmShield:
    """Guards the arms of one crank; implements `shield.BodyShield`.

    It looks at what an arm has: its joints, its commands and its own model.
    """

    def __init__(self, robot: ArmRobot) -> None:
        self._robot = robot
        bounds = bounds_of(robot.config, robot.chain)
        scale, n = robot.embodiment.action_scale[:6].copy(), len(robot.joint_reference)
        self._governor = robot.governor = ReferenceGovernor(bounds, scale, n)
        emb, config = robot.embodiment, robot.config
        self._dt_s = emb.control_dt_s
        self._alpha = low_pass_gain(emb.bandwidth_fraction, emb.control_dt_s)
        turning = emb.motion_group("tcp_angular")
        self._turn_speed = _TURN_SHARE * turning.velocity_limit
        self._turn_acceleration = _TURN_SHARE * turning.acceleration_limit
        self._box = np.array([config.workspace_lower_m, config.workspace_upper_m])
        self._scale = emb.action_scale
        self._commanded = np.zeros((n, 3))
        self._turned: Floats | None = None
        self._was: Floats | None = None

    def begin(self, ids: Ids) -> None:
        """New episodes begin in the slots `ids`, at rest."""
        self._governor.begin(ids)
        self._commanded[ids] = 0.0
        if self._turned is not None and self._was is not None:
            self._turned[ids] = 0.0
            self._was[ids] = self._robot.reference[1][ids]

    def guarded(self, action: Floats, profiles: list[MannerProfile] | None) -> Floats:
        """SI actions (n, 7) that leave the shield; where one is no number, the arm brakes."""
        unheard = np.any(~np.isfinite(action), axis=1)
        out = np.where(unheard[:, None], 0.0, action)
        out[unheard, 6] = np.nan_to_num(action[unheard, 6], nan=1.0)
        out = np.clip(out, -self._scale, self._scale)
        twist = self._robot.twist
        if profiles is not None:
            gained = (twist[:, :3] - self._commanded) / self._dt_s
            bound_rows(out, twist, gained, manner_bounds(profiles), self._alpha, self._dt_s)
            self._commanded[:] = twist[:, :3]
        point, mat = self._robot.reference
        if self._was is None or self._turned is None:
            self._was, self._turned = mat.copy(), np.zeros((len(mat), 3))
        self._turned = _rate(self._was, mat, self._dt_s)
        rows = np.flatnonzero(self._may_fail(point, twist, out))
        if len(rows):
            out[rows] = self._nearest(rows, out[rows])
        self._was = mat
        return out

    @property
    def withheld(self) -> Floats:
        """(n,) what the governor of the reference withheld in the last step."""
        return self._governor.withheld

    def _may_fail(self, point: Floats, twist: Floats, action: Floats) -> Bools:
        """(n,) where walls or turns are so near that the model has to be asked."""
        speed = np.maximum(np.abs(twist[:, :3]), np.abs(action[:, :3]))
        way = speed * speed / (2.0 * _BRAKES_M_S2) + 2.0 * self._dt_s * speed
        close = np.minimum(point - self._box[0], self._box[1] - point) < way
        turning = _norm(np.maximum(np.abs(twist[:, 3:]), np.abs(action[:, 3:6])))
        assert self._turned is not None
        turning = np.maximum(turning, _norm(self._turned))
        stirred: Bools = close.any(axis=1) | (turning > 0.4 * self._turn_speed)
        return stirred

    def _nearest(self, rows: Ids, asked: Floats) -> Floats:
        """The actions (m, 7) nearest to those asked for, on the way to none, that keep the tool."""
        out = asked.copy()
        ok, at_fault = self._kept(rows, asked)
        left = np.flatnonzero(~ok)
        if not len(left):
            return out
        # First only the components at fault give way, where that is enough; else all of them.
        without = np.where(at_fault[left], 0.0, asked[left, :6])
        base = np.column_stack([without, asked[left, 6]])
        enough, _ = self._kept(rows[left], base)
        base[~enough, :6] = 0.0
        low, high = np.zeros(len(left)), np.ones(len(left))  # shares of what was asked for
        for _ in range(_N_HALVINGS):
            share = 0.5 * (low + high)
            tried = base + share[:, None] * (asked[left] - base)
            kept, _ = self._kept(rows[left], tried)
            low, high = np.where(kept, share, low), np.where(kept, high, share)
        out[left] = base + low[:, None] * (asked[left] - base)
        return out

    def _kept(self, rows: Ids, action: Floats) -> tuple[Bools, Bools]:
        """(m,) whether the tool is kept, doing this and then braking; (m, 6) what is at fault."""
        assert self._turned is not None
        point, mat = self._robot.foreseen(rows, action, _N_AHEAD)
        beyond = np.maximum(self._box[0] - point, point - self._box[1])  # (k + 1, m, 3)
        allowed = np.maximum(beyond[0], _ROOM_M)
        out = (beyond[1:] > allowed).any(axis=0)
        rate = self._turned[rows]
        turns = np.zeros(len(rows), dtype=bool)
        for before, after in pairwise(mat[: _N_TURNING + 1]):
            now = _rate(before, after, self._dt_s)
            turns |= _norm(now) > np.maximum(self._turn_speed, _norm(rate))
            turns |= _norm(now - rate) > self._turn_acceleration * self._dt_s
            rate = now
        at_fault = np.concatenate([out, np.repeat(turns[:, None], 3, axis=1)], axis=1)
        return np.logical_not(np.any(at_fault, axis=1)), at_fault


def _rate(before: Floats, after: Floats, dt: float) -> Floats:
    """(m, 3) mean rate of turn between orientations (m, 3, 3) [rad/s], for small turns."""
    turn = np.zeros((len(before), 3))
    for axis in range(3):
        b, a = before[:, :, axis], after[:, :, axis]
        turn[:, 0] += b[:, 1] * a[:, 2] - b[:, 2] * a[:, 1]
        turn[:, 1] += b[:, 2] * a[:, 0] - b[:, 0] * a[:, 2]
        turn[:, 2] += b[:, 0] * a[:, 1] - b[:, 1] * a[:, 0]
    return 0.5 * turn / dt


def _norm(vectors: Floats) -> Floats:
    return np.sqrt(vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2)
