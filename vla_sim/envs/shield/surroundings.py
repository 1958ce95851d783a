"""Surroundings: what solid things stand and move around a car, as a perfect range sensor tells.

This is the simulator's truth, and no camera: which is what the shield of a real car has from radar
and lidar, here without their errors. Policies are given nothing of it.
"""

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import GROUND_CONTYPE
from vla_sim.physics.compiled import entry
from vla_sim.protocols.engine import Engine

Floats = NDArray[np.float64]

N_COLUMNS = 8
"""x, y [m], cosine and sine of the yaw, half sides [m] and radius of the rounding [m], shown."""


class Surroundings:
    """Footprints of everything solid but one robot and the ground, in n simulations."""

    def __init__(self, engine: Engine, robot_prefix: str) -> None:
        self._engine = engine
        model = engine.model
        solid = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
        own = np.array(
            [model.body(int(b)).name.startswith(robot_prefix) for b in model.geom_bodyid],
            dtype=bool,
        )
        ground = (model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE)) | (
            (model.geom_bodyid == 0) & (model.geom_contype == GROUND_CONTYPE)
        )
        self._geoms = np.flatnonzero(solid & ~own & ~ground)
        self._is_box = model.geom_type[self._geoms] == int(mujoco.mjtGeom.mjGEOM_BOX)
        self._size = np.array(model.geom_size[self._geoms], dtype=np.float64)
        self._bound = np.array(model.geom_rbound[self._geoms], dtype=np.float64)
        self.footprint = np.zeros((engine.n, len(self._geoms), N_COLUMNS))
        self.velocity = np.zeros((engine.n, len(self._geoms), 2))
        self._known = np.zeros(engine.n, dtype=bool)

    def forget(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin in the slots `ids`: how fast things move is not known yet."""
        self._known[ids] = False

    def look(self, dt_s: float) -> None:
        """Sense: where things are, and how far they have come since the last look [m/s]."""
        engine = self._engine
        _footprints(
            np.take(engine.geom_pos, self._geoms, axis=1),
            np.take(engine.geom_mat, self._geoms, axis=1),
            np.take(engine.rgba, self._geoms, axis=1)[:, :, 3] > 0.0,
            self._is_box,
            self._size,
            self._bound,
            self._known,
            dt_s,
            self.footprint,
            self.velocity,
        )
        self._known[:] = True


@entry
def _footprints(
    pos: Floats,
    mat: Floats,
    shown: NDArray[np.bool_],
    is_box: NDArray[np.bool_],
    size: Floats,
    bound: Floats,
    known: NDArray[np.bool_],
    dt: float,
    footprint: Floats,
    velocity: Floats,
) -> None:
    """Footprints (n, k, N_COLUMNS) and velocities (n, k, 2) from poses (n, k, 3) and (n, k, 9)."""
    for row in range(pos.shape[0]):
        for k in range(pos.shape[1]):
            f = footprint[row, k]
            x, y, there = pos[row, k, 0], pos[row, k, 1], 1.0 if shown[row, k] else 0.0
            same = known[row] and f[7] == there
            velocity[row, k, 0] = (x - f[0]) / dt if same else 0.0
            velocity[row, k, 1] = (y - f[1]) / dt if same else 0.0
            f[0], f[1], f[7] = x, y, there
            upright = abs(mat[row, k, 8]) > 0.99
            f[2], f[3], f[4], f[5] = 1.0, 0.0, 0.0, 0.0
            if not upright:
                f[6] = bound[k]
            elif is_box[k]:
                f[2], f[3] = mat[row, k, 0], mat[row, k, 3]
                f[4], f[5], f[6] = size[k, 0], size[k, 1], 0.0
            else:
                f[6] = size[k, 0]
