"""Model variation: simulations of one batch whose bodies, contacts and actuators differ."""

from typing import Any

import mujoco
import numpy as np
from mujoco import batch
from numpy.typing import NDArray

from vla_sim.records.dynamics import Dynamics

Ids = NDArray[np.int64]

_FIELDS = ("body_mass", "body_inertia", "geom_friction", "actuator_gainprm", "actuator_biasprm")


class ModelVariation:
    """Per-simulation factors on fields of one batch's model.

    MuJoCo's constants that follow from masses follow for the simulation too; those of a restored
    simulation are the compiled model's to the last bit.
    """

    def __init__(self, model: mujoco.MjModel, sims: batch.Batch) -> None:
        self._batch = sims
        self._nominal = {name: getattr(model, name).copy() for name in _FIELDS}
        self._fields = {name: sims.expand(name) for name in _FIELDS}
        self._is_varied = np.zeros(sims.nsim, dtype=np.bool_)

    def scale(self, ids: Ids, dynamics: Dynamics) -> None:
        """Give the simulations `ids` these dynamics, whatever they had before."""
        factors: dict[str, Any] = {
            "body_mass": dynamics.mass_scale,
            "body_inertia": dynamics.mass_scale,
            "geom_friction": np.array([dynamics.friction_scale, 1.0, 1.0]),
            "actuator_gainprm": dynamics.gain_scale,
            "actuator_biasprm": dynamics.gain_scale,
        }
        for name, factor in factors.items():
            self._fields[name][ids] = self._nominal[name] * factor
        self._batch.set_const(np.sort(ids))
        self._is_varied[ids] = True

    def restore(self, ids: Ids) -> None:
        """Give the simulations `ids` the model's own numbers again."""
        varied = np.sort(ids[self._is_varied[ids]])
        if len(varied):
            for name, field in self._fields.items():
                field[varied] = self._nominal[name]
            self._batch.set_const(varied)
            self._is_varied[varied] = False
