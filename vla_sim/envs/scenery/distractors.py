"""Distractors in scenes: where there is room for things that nobody asks for."""

import math
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.distractors import TONES, DistractorKit, add_distractors, distractor_names
from vla_sim.envs.scenery.looks import mocap_row
from vla_sim.protocols.engine import Engine

Floats = NDArray[np.float64]
Area = tuple[float, float, float, float]
"""A rectangle on the ground: least x, least y, largest x, largest y [m]."""
_TRIES = 60
"""Places that are tried for each thing; where all are taken, the scene has one thing less."""


class Distractors:
    """A kit of things in one engine; every simulation shows some of them, or none."""

    def __init__(self, kit: DistractorKit, clearance_m: float) -> None:
        """Prepare a kit.

        Args:
            kit: The things.
            clearance_m: Room that a thing leaves to everything else.
        """
        self._kit = kit
        self._clearance_m = clearance_m
        self.names = distractor_names(kit)
        self._engine: Engine | None = None

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the bodies to a scene that is being built."""
        add_distractors(spec, self._kit)

    def _bind(self, engine: Engine) -> None:
        """Find the bodies in the compiled engine."""
        self._engine = engine
        model = engine.model
        self._rows = [mocap_row(model, name) for name in self.names]
        self._geoms = [
            np.flatnonzero(model.geom_bodyid == model.body(name).id) for name in self.names
        ]
        self._radius = [float(model.geom_rbound[geoms].max()) for geoms in self._geoms]
        mine = np.isin(np.arange(model.ngeom), np.concatenate(self._geoms))
        painted = (model.geom_bodyid == 0) & (model.geom_contype == 0)
        plane = model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE)
        self._others = np.flatnonzero(~mine & ~plane & ~(painted & (model.geom_conaffinity == 0)))

    def place(
        self,
        engine: Engine,
        slot: int,
        n: int,
        areas: Sequence[Area],
        keep_clear: Floats,
        rng: np.random.Generator,
    ) -> int:
        """Put up to n things into one simulation; call `forward` before and after.

        More things leave the places of fewer as they are.

        Args:
            engine: What was built with these things in it.
            slot: The simulation.
            n: How many, at most as many as there are.
            areas: Where they may stand.
            keep_clear: Points that must stay free too, shape (k, 2) [m].
            rng: Decides which, where and in which tone.

        Returns:
            How many found room.
        """
        if engine is not self._engine:
            self._bind(engine)
        low, high = self._taken(engine, slot, keep_clear)
        size = np.array([(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in areas])
        things, tones = rng.permutation(len(self.names)), rng.permutation(len(TONES))
        n_placed = 0
        for thing, tone in zip(things[:n], tones[:n], strict=True):
            radius = self._radius[thing]
            corner = rng.choice(len(areas), size=_TRIES, p=size / size.sum())
            share, yaw = rng.uniform(0.0, 1.0, (_TRIES, 2)), float(rng.uniform(-math.pi, math.pi))
            box = np.array(areas)[corner]
            spots = box[:, :2] + share * (box[:, 2:] - box[:, :2])
            beyond = np.maximum(np.maximum(low - spots[:, None], spots[:, None] - high), 0.0)
            room = np.sqrt(beyond[..., 0] ** 2 + beyond[..., 1] ** 2).min(axis=1)
            fits = np.flatnonzero(room >= radius + self._clearance_m)
            if not len(fits):
                continue
            x, y = spots[fits[0]]
            row = self._rows[thing]
            engine.mocap_pos[slot, row] = x, y, 0.0
            engine.mocap_quat[slot, row] = math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)
            engine.rgba[slot, self._geoms[thing]] = *TONES[tone], 1.0
            low = np.concatenate([low, [[x - radius, y - radius]]])
            high = np.concatenate([high, [[x + radius, y + radius]]])
            n_placed += 1
        return n_placed

    def _taken(self, engine: Engine, slot: int, keep_clear: Floats) -> tuple[Floats, Floats]:
        """Lower and upper corners (k, 2) of what stands in a simulation, seen from above."""
        model = engine.model
        seen = engine.rgba[slot, self._others, 3] > 0.0
        there = self._others[seen | (model.geom_group[self._others] > 2)]
        extent = np.repeat(model.geom_rbound[there][:, None], 2, axis=1)
        is_box = model.geom_type[there] == int(mujoco.mjtGeom.mjGEOM_BOX)
        turned = (
            np.abs(engine.geom_mat[slot, there].reshape(-1, 3, 3)) * model.geom_size[there, None]
        )
        extent = np.where(is_box[:, None], turned[:, :2].sum(axis=2), extent)
        centre = engine.geom_pos[slot, there, :2]
        return (
            np.concatenate([centre - extent, keep_clear]),
            np.concatenate([centre + extent, keep_clear]),
        )
