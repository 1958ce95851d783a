"""Grasp: which objects are between the fingers, near enough to be taken, or in the way.

For objects that stand on a table and a hand that points straight down, closing sideways.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import CYLINDER_RADIUS_M

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class GraspConfig:
    """What counts as what between two fingers."""

    min_height_m: float = 0.018
    """The fingertips never aim lower than this above what an object stands on [m]."""
    held_tolerance_m: float = 0.022
    """An object this close to the tool, between closed fingers, is held."""
    close_tolerance_m: float = 0.013
    """The hand closes when the object's centre is this close to the tool, sideways and in z."""
    widest_m: float = 0.05
    """Objects are as wide as high up to this height [m]; taller ones are slender:"""
    slender_m: float = 2.0 * CYLINDER_RADIUS_M
    """that wide [m]."""
    squeeze_m: float = 0.014
    """The fingers may read this much less than the object's width when they hold it."""
    slack_m: float = 0.006
    """The fingers hold when they read less than this above the object's width: a cube may be turned
    a little between them."""
    open_clearance_m: float = 0.012
    """The fingers must be this much wider than the object to move down or up around it."""


class Grasp:
    """How m hands stand to K objects each: distances (m, K) and what follows from them."""

    def __init__(
        self, config: GraspConfig, tool: Floats, width: Floats, objects: Floats, half: Floats
    ) -> None:
        """See the tools (m, 3), openings (m,), object centres (m, K, 3), half heights (m, K)."""
        c = config
        self.width = grip_width(half, c)
        self.bottom = objects[:, :, 2] - half
        self.height = np.maximum(half, c.min_height_m)
        """Of the tool above an object's bottom when it grasps it [m]."""
        aside_x, aside_y = tool[:, :1] - objects[:, :, 0], tool[:, 1:2] - objects[:, :, 1]
        self.aside = np.sqrt(aside_x**2 + aside_y**2)
        self.above = tool[:, 2:] - (self.bottom + self.height)
        self.wider = width[:, None] - self.width
        level = np.abs(self.above)
        around = (self.aside < c.held_tolerance_m) & (level < c.held_tolerance_m)
        shut = self.wider > -c.squeeze_m
        self.held = around & shut & (self.wider < c.slack_m)
        self.ready = shut & (self.aside < c.close_tolerance_m) & (level < c.close_tolerance_m)
        """Near enough to close on."""
        self.free = self.wider > c.open_clearance_m
        """Wide enough to move down or up around it."""
        self.clasped = around & ~self.free
        """Not to be left upwards before the fingers have opened."""


def grip_width(half: Floats, config: GraspConfig) -> Floats:
    """Width between the fingers of objects of these half heights, same shape [m]."""
    wide = 2.0 * half
    return np.where(wide <= config.widest_m + 1e-6, wide, config.slender_m)
