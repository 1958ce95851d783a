"""Laws of the kinematics: MuJoCo's own, finite differences, and the group of rotations."""

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.panda import JOINT_LOWER_RAD, JOINT_UPPER_RAD, panda_chain, panda_spec
from vla_sim.physics.inverse_kinematics import damped_least_squares
from vla_sim.physics.kinematics import rotate, rotation_error

Floats = NDArray[np.float64]


def angles(n: int) -> Floats:
    return np.random.default_rng(0).uniform(JOINT_LOWER_RAD, JOINT_UPPER_RAD, (n, 7))


def test_pose_and_jacobian_are_mujocos() -> None:
    model = panda_spec().compile()
    data, site = mujoco.MjData(model), model.site("tcp").id
    q = angles(50)
    pos, mat = panda_chain().pose(q)
    jac = panda_chain().jacobian(q)
    linear, angular = np.zeros((3, model.nv)), np.zeros((3, model.nv))
    for k in range(len(q)):
        data.qpos[:7] = q[k]
        mujoco.mj_forward(model, data)
        mujoco.mj_jacSite(model, data, linear, angular, site)
        assert np.abs(pos[k] - data.site_xpos[site]).max() < 1e-9
        assert np.abs(mat[k].ravel() - data.site_xmat[site]).max() < 1e-9
        assert np.abs(jac[k] - np.vstack([linear, angular])[:, :7]).max() < 1e-9


def test_jacobian_is_the_finite_difference() -> None:
    chain, q, h = panda_chain(), angles(5), 1e-6
    jac = chain.jacobian(q)
    for j in range(7):
        step = np.zeros(7)
        step[j] = h
        ahead, behind = chain.pose(q + step), chain.pose(q - step)
        assert np.abs((ahead[0] - behind[0]) / (2 * h) - jac[:, :3, j]).max() < 1e-8
        turn = np.empty(3)
        for k in range(len(q)):
            rotation_error(ahead[1][k], behind[1][k], turn)
            assert np.abs(turn / (2 * h) - jac[k, 3:, j]).max() < 1e-8


def test_rows_do_not_depend_on_their_company() -> None:
    chain, q = panda_chain(), angles(64)
    together = chain.pose(q)[0]
    for k in range(len(q)):
        assert np.array_equal(together[k], chain.pose(q[k : k + 1])[0][0])


def test_turning_by_the_error_removes_it() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        turn = rng.uniform(-1.5, 1.5, 3)
        start = np.eye(3)
        rotate(start, rng.uniform(-2, 2, 3))
        wanted = start.copy()
        rotate(wanted, turn)
        error = np.empty(3)
        rotation_error(wanted, start, error)
        assert np.allclose(error, turn, atol=1e-9)
        assert np.allclose(wanted @ wanted.T, np.eye(3), atol=1e-12)


def test_least_squares_gives_the_twist_and_leaves_the_rest_to_the_posture() -> None:
    rng = np.random.default_rng(2)
    jac = panda_chain().jacobian(angles(1))[0]
    twist, posture, dq = rng.normal(size=6), rng.normal(size=7), np.empty(7)
    damped_least_squares(jac, twist, posture, 0.0, dq)
    assert np.allclose(jac @ dq, twist, atol=1e-9)
    free = np.eye(7) - np.linalg.pinv(jac) @ jac
    assert np.allclose(free @ dq, free @ posture, atol=1e-9)
