"""Sight: how one episode is seen, its camera, its light and the looks of things."""

import copy
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.sensing.shades import Shades
from vla_sim.physics.render.ground import GroundPattern
from vla_sim.physics.render.light import Light
from vla_sim.records.camera import CameraSpec


@dataclass(frozen=True, kw_only=True)
class Sight:
    """All that decides a picture beside the state of the simulation and the renderer."""

    camera: CameraSpec
    light: Light
    stretch: float = 0.0
    """Things are drawn wider by this share, boxes longer by it and narrower: for the eye only."""
    shades: Shades | None = None
    """Tones of the named colours; None for the colours themselves."""
    pattern: GroundPattern | None = None
    """What lies on the ground; None for the plain ground."""

    @property
    def lens(self) -> tuple[CameraSpec, Light, float]:
        """What a renderer is built from; pictures of equal lenses can be drawn together."""
        return self.camera, self.light, self.stretch


def stretched(model: mujoco.MjModel, share: float) -> mujoco.MjModel:
    """The model with its things drawn wider; the model itself where nothing is to change.

    Things are loose or placed bodies of one part: not the arena, not a robot.
    """
    if share == 0.0:
        return model
    other = copy.copy(model)
    for g in np.flatnonzero(_of_things(model)):
        kind = int(model.geom_type[g])
        other.geom_size[g, 0] *= 1.0 + share
        if kind == int(mujoco.mjtGeom.mjGEOM_BOX):
            other.geom_size[g, 1] *= 1.0 - share
        elif kind == int(mujoco.mjtGeom.mjGEOM_ELLIPSOID):
            other.geom_size[g, 1] *= 1.0 + share
        other.geom_rbound[g] *= 1.0 + abs(share)
    return other


def _of_things(model: mujoco.MjModel) -> NDArray[np.bool_]:
    """Which geoms belong to things, bool (ngeom,)."""
    body = np.arange(model.nbody)
    childless = ~np.isin(body, model.body_parentid)
    free = np.zeros(model.nbody, dtype=np.bool_)
    free[model.jnt_bodyid[model.jnt_type == int(mujoco.mjtJoint.mjJNT_FREE)]] = True
    thing = childless & (model.body_parentid == 0) & (free | (model.body_mocapid >= 0))
    thing[0] = False
    return np.asarray(thing[model.geom_bodyid])
