"""Objects on a table that tasks ask for by colour and shape."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import (
    COLOURS,
    HALF_HEIGHT_M,
    RUBBER,
    SHAPES,
    SIZES,
    SLENDERNESS,
    add_object,
    look_of,
)
from vla_sim.envs.language.viewpoint import Thing, Viewpoint
from vla_sim.envs.scenery.looks import Looks, first_free_joint, mocap_row, pick_colours
from vla_sim.protocols.engine import Engine
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.things import Things

Floats = NDArray[np.float64]

TABLE_CAMERA = CameraSpec(position=(1.20, 0.0, 0.78), target=(0.50, 0.0, 0.06), fov_y_deg=36.0)
"""Looks over the objects at the arm, from the far side of the table."""

HELD_WITHIN_M = 0.022
"""What is held is this close to the fingertips, sideways and up and down [m],"""
SQUEEZED_M = (0.014, 0.006)
"""and they are at most this much less, or more, apart than it is wide [m]."""
STILL_M_S = 0.03
"""What is slower than this rests, or shivers between fingers [m/s]."""
TABLE_VIEW = Viewpoint(
    right_m=TABLE_CAMERA.position[1], away_m=-TABLE_CAMERA.position[0], gap_m=0.04
)
"""Left and right, near and far on the table are as in the picture: right is +y, away is -x."""


def on_the_table(looks: Sequence[Referent], xy: Floats) -> list[Thing]:
    """What stands at `xy`, shape (K, 2) [m], as seen from `TABLE_VIEW`."""
    return [
        Thing(colour=r.colour, shape=r.shape, size=r.size, right_m=float(y), away_m=-float(x))
        for r, (x, y) in zip(looks, xy, strict=True)
    ]


class TableObjects:
    """K objects per simulation, loose (`free`) or fixed where they stand; `sized`: in two sizes."""

    def __init__(
        self,
        *,
        n_objects: int,
        free: bool,
        sized: bool = False,
        sliding_friction: float = RUBBER,
    ) -> None:
        self.names = tuple(f"object_{k}" for k in range(n_objects))
        self.free = free
        self.sliding_friction = sliding_friction
        self.sizes = SIZES if sized else ("",)
        self._looks = tuple(look_of(shape, size) for shape in SHAPES for size in self.sizes)

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the bodies to a scene that is being built."""
        for name in self.names:
            add_object(
                spec,
                name,
                free=self.free,
                looks=self._looks,
                sliding_friction=self.sliding_friction,
            )

    def bind(self, engine: Engine) -> None:
        """Find the bodies in the compiled engine."""
        self.engine = engine
        self.looks = Looks(engine, self.names, self._looks, solid=True)
        self.half_height = np.zeros((engine.n, len(self.names)))
        self.width = np.zeros((engine.n, len(self.names)))
        """(n, K) how wide each object is [m]."""
        self._rolls = np.zeros((engine.n, len(self.names)), dtype=np.bool_)
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
        sizes = [self.sizes[k] for k in rng.integers(len(self.sizes), size=n)]
        values = {
            "xy": xy,
            "yaw": rng.uniform(-0.25, 0.25, n),
            "colour": np.array([list(COLOURS).index(c) for c in colours], dtype=np.float64),
            "shape": np.array([list(SHAPES).index(s) for s in shapes], dtype=np.float64),
            "size": np.array([self.sizes.index(s) for s in sizes], dtype=np.float64),
        }
        looks = zip(colours, shapes, sizes, strict=True)
        referents = [Referent(colour=c, shape=s, size=z) for c, s, z in looks]
        return values, referents

    def write(self, ids: NDArray[np.int64], drawn: Sequence[Mapping[str, Floats]]) -> None:
        """Put what `sample` drew into the simulations `ids`."""
        palette = list(COLOURS.values())
        for slot, values in zip(ids, drawn, strict=True):
            look = [
                look_of(SHAPES[int(shape)], self.sizes[int(size)])
                for shape, size in zip(values["shape"], values["size"], strict=True)
            ]
            colour = [palette[int(c)] for c in values["colour"]]
            self.looks.show(int(slot), list(zip(look, colour, strict=True)))
            height = np.array([HALF_HEIGHT_M[name] for name in look])
            self.half_height[slot] = height
            slender = np.array([name.endswith("cylinder") for name in look])
            self._rolls[slot] = [name.endswith("ball") for name in look]
            self.width[slot] = 2.0 * height * np.where(slender, SLENDERNESS, 1.0)
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

    def held(self, fingertips: Floats, opening: Floats) -> NDArray[np.bool_]:
        """(n, K) whether each object is between closed fingers.

        Args:
            fingertips: Where they are [m], (n, 3).
            opening: How far they are apart [m], (n,).
        """
        offset = np.abs(self.position() - fingertips[:, None])
        aside_m2 = offset[:, :, 0] ** 2 + offset[:, :, 1] ** 2
        near = (aside_m2 < HELD_WITHIN_M**2) & (offset[:, :, 2] < HELD_WITHIN_M)
        less, more = SQUEEZED_M
        wider = opening[:, None] - self.width
        held: NDArray[np.bool_] = near & (wider > -less) & (wider < more)
        return held

    def upright(self) -> Floats:
        """(n, K) cosine of the angle by which each object is tilted; 1 for fixed ones and balls."""
        cosine = np.ones(self._rolls.shape)
        if self.free:
            for k, (q, _) in enumerate(self._joints):
                x, y = self.engine.qpos[:, q + 4], self.engine.qpos[:, q + 5]
                cosine[:, k] = 1.0 - 2.0 * (x**2 + y**2)
        cosine[self._rolls] = 1.0
        return cosine

    def things(self, fingertips: Floats, opening: Floats, concerned: NDArray[np.bool_]) -> Things:
        """The objects, for goals that are about those in `concerned` (n, K)."""
        return Things(
            position=self.position(),
            upright=self.upright(),
            held=self.held(fingertips, opening),
            concerned=concerned,
        )

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
