"""Noise: sensors that err."""

from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis
from vla_sim.envs.sensing.sensor_noise import NoiseLevel
from vla_sim.envs.shifting.conditions import Conditions

PROPRIO_PER_SEVERITY = 0.05
PIXEL_PER_SEVERITY = 16
"""Most that a byte is off."""


class Noise(Axis):
    """Noise on proprioception and pictures, anew at every control step."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """Noisy senses."""
        level = NoiseLevel(
            proprio=PROPRIO_PER_SEVERITY * severity, pixel=PIXEL_PER_SEVERITY * severity
        )
        return replace(plain, noise=level)
