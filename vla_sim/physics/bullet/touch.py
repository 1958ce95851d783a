"""Touch: which contact sensors of a model see one of Bullet's contacts."""

from collections.abc import Iterable

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.bullet.refusals import CONTACT_SENSOR

Floats = NDArray[np.float64]

_BODY = int(mujoco.mjtObj.mjOBJ_BODY)


class Touch:
    """The contact sensors of a model.

    Args:
        model: A model that `check_translatable` let pass.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._sides: list[tuple[int, int, int]] = []
        """Address in sensordata and the two bodies; -1 stands for any body."""
        for s in np.flatnonzero(model.sensor_type == CONTACT_SENSOR):
            one = int(model.sensor_objid[s]) if model.sensor_objtype[s] == _BODY else -1
            two = int(model.sensor_refid[s]) if model.sensor_reftype[s] == _BODY else -1
            self._sides.append((int(model.sensor_adr[s]), one, two))
        self.bodies = {body for _, one, two in self._sides for body in (one, two) if body > 0}
        """The moving bodies whose contacts matter; no others have to be asked for."""

    def write(self, contacts: Iterable[tuple[int, int]], sensordata: Floats) -> None:
        """Set the sensors' entries of sensordata (nsensordata,) to 1 where they see a contact.

        Args:
            contacts: Pairs of MuJoCo's body ids that touch.
            sensordata: One simulation's row, changed in place.
        """
        pairs = {pair for a, b in contacts for pair in ((a, b), (b, a))}
        for address, one, two in self._sides:
            sensordata[address] = float(any(one in (-1, a) and two in (-1, b) for a, b in pairs))
