"""Light: the sun stands elsewhere, shines more or less, warmer or colder."""

import math
from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis, swings
from vla_sim.envs.shifting.conditions import Conditions

TURN_PER_SEVERITY_RAD = 0.5
SINK_PER_SEVERITY = 0.2
"""Share of the sun's height by which it is lower, at most: shadows grow."""
STRENGTH_PER_SEVERITY = 0.1
BALANCE_PER_SEVERITY = 0.15
"""Share by which the sun is stronger and the diffuse light weaker, or the other way round."""
WARMTH_PER_SEVERITY = 0.07
"""Share by which red grows and blue shrinks, or the other way round."""


class Light(Axis):
    """Direction, strength, balance of sun and sky, and colour temperature."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """Another light."""
        light = plain.sight.light
        turn, sink, strength, balance, warmth = (severity * swings(rng, 5)).tolist()
        angle = TURN_PER_SEVERITY_RAD * turn
        cos, sin = math.cos(angle), math.sin(angle)
        x, y, z = light.direction
        gain = 1.0 + STRENGTH_PER_SEVERITY * strength
        harder = BALANCE_PER_SEVERITY * balance
        warmer = WARMTH_PER_SEVERITY * warmth
        other = replace(
            light,
            direction=(
                cos * x - sin * y,
                sin * x + cos * y,
                z * (1 - SINK_PER_SEVERITY * abs(sink)),
            ),
            ambient=light.ambient * gain * (1.0 - 0.5 * harder),
            sky=light.sky * gain,
            sun=light.sun * gain * (1.0 + harder),
            colour=(1.0 + warmer, 1.0, 1.0 - warmer),
        )
        return replace(plain, sight=replace(plain.sight, light=other))
