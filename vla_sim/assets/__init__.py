"""Robots, props and arenas, as MJCF and Python."""

from collections.abc import Mapping

from vla_sim.assets.car import CAR
from vla_sim.assets.panda import PANDA
from vla_sim.records.embodiment import Embodiment

ROBOTS: Mapping[str, Embodiment] = {
    "panda": PANDA,
    "ackermann_car": CAR,
}
"""Every robot by its name: what its motion is bound by and what its actions mean."""
