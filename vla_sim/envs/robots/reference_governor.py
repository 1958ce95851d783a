"""The governor of an arm's reference: whatever is commanded, and whatever the arm runs into.

The reference of `arm_reference` follows what holds the arm, and catches up when it is let go. Under
a shield it is not given to the servos before the governor has seen that it can still be stopped
within all bounds. What was found possible a step ago is what is done if nothing else is.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.arm_reference import MAX_LEAD_RAD
from vla_sim.envs.robots.reference_bounds import (
    ROOM_M,
    ReferenceBounds,
    braking,
    keeps,
    most_gained,
    pose_of,
    turn_rate,
)
from vla_sim.physics.compiled import entry

Floats = NDArray[np.float64]

_N_HALVINGS = 6


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

    def __init__(self, bounds: ReferenceBounds, scale: Floats, n: int) -> None:
        """Set a governor up.

        Args:
            bounds: What is kept.
            scale: Of the action's twist [m/s; rad/s], (6,).
            n: Simulations.
        """
        self._bounds, self._scale = bounds, scale
        self._gained = np.zeros((n, bounds.limits.shape[1]))
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
            self._bounds,
            self._scale,
            MAX_LEAD_RAD,
            q,
            *before,
            q_ref,
            qd_ref,
            twist,
            self._gained,
            self.withheld,
        )


@entry
def _govern_rows(
    bounds: ReferenceBounds,
    scale: Floats,
    max_lead: float,
    q: Floats,
    q_before: Floats,
    v_before: Floats,
    q_ref: Floats,
    qd_ref: Floats,
    twist: Floats,
    gained: Floats,
    withheld: Floats,
) -> None:
    """`ReferenceGovernor.govern`, by rows."""
    d, dt, limits, box = q.shape[1], bounds.dt, bounds.limits, bounds.box
    pos, mat, jac = np.empty(3), np.empty((3, 3)), np.empty((6, d))
    asked_pos, asked_mat = np.empty(3), np.empty((3, 3))
    other_pos, other_mat, last = np.empty(3), np.empty((3, 3)), np.empty(d)
    rate, allowed, turn = np.empty(3), np.empty(3), np.empty(3)
    wanted, brake, tried = np.empty(d), np.empty(d), np.empty(d)
    for row in range(q.shape[0]):
        withheld[row] = 0.0
        now, v0, had = q_before[row], v_before[row], gained[row]
        for j in range(d):
            last[j] = now[j] - v0[j] * dt
        pose_of(last, bounds, other_pos, other_mat, jac)
        pose_of(now, bounds, pos, mat, jac)
        turn_rate(other_mat, mat, dt, rate)
        for i in range(3):
            # Who is outside may stay as far outside, and go no further.
            allowed[i] = max(box[0, i] - pos[i], pos[i] - box[1, i], ROOM_M)
        if keeps(now, qd_ref[row], v0, had, mat, rate, allowed, bounds):
            for j in range(d):
                had[j] = qd_ref[row, j] - v0[j]
            continue
        pose_of(q_ref[row], bounds, asked_pos, asked_mat, jac)
        loss = braking(v0, bounds)
        for j in range(d):
            brake[j] = (1.0 - loss) * v0[j]
            wanted[j] = qd_ref[row, j]
            ahead = now[j] - q[row, j]
            over = max(abs(ahead) - max_lead, 0.0)
            if over > 0.0:
                # It waits for a joint that is held: back to it no faster than can be stopped.
                slow = min(over / dt, np.sqrt(limits[3, j] * over))
                back = over / dt - slow
                wanted[j] += back if ahead > 0.0 else -back
            wanted[j] = min(wanted[j], v0[j] + most_gained(had[j], j, bounds))
            wanted[j] = max(wanted[j], v0[j] - most_gained(-had[j], j, bounds))
            wanted[j] = min(max(wanted[j], -limits[2, j]), limits[2, j])
        low, high, share = 0.0, 1.0, 1.0  # shares of the way from braking to what is wanted
        for _ in range(_N_HALVINGS):
            for j in range(d):
                tried[j] = brake[j] + share * (wanted[j] - brake[j])
            if keeps(now, tried, v0, had, mat, rate, allowed, bounds):
                low = share
            else:
                high = share
            if low == 1.0:
                break
            share = 0.5 * (low + high)
        # Where nothing was found, it brakes: a step ago that was seen to keep to the bounds.
        for j in range(d):
            qd_ref[row, j] = brake[j] + low * (wanted[j] - brake[j])
            q_ref[row, j] = now[j] + qd_ref[row, j] * dt
            had[j] = qd_ref[row, j] - v0[j]
        pose_of(q_ref[row], bounds, other_pos, other_mat, jac)
        turn_rate(mat, other_mat, dt, rate)
        turn_rate(other_mat, asked_mat, dt, turn)
        square = 0.0
        for i in range(3):
            square += ((asked_pos[i] - other_pos[i]) / (dt * scale[i])) ** 2
            square += (turn[i] / scale[3 + i]) ** 2
            twist[row, i] = (other_pos[i] - pos[i]) / dt
            twist[row, 3 + i] = rate[i]
        withheld[row] = np.sqrt(square)
