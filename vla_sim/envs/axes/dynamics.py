"""Dynamics: heavier or lighter, more or less slippery, softer or stiffer, and late."""

from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis, Shown, swings
from vla_sim.envs.conditions import Conditions
from vla_sim.records.dynamics import Dynamics

MASS_PER_SEVERITY = 0.1
FRICTION_PER_SEVERITY = 0.1
GAIN_PER_SEVERITY = 0.08
LATENCY_STEPS = {1: 0, 2: 1, 3: 2}
"""Control steps by which actions come late."""


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
        return replace(plain, dynamics=dynamics, latency_steps=LATENCY_STEPS[severity])
