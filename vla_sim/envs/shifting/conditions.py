"""Conditions: under what an episode takes place, beside its scene and its instruction."""

from dataclasses import dataclass

from vla_sim.envs.sensing.sensor_noise import SILENT, NoiseLevel
from vla_sim.envs.sensing.sight import Sight
from vla_sim.records.dynamics import NOMINAL, Dynamics
from vla_sim.records.spread import TRAINING, Spread


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a domain axis may change for one episode; the defaults are those of training."""

    sight: Sight
    spread: Spread = TRAINING
    dynamics: Dynamics = NOMINAL
    latency_s: float = 0.0
    """From an action to its effect, beyond the control step that there always is [s]."""
    noise: NoiseLevel = SILENT
