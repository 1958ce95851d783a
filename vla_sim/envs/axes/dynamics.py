"""Dynamics: heavier or lighter, more or less slippery, softer or stiffer, and late."""

from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis, Shown, swings
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.records.dynamics import Dynamics

MASS_PER_SEVERITY = 0.05
FRICTION_PER_SEVERITY = 0.12
GAIN_PER_SEVERITY = 0.04
"""What drives and brakes blindly, as a car's expert does, is off by the ratio of the two."""
LATENCY_S_PER_SEVERITY = 0.01
"""By which actions come late. A whole control step is too much for hands that close in time: the
experts, which do not know of it, then miss a fourth of their grasps."""


class Physics(Axis):
    """Mass, friction and actuator gain of the whole scene, and latency of the actions."""

    shown: Shown = "end"

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """Another physics."""
        mass, friction, gain = (severity * swings(rng, 3)).tolist()
        dynamics = Dynamics(
            mass_scale=1.0 + MASS_PER_SEVERITY * mass,
            friction_scale=1.0 + FRICTION_PER_SEVERITY * friction,
            gain_scale=1.0 + GAIN_PER_SEVERITY * gain,
        )
        return replace(plain, dynamics=dynamics, latency_s=LATENCY_S_PER_SEVERITY * severity)
