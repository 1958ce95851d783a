"""Robots, props and arenas, as MJCF and Python."""

from collections.abc import Mapping

from vla_sim.assets.car import CAR
from vla_sim.assets.panda import PANDA
from vla_sim.assets.ur5e import UR5E
from vla_sim.records.embodiment import Embodiment

ROBOTS: Mapping[str, Embodiment] = {
    "panda": PANDA,
    "ackermann_car": CAR,
    "ur5e": UR5E,
}
"""Every robot by its name: what its motion is bound by and what its actions mean. The model of
"ur5e" comes with an extra; its numbers do not need it."""
