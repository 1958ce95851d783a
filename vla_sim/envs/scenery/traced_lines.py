"""Coloured lines on a table: chains of links that wind from the picture's left to its right."""

import math
from collections.abc import Sequence

import mujoco
import numpy as np

from vla_sim.assets.props import COLOURS
from vla_sim.assets.traced_line import LINK_M, add_line
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.looks import mocap_row
from vla_sim.protocols.engine import Engine


class TracedLines:
    """K lines of `n_links` links per simulation."""

    def __init__(self, *, n_lines: int, n_links: int) -> None:
        self.n_links = n_links
        self.names = tuple(f"line_{k}" for k in range(n_lines))

    @property
    def length_m(self) -> float:
        """From a line's left end along it to its right end."""
        return self.n_links * LINK_M

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the lines to a scene that is being built."""
        for name in self.names:
            add_line(spec, name, self.n_links)

    def bind(self, engine: Engine) -> None:
        """Find the links in the compiled engine."""
        self.engine = engine
        model = engine.model
        links = [[f"{name}_{k}" for k in range(self.n_links)] for name in self.names]
        self._mocap = np.array([[mocap_row(model, link) for link in line] for line in links])
        self._geoms = np.array([[model.geom(f"{k}_colour").id for k in line] for line in links])

    def write(self, slot: int, joints: Floats, colours: Sequence[str]) -> None:
        """Lay the lines of one simulation out.

        Args:
            slot: Which simulation.
            joints: Where links meet, ends included, from left to right [m],
                shape (K, n_links + 1, 2).
            colours: Names of their colours.
        """
        for line, colour in enumerate(colours):
            rows = self._mocap[line]
            middle = 0.5 * (joints[line, 1:] + joints[line, :-1])
            way = joints[line, 1:] - joints[line, :-1]
            half = 0.5 * np.arctan2(way[:, 1], way[:, 0])
            self.engine.mocap_pos[slot, rows] = np.column_stack([middle, np.zeros(len(rows))])
            self.engine.mocap_quat[slot, rows] = np.column_stack(
                [np.cos(half), 0.0 * half, 0.0 * half, np.sin(half)]
            )
            self.engine.rgba[slot, self._geoms[line], :3] = COLOURS[colour]


def winding(
    rng: np.random.Generator,
    n_links: int,
    middle: Floats,
    swing_rad: tuple[float, float],
    waves: tuple[float, float],
) -> Floats:
    """Joints (n_links + 1, 2) [m] of a line whose heading swings about +y like a wave.

    Args:
        rng: Draws the wave.
        n_links: Number of links.
        middle: Where the mean of the joints lies [m], shape (2,).
        swing_rad: Least and greatest swing of the heading; below pi / 2, so that a line has a left
            and a right end.
        waves: Least and greatest number of waves along the line.
    """
    swing, n_waves = rng.uniform(*swing_rad), rng.uniform(*waves)
    phase = rng.uniform(0.0, 2.0 * math.pi)
    along = (np.arange(n_links) + 0.5) / n_links
    heading = swing * np.sin(2.0 * math.pi * n_waves * along + phase)
    links = LINK_M * np.column_stack([np.sin(heading), np.cos(heading)])
    joints = np.concatenate([np.zeros((1, 2)), np.cumsum(links, axis=0)])
    centred: Floats = joints - joints.mean(axis=0) + middle
    return centred
