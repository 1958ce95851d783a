"""The arm's reference: joint angles that follow a commanded tool twist, by resolved rates.

The reference is kinematic: it starts where the arm is and moves as commanded, within the joints'
limits and the workspace, a little ahead of the arm at most.
"""

import math

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry
from vla_sim.physics.inverse_kinematics import damped_least_squares
from vla_sim.physics.kinematics import forward_one, rotate, rotation_error

Floats = NDArray[np.float64]

_DAMPING = 0.01
_POSTURE_RATE = 1.0
"""How fast free motion goes back to the home posture [1/s]."""
MAX_LEAD_RAD = 0.05
"""How far a joint's reference may be from the joint: twice what full torque needs, no more."""
_MAX_TURN_RAD = 0.1
"""How far the commanded orientation runs ahead of the reference's; also its correction a step."""
_LEAN_COSINE = -np.cos(0.6)
"""Third component of the tool's axis when it leans by 0.6 rad from straight down."""
_MAX_YAW_RAD = 1.5
"""How far the gripper may turn about the vertical, either way."""
_BRAKE_M_S2 = 1.0
"""Deceleration at the walls of the workspace."""
_RETURN_M_S = 0.1
"""Speed at which the tool comes back to the workspace from outside."""
_TOOL_ACCELERATION_M_S2 = 3.0
_TOOL_ACCELERATION_RAD_S2 = 12.0
"""What the joints can give nearly everywhere in the workspace, within their own limits."""
_JOINT_MARGIN_RAD = 0.02


@entry
def _approach(room: float, dt: float) -> float:
    """Fastest speed towards a wall that is `room` away [m/s]; negative to come back from behind."""
    if room < 0.0:
        return max(0.5 * room / dt, -_RETURN_M_S)
    return min(math.sqrt(2.0 * _BRAKE_M_S2 * room), 0.5 * room / dt)


@entry
def command_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    action: Floats,
    q: Floats,
    width: Floats,
    act: Floats,
    limits: Floats,
    box: Floats,
    reach: Floats,
    home: Floats,
    alpha: float,
    dt: float,
    angular_limit: float,
    gripper_stroke: float,
    gripper_speed: float,
    gripper_lead: float,
    filtered: Floats,
    q_ref: Floats,
    qd_ref: Floats,
    mat_ref: Floats,
    grip_ref: Floats,
    angle_rate: Floats,
) -> None:
    """One control step of each row: move the references.

    Numbers of the robot come as arguments: a compiled kernel that is kept on disk does not notice
    when a constant of another file changes.

    Args:
        offset_pos: With the next three, the chain, see `kinematics.Chain`.
        offset_mat: See there.
        tool_pos: See there.
        tool_mat: See there.
        action: SI actions, (n, 7).
        q: Measured joint angles [rad], (n, d).
        width: Measured opening of the gripper [m], (n,).
        act: Angles that the servos hold now [rad], (n, d).
        limits: Rows: lower and upper angle, speed and acceleration of each joint, (4, d).
        box: Lower and upper corner of the workspace [m], (2, 3).
        reach: `arm_body.ReachBounds.row`, (6,).
        home: Posture that free motion returns to [rad], (d,).
        alpha: Gain of the action filter.
        dt: Control period [s].
        angular_limit: Greatest rate of turn [rad/s].
        gripper_stroke: Greatest opening [m].
        gripper_speed: Speed of opening and closing [m/s].
        gripper_lead: How far the commanded opening may be from the measured one [m].
        filtered: The filter's state, (n, 7), updated.
        q_ref: Joint references [rad], (n, d), updated.
        qd_ref: Their rates [rad/s], (n, d), updated.
        mat_ref: Commanded orientation, (n, 3, 3), updated.
        grip_ref: Commanded opening [m], (n,), updated.
        angle_rate: Rates that bring the servos' angles to the references [rad/s], (n, d), filled.
    """
    d = q.shape[1]
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, d))
    target, twist, wall, before = np.empty(3), np.empty(6), np.empty(3), np.empty(6)
    to_wrist, turned_mat = np.empty(3), np.empty((3, 3))
    posture, dq, qd, qn = np.empty(d), np.empty(d), np.empty(d), np.empty(d)
    for row in range(action.shape[0]):
        f = filtered[row]
        for i in range(6):
            before[i] = f[i]
        linear, angular = 0.0, 0.0
        for i in range(3):
            linear += (alpha * (action[row, i] - f[i])) ** 2
            angular += (alpha * (action[row, 3 + i] - f[3 + i])) ** 2
        linear = min(1.0, _TOOL_ACCELERATION_M_S2 * dt / max(np.sqrt(linear), 1e-12))
        angular = min(1.0, _TOOL_ACCELERATION_RAD_S2 * dt / max(np.sqrt(angular), 1e-12))
        for i in range(3):
            f[i] += linear * alpha * (action[row, i] - f[i])
            f[3 + i] += angular * alpha * (action[row, 3 + i] - f[3 + i])
        f[6] += alpha * (action[row, 6] - f[6])
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q_ref[row], pos, mat, jac)

        # Walls: never faster towards one than it takes to stop there. The filter is told of this
        # and of all that follows, so that what it reports is what the reference does.
        # The arm's reach, as the distance from shoulder to wrist: back along the tool's z axis,
        # then sideways, in a direction that the last joint does not turn.
        c, sn = np.cos(reach[5] - q_ref[row, d - 1]), np.sin(reach[5] - q_ref[row, d - 1])
        stretch = 0.0
        for i in range(3):
            side = mat[i, 0] * c + mat[i, 1] * sn
            to_wrist[i] = -reach[2] * side - reach[3] * mat[i, 2]
            wall[i] = pos[i] + to_wrist[i]
        wall[2] -= reach[4]
        stretch = max(np.sqrt(wall[0] ** 2 + wall[1] ** 2 + wall[2] ** 2), 1e-9)
        for i in range(3):
            wall[i] /= stretch
        outward = 0.0
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            turned = f[3 + j] * to_wrist[k] - f[3 + k] * to_wrist[j]
            outward += wall[i] * (f[i] + turned)
        too_fast = max(outward - _approach(reach[1] - stretch, dt), 0.0)
        too_fast += min(outward + _approach(stretch - reach[0], dt), 0.0)
        for i in range(3):
            # The box comes last: the table is a part of it.
            f[i] -= too_fast * wall[i]
            f[i] = min(f[i], _approach(box[1, i] - pos[i], dt))
            f[i] = max(f[i], -_approach(pos[i] - box[0, i], dt))
            target[i] = pos[i] + f[i] * dt
            twist[i] = f[i] * dt
        speed = np.sqrt(f[3] ** 2 + f[4] ** 2 + f[5] ** 2)
        if speed > angular_limit:
            for i in range(3, 6):
                f[i] *= angular_limit / speed

        # The commanded orientation turns by the commanded rate alone: what drift the joints have
        # is an error to be corrected, and with no rate commanded the gripper keeps its direction.
        # While the arm cannot follow, it does not turn on.
        rotation_error(mat_ref[row], mat, twist[3:])
        ahead = np.sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
        growing = twist[3] * f[3] + twist[4] * f[4] + twist[5] * f[5] > 0.0
        if ahead < _MAX_TURN_RAD or not growing:
            turned_mat[:] = mat_ref[row]
            rotate(turned_mat, f[3:6] * dt)
            # The gripper may lean and turn, but not further than this.
            yaw = abs(math.atan2(mat_ref[row, 1, 0], mat_ref[row, 0, 0]))
            turned_yaw = abs(math.atan2(turned_mat[1, 0], turned_mat[0, 0]))
            leans = turned_mat[2, 2] > max(_LEAN_COSINE, mat_ref[row, 2, 2])
            if leans or turned_yaw > max(_MAX_YAW_RAD, yaw):
                f[3], f[4], f[5] = 0.0, 0.0, 0.0
            else:
                mat_ref[row] = turned_mat
            rotation_error(mat_ref[row], mat, twist[3:])
            ahead = np.sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
        turn = min(1.0, _MAX_TURN_RAD / max(ahead, 1e-12))
        for i in range(3, 6):
            twist[i] *= turn

        for j in range(d):
            posture[j] = _POSTURE_RATE * dt * (home[j] - q_ref[row, j])
        damped_least_squares(jac, twist, posture, _DAMPING, dq)
        for j in range(d):
            qn[j] = q_ref[row, j] + dq[j]
            posture[j] = 0.0
        # A second Newton step: the tool's path is straight to within micrometres.
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, qn, pos, mat, jac)
        for i in range(3):
            twist[i] = target[i] - pos[i]
        rotation_error(mat_ref[row], mat, twist[3:])
        ahead = np.sqrt(twist[3] ** 2 + twist[4] ** 2 + twist[5] ** 2)
        turn = min(1.0, _MAX_TURN_RAD / max(ahead, 1e-12))
        for i in range(3, 6):
            twist[i] *= turn
        damped_least_squares(jac, twist, posture, _DAMPING, dq)

        scale = 1.0
        for j in range(d):
            qd[j] = (qn[j] + dq[j] - q_ref[row, j]) / dt
            scale = min(scale, limits[2, j] / max(abs(qd[j]), 1e-12))
        blend = 1.0
        for j in range(d):
            qd[j] *= scale
            change = abs(qd[j] - qd_ref[row, j]) / dt
            blend = min(blend, limits[3, j] / max(change, 1e-12))
        for i in range(3, 6):
            f[i] = before[i] + blend * (scale * f[i] - before[i])
        for j in range(d):
            v = qd_ref[row, j] + blend * (qd[j] - qd_ref[row, j])
            room = max(limits[1, j] - _JOINT_MARGIN_RAD - q_ref[row, j], 0.0)
            v = min(v, np.sqrt(limits[3, j] * room), room / dt)
            room = max(q_ref[row, j] - limits[0, j] - _JOINT_MARGIN_RAD, 0.0)
            v = max(v, -np.sqrt(limits[3, j] * room), -room / dt)
            # A blocked arm: the reference waits within reach of the servo.
            lead = min(max(q_ref[row, j] - q[row, j], -MAX_LEAD_RAD), MAX_LEAD_RAD)
            nxt = q[row, j] + lead + v * dt
            qd_ref[row, j] = (nxt - q_ref[row, j]) / dt
            q_ref[row, j] = nxt
            angle_rate[row, j] = (nxt - act[row, j]) / dt
        if blend < 1.0 or scale < 1.0:
            forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q_ref[row], pos, mat, jac)
            for i in range(3):
                f[i] += (pos[i] - target[i]) / dt

        wanted = 0.5 * (f[6] + 1.0) * gripper_stroke
        travel = gripper_speed * dt
        wanted = min(max(wanted, grip_ref[row] - travel), grip_ref[row] + travel)
        wanted = min(max(wanted, width[row] - gripper_lead), width[row] + gripper_lead)
        grip_ref[row] = min(max(wanted, 0.0), gripper_stroke)
