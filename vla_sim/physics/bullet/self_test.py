"""Self-test: a ball that falls on PyBullet."""

import mujoco
import numpy as np

from vla_sim.physics.bullet.world import BulletWorld

_FALL_S = 0.5
_HEIGHT_M = 10.0


def fall_m() -> tuple[float, float]:
    """How far a ball has fallen after half a second, and how far it should have [m].

    Raises:
        BadConfig: If PyBullet is missing.
    """
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body(name="ball", pos=[0.0, 0.0, _HEIGHT_M])
    body.add_freejoint()
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.1, 0.0, 0.0])
    world = BulletWorld(spec.compile(), 1)
    world.reset(np.arange(1))
    world.forward(np.arange(1))
    world.step(round(_FALL_S / world.timestep_s))
    fallen = _HEIGHT_M - float(world.body_pos("ball")[0, 2])
    return fallen, 0.5 * 9.81 * _FALL_S**2
