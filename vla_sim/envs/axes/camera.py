"""Camera: it stands elsewhere, looks elsewhere, and sees more or less."""

import math
from dataclasses import replace

import numpy as np

from vla_sim.envs.axes.axis import Axis, swings
from vla_sim.envs.shifting.conditions import Conditions

TURN_PER_SEVERITY_RAD = 0.09
"""By which the camera goes round its target."""
RISE_PER_SEVERITY_RAD = 0.06
"""By which it goes up or down, on the way around its target."""
STEEPEST_RAD, SHALLOWEST_RAD = 1.48, 0.15
"""It never looks straight down, where up has no direction, nor along the ground."""
NEARER_PER_SEVERITY = 0.03
"""Share by which it is nearer or further."""
TARGET_PER_SEVERITY = 0.01
"""Share of its distance by which what it looks at is moved along each axis of the ground."""
FIELD_PER_SEVERITY = 0.025
"""Share by which the field of view grows or shrinks."""


class Camera(Axis):
    """Another pose and another field of view; what policies are told besides stays as it is."""

    def conditions(self, plain: Conditions, severity: int, rng: np.random.Generator) -> Conditions:
        """Another camera."""
        spec = plain.sight.camera
        turn, rise, nearer, ahead, aside, wider = (severity * swings(rng, 6)).tolist()
        x, y, z = (p - t for p, t in zip(spec.position, spec.target, strict=True))
        distance = math.dist(spec.position, spec.target)
        azimuth = math.atan2(y, x) + TURN_PER_SEVERITY_RAD * turn
        elevation = math.asin(z / distance) + RISE_PER_SEVERITY_RAD * rise
        elevation = min(max(elevation, SHALLOWEST_RAD), STEEPEST_RAD)
        shift = TARGET_PER_SEVERITY * distance
        target = (
            spec.target[0] + shift * ahead,
            spec.target[1] + shift * aside,
            spec.target[2],
        )
        distance *= 1.0 + NEARER_PER_SEVERITY * nearer
        flat = distance * math.cos(elevation)
        position = (
            target[0] + flat * math.cos(azimuth),
            target[1] + flat * math.sin(azimuth),
            target[2] + distance * math.sin(elevation),
        )
        fov_y_deg = spec.fov_y_deg * (1.0 + FIELD_PER_SEVERITY * wider)
        moved = replace(spec, position=position, target=target, fov_y_deg=fov_y_deg)
        return replace(plain, sight=replace(plain.sight, camera=moved))
