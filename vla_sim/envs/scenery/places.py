"""Places on a table that tasks ask for by colour and shape: pads and trays."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS
from vla_sim.assets.table_places import (
    PAD_RADIUS_M,
    SQUARE_SHARE,
    TRAY_HALF_M,
    TRAY_SHAPE,
    add_table_place,
)
from vla_sim.envs.scenery.looks import Looks, mocap_row
from vla_sim.protocols.engine import Engine
from vla_sim.records.instruction import Referent

Floats = NDArray[np.float64]


class Places:
    """P places per simulation, each in one of `shapes`."""

    def __init__(
        self, *, n_places: int, shapes: Sequence[str], radius_m: float = PAD_RADIUS_M
    ) -> None:
        self.names = tuple(f"place_{k}" for k in range(n_places))
        self.shapes = tuple(shapes)
        self.radius_m = radius_m

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the bodies to a scene that is being built."""
        for name in self.names:
            add_table_place(spec, name, self.shapes, self.radius_m)

    def bind(self, engine: Engine) -> None:
        """Find the bodies in the compiled engine."""
        self.engine = engine
        self.looks = Looks(engine, self.names, self.shapes, solid=True)
        self.xy = np.zeros((engine.n, len(self.names), 2))
        """(n, P, 2) middles [m]."""
        self._shape = np.zeros((engine.n, len(self.names)), dtype=np.int64)
        self._mocap = [mocap_row(engine.model, name) for name in self.names]

    def sample(
        self, rng: np.random.Generator, xy: Floats, colours: Sequence[str]
    ) -> tuple[dict[str, Floats], list[Referent]]:
        """Shapes for places at `xy`, shape (P, 2) [m], in the given colours."""
        shapes = [str(shape) for shape in rng.choice(self.shapes, len(self.names))]
        values = {
            "place_xy": xy,
            "place_colour": np.array([list(COLOURS).index(c) for c in colours], dtype=np.float64),
            "place_shape": np.array([self.shapes.index(s) for s in shapes], dtype=np.float64),
        }
        referents = [Referent(colour=c, shape=s) for c, s in zip(colours, shapes, strict=True)]
        return values, referents

    def write(self, ids: NDArray[np.int64], drawn: Sequence[Mapping[str, Floats]]) -> None:
        """Put what `sample` drew into the simulations `ids`."""
        palette = list(COLOURS.values())
        for slot, values in zip(ids, drawn, strict=True):
            shape = values["place_shape"].astype(np.int64)
            colour = [palette[int(c)] for c in values["place_colour"]]
            shown = [(self.shapes[s], c) for s, c in zip(shape, colour, strict=True)]
            self.looks.show(int(slot), shown)
            self.xy[slot], self._shape[slot] = values["place_xy"], shape
            self.engine.mocap_pos[slot, self._mocap, :2] = values["place_xy"]
            self.engine.mocap_pos[slot, self._mocap, 2] = 0.0

    def contains(self, points: Floats) -> NDArray[np.bool_]:
        """(n, P, K) whether points (n, K, 3) are above each place's area."""
        x, y = (np.abs(points[:, None, :, axis] - self.xy[:, :, None, axis]) for axis in (0, 1))
        side = SQUARE_SHARE * self.radius_m
        inside = {
            "disc": x**2 + y**2 < self.radius_m**2,
            "square": np.maximum(x, y) < side,
            "diamond": x + y < np.sqrt(2.0) * side,
            TRAY_SHAPE: (x < TRAY_HALF_M[0]) & (y < TRAY_HALF_M[1]),
        }
        found = np.zeros(x.shape, dtype=bool)
        for k, shape in enumerate(self.shapes):
            found |= inside[shape] & (self._shape == k)[:, :, None]
        return found
