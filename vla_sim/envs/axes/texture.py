"""Texture: patterns on the ground, and other colours of ground and sky."""

import math
from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis, swings
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.physics.render.ground import PATTERN_KINDS, GroundPattern

CELL_SHARE = 0.07
"""Size of a pattern's cells as a share of the distance from camera to target."""
CONTRAST_PER_SEVERITY = 0.1
TINT_PER_SEVERITY = 0.07
"""Share by which each of red, green and blue of ground and sky is scaled, at most."""


class Texture(Axis):
    """A checkered, striped or blotched ground in another tone, under another sky."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """Another ground and another sky."""
        camera = plain.sight.camera
        distance = math.dist(camera.position, camera.target)
        patterned = [kind for kind in PATTERN_KINDS if kind != "plain"]
        kind = patterned[int(rng.integers(len(patterned)))]
        angle = float(rng.uniform(0.0, math.pi))
        cell_m = CELL_SHARE * distance * float(rng.uniform(0.7, 1.4))
        x, y = (cell_m * rng.uniform(0.0, 1.0, 2)).tolist()
        tint = 1.0 + TINT_PER_SEVERITY * severity * swings(rng, 6)
        red, green, blue, sky_red, sky_green, sky_blue = tint.tolist()
        pattern = GroundPattern(
            kind=kind,
            cell_m=cell_m,
            contrast=CONTRAST_PER_SEVERITY * severity,
            direction=(math.cos(angle), math.sin(angle)),
            offset_m=(x, y),
            key=int(rng.integers(2**16)),
            ground=(red, green, blue),
            sky=(sky_red, sky_green, sky_blue),
        )
        return replace(plain, sight=replace(plain.sight, pattern=pattern))
