"""Colour and shape: the same things in other tones, a little wider or narrower."""

from dataclasses import replace

import numpy as np

from vla_sim.assets.props import COLOURS
from vla_sim.envs.axes.axis import Axis, swings
from vla_sim.envs.sensing.shades import shades
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.records.shift import MAX_SEVERITY

STRETCH_PER_SEVERITY = 0.07


class ColourShape(Axis):
    """Tones leave the named colours, but never for another name; things change their widths.

    For the eye only: what is touched keeps its size.
    """

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """Other tones and widths."""
        tones = shades(severity / MAX_SEVERITY, swings(rng, 2 * len(COLOURS)).reshape(-1, 2))
        stretch = float(STRETCH_PER_SEVERITY * severity * swings(rng, 1)[0])
        return replace(plain, sight=replace(plain.sight, shades=tones, stretch=stretch))
