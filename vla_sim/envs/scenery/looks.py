"""Bodies with several looks: each simulation shows one of them, in its own colour.

A body carries one group of geoms per look, named "<body>_<look>" or "<body>_<look>_<part>".
Showing a look gives its geoms a colour and contacts; the other looks of the body vanish for eye and
physics.
"""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.engine import Engine

Rgb = tuple[float, float, float]


class Looks:
    """Shows looks of bodies that are of one kind, in one engine."""

    def __init__(
        self, engine: Engine, bodies: Sequence[str], looks: Sequence[str], *, solid: bool
    ) -> None:
        self.engine = engine
        self.looks = tuple(looks)
        self.solid = solid
        self._geoms = [[_geoms(engine.model, body, look) for look in looks] for body in bodies]
        self._all = [np.concatenate(groups) for groups in self._geoms]

    def show(self, slot: int, shown: Sequence[tuple[str, Rgb] | None]) -> None:
        """Give each body of one simulation its look and colour; None hides it."""
        for body, wish in enumerate(shown):
            every = self._all[body]
            self.engine.rgba[slot, every, 3] = 0.0
            on: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
            if wish is not None:
                look, colour = wish
                on = self._geoms[body][self.looks.index(look)]
                self.engine.rgba[slot, on, 3] = 1.0
                # Only the first geom of a look carries the colour; windows and wheels keep theirs.
                self.engine.rgba[slot, on[0], :3] = colour
            if self.solid:
                self.engine.set_collidable(np.array([slot]), every, np.isin(every, on)[None])


def _geoms(model: mujoco.MjModel, body: str, look: str) -> NDArray[np.int64]:
    names = {model.geom(g).name: g for g in range(model.ngeom)}
    stem = f"{body}_{look}"
    found = [g for name, g in names.items() if name == stem or name.startswith(stem + "_")]
    assert found, f"{body} has no look {look!r}"
    return np.array(found, dtype=np.int64)


def first_free_joint(model: mujoco.MjModel, body: str) -> tuple[int, int]:
    """Where the free joint of a body starts in qpos and qvel."""
    joint = int(model.body(body).jntadr[0])
    return int(model.jnt_qposadr[joint]), int(model.jnt_dofadr[joint])


def mocap_row(model: mujoco.MjModel, body: str) -> int:
    """Row of a mocap body in mocap_pos."""
    return int(model.body(body).mocapid[0])


def pick_colours(rng: np.random.Generator, colours: Mapping[str, Rgb], n_colours: int) -> list[str]:
    """Names of `n_colours` different colours."""
    return [str(name) for name in rng.permutation(list(colours))[:n_colours]]
