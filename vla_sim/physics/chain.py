"""The serial chain of an arm, read from its compiled model."""

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.physics.kinematics import Chain

Floats = NDArray[np.float64]


def chain_of(model: mujoco.MjModel, joints: Sequence[str], tool_site: str) -> Chain:
    """The joints' frames at angle zero, each in the one before it.

    A frame lies at the joint's anchor. It is turned like the joint's body where the joint's axis is
    the body's own z axis, and else by the shortest way from z to the axis.

    Args:
        model: The compiled arm, its base at the origin.
        joints: Names of its hinges, from the base to the tool.
        tool_site: Name of the site that is the tool's frame.

    Raises:
        UnknownName: If the model has no such joint or site.
        BadConfig: If a joint is no hinge, or the way from the base to the tool has other joints.
    """
    ids = [_found(model, "joint", name) for name in joints]
    site = _found(model, "site", tool_site)
    for name, j in zip(joints, ids, strict=True):
        if int(model.jnt_type[j]) != int(mujoco.mjtJoint.mjJNT_HINGE):
            raise BadConfig(f"joint {name!r} is no hinge; an arm's joints all are")
    on_the_way = _joints_above(model, int(model.site_bodyid[site]))
    if on_the_way != ids:
        met = [model.joint(j).name for j in on_the_way]
        raise BadConfig(
            f"from the base to site {tool_site!r} the joints are {met}, not {list(joints)}"
        )
    data = mujoco.MjData(model)
    data.qpos[[int(model.jnt_qposadr[j]) for j in ids]] = 0.0
    mujoco.mj_kinematics(model, data)
    d = len(ids)
    pos, mat = np.zeros((d, 3)), np.zeros((d, 3, 3))
    origin, turned = np.zeros(3), np.eye(3)
    for k, j in enumerate(ids):
        frame = data.xmat[model.jnt_bodyid[j]].reshape(3, 3) @ _z_to(model.jnt_axis[j])
        pos[k] = turned.T @ (data.xanchor[j] - origin)
        mat[k] = turned.T @ frame
        origin, turned = data.xanchor[j].copy(), frame
    return Chain(
        offset_pos=pos,
        offset_mat=mat,
        tool_pos=turned.T @ (data.site_xpos[site] - origin),
        tool_mat=turned.T @ data.site_xmat[site].reshape(3, 3),
    )


def _found(model: mujoco.MjModel, kind: str, name: str) -> int:
    names = [getattr(model, kind)(i).name for i in range(int(getattr(model, f"n{_SHORT[kind]}")))]
    if name not in names:
        raise UnknownName(f"{kind} in the arm's model", name, names)
    return names.index(name)


_SHORT = {"joint": "jnt", "site": "site"}


def _joints_above(model: mujoco.MjModel, body: int) -> list[int]:
    """Joints from the base to `body`, in that order."""
    chain: list[int] = []
    while body != 0:
        first, count = int(model.body_jntadr[body]), int(model.body_jntnum[body])
        chain = [*range(first, first + count), *chain] if count else chain
        body = int(model.body_parentid[body])
    return chain


def _z_to(axis: Floats) -> Floats:
    """The shortest rotation from z to a unit vector, (3, 3)."""
    x, y, z = axis
    if z < -1.0 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    skew = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    turn: Floats = np.eye(3) + skew + skew @ skew / (1.0 + z)
    return turn
