"""What an arm's reference keeps to, and whether it can still be stopped within it.

Motions are joint rates for one control step. Braking takes the same share of its speed from every
joint in each step, so that the joints go on along a straight line in the space of angles.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.arm_body import ArmBody
from vla_sim.physics.compiled import kernel
from vla_sim.physics.kinematics import Chain, forward_one, rotation_error

Floats = NDArray[np.float64]

ROOM_M = 0.002
"""How far beyond a wall the reference may be: its own Newton steps leave as much."""
_TURN_SHARE = 0.98
"""Of the limits of the tool's turning."""
OVERSHOOT = 0.2
"""Of a change of a joint's acceleration, how much the servo adds to it for a moment."""
BRAKE_SHARE = 0.78
"""Of what the reference may use of the joints' acceleration: with this, braking may follow any
step without an overshoot beyond the joint's limit."""
_JOINT_MARGIN_RAD = 0.01
_MOST_STEPS = 40
"""No arm takes longer to stop."""
_ROUNDING = 1e-9


class ReferenceBounds(NamedTuple):
    """The numbers of one arm, as the kernels take them.

    Attributes:
        offset_pos: With the next three, the chain, see `kinematics.Chain`.
        offset_mat: See there.
        tool_pos: See there.
        tool_mat: See there.
        limits: Rows: lower and upper angle of each joint, speed and acceleration that the reference
            may use, and the limit of the joint's own acceleration, (5, d).
        box: Lower and upper corner of the tool's workspace [m], (2, 3).
        turning: Greatest speed [rad/s] and acceleration [rad/s^2] of the tool's turning, (2,).
        dt: Control period [s].
    """

    offset_pos: Floats
    offset_mat: Floats
    tool_pos: Floats
    tool_mat: Floats
    limits: Floats
    box: Floats
    turning: Floats
    dt: float


def bounds_of(body: ArmBody, chain: Chain) -> ReferenceBounds:
    """The bounds of an arm with this kinematics."""
    emb = body.embodiment
    joints, turning = emb.motion[: len(body.joints)], emb.motion_group("tcp_angular")
    limits = [
        [group.position_lower for group in joints],
        [group.position_upper for group in joints],
        body.velocity_rad_s,
        body.acceleration_rad_s2,
        [group.acceleration_limit for group in joints],
    ]
    return ReferenceBounds(
        *chain.arrays,
        limits=np.array(limits),
        box=np.array([body.workspace_lower_m, body.workspace_upper_m]),
        turning=_TURN_SHARE * np.array([turning.velocity_limit, turning.acceleration_limit]),
        dt=emb.control_dt_s,
    )


@kernel
def pose_of(q: Floats, bounds: ReferenceBounds, pos: Floats, mat: Floats, jac: Floats) -> None:
    """Tool position (3,), rotation (3, 3) and Jacobian (6, d) at joint angles q (d,)."""
    forward_one(
        bounds.offset_pos, bounds.offset_mat, bounds.tool_pos, bounds.tool_mat, q, pos, mat, jac
    )


@kernel
def braking(v: Floats, bounds: ReferenceBounds) -> float:
    """What share of its speed each joint can lose within a step, all of them alike."""
    most = 1.0
    for j in range(v.shape[0]):
        loss = BRAKE_SHARE * bounds.limits[3, j] * bounds.dt
        most = min(most, loss / max(abs(v[j]), 1e-12))
    return most


@kernel
def most_gained(gained: float, j: int, bounds: ReferenceBounds) -> float:
    """How much speed a joint may gain after it gained `gained` in the step before [rad/s]."""
    most = (bounds.limits[4, j] * bounds.dt + OVERSHOOT * gained) / (1.0 + OVERSHOOT)
    return float(min(most, bounds.limits[3, j] * bounds.dt))


@kernel
def turn_rate(before: Floats, after: Floats, dt: float, rate: Floats) -> float:
    """Rate of turn between two orientations [rad/s], into (3,); returns its norm."""
    rotation_error(after, before, rate)
    for i in range(3):
        rate[i] /= dt
    return float(np.sqrt(rate[0] ** 2 + rate[1] ** 2 + rate[2] ** 2))


@kernel
def keeps(
    q: Floats,
    v: Floats,
    v_before: Floats,
    gained: Floats,
    mat: Floats,
    rate: Floats,
    allowed: Floats,
    bounds: ReferenceBounds,
) -> bool:
    """Whether joints at q (d,), moving at v and then braking, keep to the bounds.

    Args:
        q: Angles [rad], (d,).
        v: Rates of this step [rad/s], (d,).
        v_before: Rates of the step before.
        gained: What they had gained in that step.
        mat: The tool's orientation now, (3, 3).
        rate: Its rate of turn in the step before [rad/s], (3,).
        allowed: How far the tool may be beyond each pair of walls [m], (3,).
        bounds: What is to be kept.
    """
    d, limits, dt = q.shape[0], bounds.limits, bounds.dt
    loss = braking(v, bounds)
    steps, left = 0.0, 1.0  # steps at full speed that the way to a stop is worth
    while left > 0.0:
        steps, left = steps + left, left - loss
    for j in range(d):
        if abs(v[j]) > limits[2, j] * (1.0 + _ROUNDING):
            return False
        gain = v[j] - v_before[j]
        if gain > most_gained(gained[j], j, bounds) + _ROUNDING:
            return False
        if -gain > most_gained(-gained[j], j, bounds) + _ROUNDING:
            return False
        end = q[j] + v[j] * dt * steps
        if end > max(limits[1, j] - _JOINT_MARGIN_RAD, q[j]) + _ROUNDING:
            return False
        if end < min(limits[0, j] + _JOINT_MARGIN_RAD, q[j]) - _ROUNDING:
            return False
    at, pos, jac = q.copy(), np.empty(3), np.empty((6, d))
    turned, turned_before, now, then = np.empty((3, 3)), mat.copy(), np.empty(3), rate.copy()
    left = 1.0
    for _ in range(_MOST_STEPS):
        for j in range(d):
            at[j] += left * v[j] * dt
        pose_of(at, bounds, pos, turned, jac)
        for i in range(3):
            if max(bounds.box[0, i] - pos[i], pos[i] - bounds.box[1, i]) > allowed[i]:
                return False
        if turn_rate(turned_before, turned, dt, now) > bounds.turning[0]:
            return False
        change = 0.0
        for i in range(3):
            change += (now[i] - then[i]) ** 2
            then[i] = now[i]
        if np.sqrt(change) > bounds.turning[1] * dt:
            return False
        turned_before[:] = turned
        if left <= 0.0:
            return True
        left = max(left - loss, 0.0)
    return False
