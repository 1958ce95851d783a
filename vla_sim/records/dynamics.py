"""Dynamics: how a body's physics differs from the model's own numbers."""

from dataclasses import dataclass

from vla_sim.errors import BadConfig


@dataclass(frozen=True, kw_only=True)
class Dynamics:
    """Factors on a model's physics; 1 is the model.

    Raises:
        BadConfig: If a factor is not positive.
    """

    mass_scale: float = 1.0
    """Of every body's mass and inertia."""
    friction_scale: float = 1.0
    """Of every geom's sliding friction."""
    gain_scale: float = 1.0
    """Of every actuator's gain, and of its feedback, so that a servo stays one but gets softer."""

    def __post_init__(self) -> None:
        factors = (self.mass_scale, self.friction_scale, self.gain_scale)
        if not all(factor > 0.0 for factor in factors):
            raise BadConfig(f"mass, friction and gain scales must be positive, got {factors}")


NOMINAL = Dynamics()
"""The model's own physics."""
