"""Fixtures: things that stand where a scene puts them, each with one part that moves on a joint."""

from collections.abc import Callable, Sequence

import mujoco
import numpy as np

from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.looks import mocap_row
from vla_sim.protocols.engine import Engine


class Fixtures:
    """K fixtures of one kind per simulation.

    Args:
        names: Names of their bodies.
        add: Adds one of them to a scene: a mocap body of that name, below it a part on the joint
            "<name>_joint", and geoms "<name>_colour..." that show its colour.
    """

    def __init__(self, names: Sequence[str], add: Callable[[mujoco.MjSpec, str], None]) -> None:
        self.names = tuple(names)
        self._add = add

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the fixtures to a scene that is being built."""
        for name in self.names:
            self._add(spec, name)

    def bind(self, engine: Engine) -> None:
        """Find the fixtures in the compiled engine."""
        self.engine = engine
        model = engine.model
        joints = [model.joint(f"{name}_joint") for name in self.names]
        self._q_adr = np.array([int(joint.qposadr[0]) for joint in joints])
        self._v_adr = np.array([int(joint.dofadr[0]) for joint in joints])
        self._mocap = [mocap_row(model, name) for name in self.names]
        self._places = [engine.body_pos(name) for name in self.names]  # live views
        geoms = {model.geom(k).name: k for k in range(model.ngeom)}
        self._coloured = [
            np.array([k for geom, k in geoms.items() if geom.startswith(f"{name}_colour")])
            for name in self.names
        ]

    def write(self, slot: int, xy: Floats, travel: Floats, colours: Sequence[str]) -> None:
        """Put the fixtures of one simulation somewhere, their parts at rest.

        Args:
            slot: Which simulation.
            xy: Where they stand [m], shape (K, 2).
            travel: Where their parts are along their joints [m or rad], shape (K,).
            colours: Names of their colours.
        """
        for k, colour in enumerate(colours):
            self.engine.mocap_pos[slot, self._mocap[k]] = [*xy[k], 0.0]
            self.engine.rgba[slot, self._coloured[k], :3] = COLOURS[colour]
        self.engine.qpos[slot, self._q_adr] = travel
        self.engine.qvel[slot, self._v_adr] = 0.0

    def travel(self) -> Floats:
        """(n, K) where the parts are along their joints [m or rad]."""
        where: Floats = np.take(self.engine.qpos, self._q_adr, axis=1)
        return where

    def place(self) -> Floats:
        """(n, K, 3) where the fixtures stand [m]."""
        return np.stack(self._places, axis=1)
