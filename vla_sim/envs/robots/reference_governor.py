"""The governor of an arm's reference: whatever is commanded, and whatever the arm runs into.

The reference of `arm_reference` follows what holds the arm, and catches up when it is let go. Under
a shield it is not given to the servos before the governor has seen that it can still be stopped
within all bounds. What was found possible a step ago is what is done if nothing else is.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.arm_body import ArmBody
from vla_sim.envs.robots.arm_reference import MAX_LEAD_RAD
from vla_sim.physics.compiled import entry, kernel
from vla_sim.physics.kinematics import Chain, forward_one, rotation_error

Floats = NDArray[np.float64]

ROOM_M = 0.002
"""How far beyond a wall the reference may be: the reference's own Newton steps leave as much."""
_TURN_SHARE = 0.98
"""Of the limits of the tool's turning."""
_OVERSHOOT = 0.2
"""Of a change of a joint's acceleration, how much the servo adds to it for a moment."""
_BRAKE_SHARE = 0.78
"""Of what the reference may use of the joints' acceleration: what braking makes of it does not
overshoot the joint's limit, whatever the step before."""
_JOINT_MARGIN_RAD = 0.01
_N_HALVINGS = 6
_MOST_STEPS = 40
"""No arm takes longer to stop."""
_ROUNDING = 1e-9


class Governor(Protocol):
    """Who has the last word on the references of n arms."""

    @property
    def withheld(self) -> Floats:
        """(n,) how much of the tool's motion was withheld in the last step; 0 for none."""
        ...

    def govern(
        self, q: Floats, before: tuple[Floats, Floats], q_ref: Floats, qd_ref: Floats, twist: Floats
    ) -> None:
        """See `ReferenceGovernor.govern`."""
        ...


class ReferenceGovernor:
    """Bounds of one arm, and the last word on where its reference goes.

    From any motion within the bounds, all joints can be slowed down together, on a straight line in
    the space of angles, as fast as the first of them allows. A motion passes if the arm, moving so
    and then braking so, keeps its joints' position, speed and acceleration, its tool's workspace,
    and the speed and acceleration of the tool's turning. That braking, one step on, is the same
    braking: so there always is a motion that passes, and nothing that is guarded is ever left.

    Attributes:
        withheld: (n,) how much of the tool's motion was withheld in the last step, the norm of its
            twist in units of the action; 0 where the reference went as it would have gone.
    """

    def __init__(self, body: ArmBody, chain: Chain, n: int) -> None:
        """Set a governor up.

        Args:
            body: The arm, for its limits.
            chain: Its kinematics.
            n: Simulations.
        """
        emb = body.embodiment
        joints, turning = emb.motion[: len(body.joints)], emb.motion_group("tcp_angular")
        self._chain = chain
        # Rows: lower and upper angle, speed and acceleration that the reference may use, and the
        # limit of the joint's own acceleration.
        self._limits = np.array(
            [
                [group.position_lower for group in joints],
                [group.position_upper for group in joints],
                body.velocity_rad_s,
                body.acceleration_rad_s2,
                [group.acceleration_limit for group in joints],
            ]
        )
        self._box = np.array([body.workspace_lower_m, body.workspace_upper_m])
        self._turning = _TURN_SHARE * np.array([turning.velocity_limit, turning.acceleration_limit])
        self._scale, self._dt_s = emb.action_scale[:6].copy(), emb.control_dt_s
        self._gained = np.zeros((n, len(joints)))
        self.withheld = np.zeros(n)

    def begin(self, ids: NDArray[np.int64]) -> None:
        """The arms of `ids` begin anew, at rest."""
        self.withheld[ids], self._gained[ids] = 0.0, 0.0

    def govern(
        self, q: Floats, before: tuple[Floats, Floats], q_ref: Floats, qd_ref: Floats, twist: Floats
    ) -> None:
        """Bring the next references of all arms, (n, d), within the bounds.

        Args:
            q: Measured joint angles [rad].
            before: The references [rad] and their rates [rad/s] a step ago.
            q_ref: The references now [rad], changed where they do not pass.
            qd_ref: Their rates [rad/s], changed with them.
            twist: What the reference reports as the tool's motion [m/s; rad/s], (n, 6), likewise.
        """
        _govern_rows(
            *self._chain.arrays,
            q,
            *before,
            self._limits,
            self._box,
            self._turning,
            self._scale,
            MAX_LEAD_RAD,
            self._dt_s,
            q_ref,
            qd_ref,
            twist,
            self._gained,
            self.withheld,
        )


@kernel
def _braking(v: Floats, limits: Floats, dt: float) -> float:
    """What share of its speed each joint can lose within a step, all of them alike."""
    most = 1.0
    for j in range(v.shape[0]):
        most = min(most, _BRAKE_SHARE * limits[3, j] * dt / max(abs(v[j]), 1e-12))
    return most


@kernel
def _most_gained(gained: float, limits: Floats, j: int, dt: float) -> float:
    """How much speed a joint may gain after it gained `gained` in the step before [rad/s]."""
    most = (limits[4, j] * dt + _OVERSHOOT * gained) / (1.0 + _OVERSHOOT)
    return float(min(most, limits[3, j] * dt))


@entry
def _turn_rate(before: Floats, after: Floats, dt: float, rate: Floats) -> float:
    """Rate of turn between two orientations [rad/s], into (3,); returns its norm."""
    rotation_error(after, before, rate)
    for i in range(3):
        rate[i] /= dt
    return float(np.sqrt(rate[0] ** 2 + rate[1] ** 2 + rate[2] ** 2))


@entry
def _keeps(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    q: Floats,
    v: Floats,
    v_before: Floats,
    gained: Floats,
    mat: Floats,
    rate: Floats,
    limits: Floats,
    box: Floats,
    allowed: Floats,
    turning: Floats,
    dt: float,
) -> bool:
    """Whether joints at q (d,), moving at v and then braking, keep to the bounds.

    `v_before` and `gained` (d,) are the joints' rates in the step before and what they had gained
    in it, `mat` (3, 3) and `rate` (3,) the tool's orientation now and its rate of turn; `allowed`
    (3,) is how far the tool may be beyond the walls [m].
    """
    d = q.shape[0]
    loss = _braking(v, limits, dt)
    steps, left = 0.0, 1.0  # steps at full speed that the way to a stop is worth
    while left > 0.0:
        steps, left = steps + left, left - loss
    for j in range(d):
        if abs(v[j]) > limits[2, j] * (1.0 + _ROUNDING):
            return False
        gain = v[j] - v_before[j]
        if gain > _most_gained(gained[j], limits, j, dt) + _ROUNDING:
            return False
        if -gain > _most_gained(-gained[j], limits, j, dt) + _ROUNDING:
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
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, at, pos, turned, jac)
        for i in range(3):
            if max(box[0, i] - pos[i], pos[i] - box[1, i]) > allowed[i]:
                return False
        if _turn_rate(turned_before, turned, dt, now) > turning[0]:
            return False
        change = 0.0
        for i in range(3):
            change += (now[i] - then[i]) ** 2
            then[i] = now[i]
        if np.sqrt(change) > turning[1] * dt:
            return False
        turned_before[:] = turned
        if left <= 0.0:
            return True
        left = max(left - loss, 0.0)
    return False


@entry
def _govern_rows(
    offset_pos: Floats,
    offset_mat: Floats,
    tool_pos: Floats,
    tool_mat: Floats,
    q: Floats,
    q_before: Floats,
    v_before: Floats,
    limits: Floats,
    box: Floats,
    turning: Floats,
    scale: Floats,
    max_lead: float,
    dt: float,
    q_ref: Floats,
    qd_ref: Floats,
    twist: Floats,
    gained: Floats,
    withheld: Floats,
) -> None:
    """`ReferenceGovernor.govern`, by rows."""
    d = q.shape[1]
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, d))
    asked_pos, asked_mat = np.empty(3), np.empty((3, 3))
    last_pos, last_mat, last = np.empty(3), np.empty((3, 3)), np.empty(d)
    rate, allowed, turn = np.empty(3), np.empty(3), np.empty(3)
    wanted, brake, tried = np.empty(d), np.empty(d), np.empty(d)
    for row in range(q.shape[0]):
        withheld[row] = 0.0
        now, v0 = q_before[row], v_before[row]
        for j in range(d):
            last[j] = now[j] - v0[j] * dt
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, last, last_pos, last_mat, jac)
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, now, pos, mat, jac)
        _turn_rate(last_mat, mat, dt, rate)
        for i in range(3):
            # Who is outside may stay as far outside, and go no further.
            allowed[i] = max(box[0, i] - pos[i], pos[i] - box[1, i], ROOM_M)
        if _keeps(
            offset_pos,
            offset_mat,
            tool_pos,
            tool_mat,
            now,
            qd_ref[row],
            v0,
            gained[row],
            mat,
            rate,
            limits,
            box,
            allowed,
            turning,
            dt,
        ):
            for j in range(d):
                gained[row, j] = qd_ref[row, j] - v0[j]
            continue  # fmt: skip
        forward_one(
            offset_pos, offset_mat, tool_pos, tool_mat, q_ref[row], asked_pos, asked_mat, jac
        )
        loss = _braking(v0, limits, dt)
        for j in range(d):
            brake[j] = (1.0 - loss) * v0[j]
            wanted[j] = qd_ref[row, j]
            ahead = now[j] - q[row, j]
            over = max(abs(ahead) - max_lead, 0.0)
            if over > 0.0:
                # It waits for a joint that is held: back to it no faster than can be stopped.
                over = over if ahead > 0.0 else -over
                slow = min(abs(over) / dt, np.sqrt(limits[3, j] * abs(over)))
                wanted[j] += over / dt - (slow if over > 0.0 else -slow)
            wanted[j] = min(wanted[j], v0[j] + _most_gained(gained[row, j], limits, j, dt))
            wanted[j] = max(wanted[j], v0[j] - _most_gained(-gained[row, j], limits, j, dt))
            wanted[j] = min(max(wanted[j], -limits[2, j]), limits[2, j])
        low, high = 0.0, 1.0  # shares of the way from braking to what is wanted
        share = 1.0
        for _ in range(_N_HALVINGS):
            for j in range(d):
                tried[j] = brake[j] + share * (wanted[j] - brake[j])
            if _keeps(
                offset_pos,
                offset_mat,
                tool_pos,
                tool_mat,
                now,
                tried,
                v0,
                gained[row],
                mat,
                rate,
                limits,
                box,
                allowed,
                turning,
                dt,
            ):
                low = share  # fmt: skip
            else:
                high = share
            if low == 1.0:
                break
            share = 0.5 * (low + high)
        for j in range(d):
            qd_ref[row, j] = brake[j] + low * (wanted[j] - brake[j])
            q_ref[row, j] = now[j] + qd_ref[row, j] * dt
            gained[row, j] = qd_ref[row, j] - v0[j]
        forward_one(offset_pos, offset_mat, tool_pos, tool_mat, q_ref[row], last_pos, last_mat, jac)
        _turn_rate(mat, last_mat, dt, rate)
        _turn_rate(last_mat, asked_mat, dt, turn)
        square = 0.0
        for i in range(3):
            square += ((asked_pos[i] - last_pos[i]) / (dt * scale[i])) ** 2
            square += (turn[i] / scale[3 + i]) ** 2
            twist[row, i] = (last_pos[i] - pos[i]) / dt
            twist[row, 3 + i] = rate[i]
        withheld[row] = np.sqrt(square)
