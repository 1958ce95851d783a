"""Objects on a table that tasks ask for by colour and shape."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS, HALF_HEIGHT_M, RUBBER, SHAPES, add_object
from vla_sim.envs.looks import Looks, first_free_joint, mocap_row, pick_colours
from vla_sim.protocols.engine import Engine
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent

Floats = NDArray[np.float64]

TABLE_CAMERA = CameraSpec(position=(1.20, 0.0, 0.78), target=(0.50, 0.0, 0.06), fov_y_deg=36.0)
"""Looks over the objects at the arm, from the far side of the table."""

STILL_M_S = 0.03
"""What is slower than this rests, or shivers between fingers [m/s]."""


class TableObjects:
    """K objects per simulation, loose (`free`) or fixed where they stand."""

    def __init__(self, *, n_objects: int, free: bool, sliding_friction: float = RUBBER) -> None:
        self.names = tuple(f"object_{k}" for k in range(n_objects))
        self.free = free
        self.sliding_friction = sliding_friction

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the bodies to a scene that is being built."""
        for name in self.names:
            add_object(spec, name, free=self.free, sliding_friction=self.sliding_friction)

    def bind(self, engine: Engine) -> None:
        """Find the bodies in the compiled engine."""
        self.engine = engine
        self.looks = Looks(engine, self.names, SHAPES, solid=True)
        self.half_height = np.zeros((engine.n, len(self.names)))
        self._places = [engine.body_pos(name) for name in self.names]  # live views
        if self.free:
            self._joints = [first_free_joint(engine.model, name) for name in self.names]
        else:
            self._mocap = [mocap_row(engine.model, name) for name in self.names]

    def sample(
        self,
        rng: np.random.Generator,
        xy: Floats,
        *,
        colours: Sequence[str] | None = None,
        shapes: Sequence[str] | None = None,
    ) -> tuple[dict[str, Floats], list[Referent]]:
        """Colours (all different), shapes and yaw for objects at `xy`, shape (K, 2) [m].

        A task that draws colours or shapes by its own rules says which.
        """
        n = len(self.names)
        if colours is None:
            colours = pick_colours(rng, COLOURS, n)
        if shapes is None:
            shapes = [str(shape) for shape in rng.choice(list(SHAPES), n)]
        values = {
            "xy": xy,
            "yaw": rng.uniform(-0.25, 0.25, n),
            "colour": np.array([list(COLOURS).index(c) for c in colours], dtype=np.float64),
            "shape": np.array([list(SHAPES).index(s) for s in shapes], dtype=np.float64),
        }
        referents = [Referent(colour=c, shape=s) for c, s in zip(colours, shapes, strict=True)]
        return values, referents

    def write(self, ids: NDArray[np.int64], drawn: Sequence[Mapping[str, Floats]]) -> None:
        """Put what `sample` drew into the simulations `ids`."""
        palette, shapes = list(COLOURS.values()), list(SHAPES)
        for slot, values in zip(ids, drawn, strict=True):
            shape = [shapes[int(s)] for s in values["shape"]]
            colour = [palette[int(c)] for c in values["colour"]]
            self.looks.show(int(slot), list(zip(shape, colour, strict=True)))
            height = np.array([HALF_HEIGHT_M[s] for s in shape])
            self.half_height[slot] = height
            for k in range(len(self.names)):
                pos = np.array([*values["xy"][k], height[k]])
                yaw = values["yaw"][k]
                quat = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
                if self.free:
                    q, v = self._joints[k]
                    self.engine.qpos[slot, q : q + 7] = [*pos, *quat]
                    self.engine.qvel[slot, v : v + 6] = 0.0
                else:
                    self.engine.mocap_pos[slot, self._mocap[k]] = pos
                    self.engine.mocap_quat[slot, self._mocap[k]] = quat

    def position(self) -> Floats:
        """(n, K, 3) centres [m]."""
        return np.stack(self._places, axis=1)

    def clearance(self) -> Floats:
        """(n, K) height of the lowest point above the table, for an upright object [m]."""
        return self.position()[:, :, 2] - self.half_height

    def is_still(self) -> NDArray[np.bool_]:
        """(n, K) whether loose objects neither slide, roll nor fall."""
        speeds = []
        for _, v in self._joints:
            x, y, z = (self.engine.qvel[:, v + axis] for axis in range(3))
            speeds.append(np.sqrt(x**2 + y**2 + z**2))
        return np.stack(speeds, axis=1) < STILL_M_S

    def privileged(self) -> Mapping[str, Floats]:
        """What experts read: centres and half heights."""
        return {"object_pos": self.position(), "object_size": self.half_height}
