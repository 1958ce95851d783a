"""JointReference: where an arm's servos are led to, and how that follows the actions.

The state of `arm_reference.command_rows`, n rows, and the numbers of the arm that it is given.
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.robots.arm_body import ArmBody
from vla_sim.envs.robots.arm_reference import command_rows
from vla_sim.physics.filters import low_pass_gain
from vla_sim.physics.kinematics import Chain

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]

DOWN = np.diag([1.0, -1.0, -1.0])
"""Orientation of a tool that points straight down, its x axis forward."""
OPEN = 1.0
"""What the gripper is commanded to where an episode begins."""


class JointReference:
    """n references of d joints, with a tool and a gripper.

    Attributes:
        filtered: The filtered action: twist of the tool [m/s; rad/s] and gripper, (n, 7).
        q: Angles of the joints [rad], (n, d).
        qd: Their rates [rad/s], (n, d).
        mat: Commanded orientation of the tool, (n, 3, 3).
        opening: Of the gripper [m], (n,).
        angle_rate: Rates that bring the servos' angles to `q` [rad/s], (n, d).
        limits: Rows: lower and upper angle, speed and acceleration of each joint, (4, d).
    """

    def __init__(self, body: ArmBody, chain: Chain, n: int) -> None:
        emb, d = body.embodiment, len(body.joints)
        self.chain = chain
        self.limits = limits_of(body)
        gripper = body.gripper
        self._stroke_m = gripper.build().stroke_m
        self._bounds = (
            np.array([body.workspace_lower_m, body.workspace_upper_m]),
            body.reach.row,
            np.array(body.home_q_rad),
        )
        self._rates = (
            low_pass_gain(emb.bandwidth_fraction, emb.control_dt_s),
            emb.control_dt_s,
            emb.motion_group("tcp_angular").velocity_limit,
            self._stroke_m,
            gripper.speed_m_s,
            gripper.lead_m,
        )
        self.filtered = np.zeros((n, 7))
        self.q, self.qd = np.zeros((n, d)), np.zeros((n, d))
        self.mat = np.tile(DOWN, (n, 1, 1))
        self.opening = np.zeros(n)
        self.angle_rate = np.zeros((n, d))

    def reset(self, ids: Ids, start: Floats) -> None:
        """Let the references of `ids` rest at joint angles (m, d), the gripper open."""
        self.filtered[ids] = 0.0
        self.filtered[ids, 6] = OPEN
        self.q[ids], self.qd[ids] = start, 0.0
        self.mat[ids] = self.chain.pose(start)[1]
        self.opening[ids] = self._stroke_m

    def follow(self, action: Floats, q: Floats, width: Floats, act: Floats) -> None:
        """Go one control step towards what is commanded.

        Args:
            action: SI actions, (n, 7).
            q: Measured joint angles [rad], (n, d).
            width: Measured opening of the gripper [m], (n,).
            act: Angles that the servos hold now [rad], (n, d).
        """
        command_rows(
            *self.chain.arrays,
            np.ascontiguousarray(action, dtype=np.float64),
            q,
            width,
            act,
            self.limits,
            *self._bounds,
            *self._rates,
            self.filtered,
            self.q,
            self.qd,
            self.mat,
            self.opening,
            self.angle_rate,
        )

    def foreseen(
        self, rows: Ids, action: Floats, lag: Floats, n_steps: int
    ) -> tuple[Floats, Floats]:
        """Where it takes the tool, if nothing blocks the arm; nothing moves.

        Args:
            rows: Which references, (m,).
            action: SI actions of this step, (m, 7); after it no motion is commanded.
            lag: By how much the measured angles differ from the references [rad], (m, d).
            n_steps: Steps that are looked ahead.

        Returns:
            Tool points [m], (n_steps + 1, m, 3), and orientations, (n_steps + 1, m, 3, 3), the
            present first.
        """
        m = len(rows)
        filtered, q, qd = self.filtered[rows], self.q[rows], self.qd[rows]
        mat_ref, opening = self.mat[rows], self.opening[rows]
        width, unused = opening.copy(), np.zeros_like(q)
        wanted = np.array(action)
        point, mat = np.empty((n_steps + 1, m, 3)), np.empty((n_steps + 1, m, 3, 3))
        point[0], mat[0] = self.chain.pose(q)
        for step in range(1, n_steps + 1):
            command_rows(
                *self.chain.arrays,
                wanted,
                q + lag,
                width,
                unused,
                self.limits,
                *self._bounds,
                *self._rates,
                filtered,
                q,
                qd,
                mat_ref,
                opening,
                np.empty_like(q),
            )
            point[step], mat[step] = self.chain.pose(q)
            wanted[:, :6] = 0.0
        return point, mat


def limits_of(body: ArmBody) -> Floats:
    """Rows: lower and upper angle [rad], speed and acceleration of each joint, (4, d)."""
    of_joints = body.embodiment.motion[: len(body.joints)]
    return np.array(
        [
            [group.position_lower for group in of_joints],
            [group.position_upper for group in of_joints],
            body.velocity_rad_s,
            body.acceleration_rad_s2,
        ]
    )
