"""What engines hold alike: live arrays over n simulations, and what is found in them by name."""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from mujoco import batch
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LiveArrays:
    """Arrays that share memory with a batch of MuJoCo; the leading axis counts simulations."""

    qpos: Floats
    qvel: Floats
    act: Floats
    ctrl: Floats
    mocap_pos: Floats
    mocap_quat: Floats
    geom_pos: Floats
    geom_mat: Floats
    body_pos: Floats
    sensordata: Floats


def live_arrays(of: batch.Batch) -> LiveArrays:
    """The state and the poses of a batch."""
    return LiveArrays(
        qpos=of.bind("qpos"),
        qvel=of.bind("qvel"),
        act=of.bind("act"),
        ctrl=of.bind("ctrl"),
        mocap_pos=of.bind("mocap_pos"),
        mocap_quat=of.bind("mocap_quat"),
        geom_pos=of.bind("geom_xpos"),
        geom_mat=of.bind("geom_xmat"),
        body_pos=of.bind("xpos"),
        sensordata=of.bind("sensordata"),
    )


def check_numbers(n: int, n_threads: int) -> None:
    """Refuse a world without simulations or threads.

    Raises:
        BadConfig: If a number is below 1.
    """
    if n < 1 or n_threads < 1:
        raise BadConfig(f"a world needs n >= 1 and n_threads >= 1, got {n} and {n_threads}")


class EngineState:
    """The part of `protocols.engine.Engine` that answers questions; subclasses simulate.

    Args:
        model: The compiled scene.
        n: Number of simulations.
        arrays: Where their state lies.
        sensordata: (n, nsensordata), where an engine measures by itself.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        n: int,
        arrays: LiveArrays,
        *,
        sensordata: Floats | None = None,
    ) -> None:
        self._model = model
        self._n = n
        self._arrays = arrays
        self._sensordata = arrays.sensordata if sensordata is None else sensordata
        # Colours are the renderer's affair: no physics gets to see them.
        self._rgba: NDArray[np.float32] = np.repeat(model.geom_rgba[None], n, axis=0)

    @property
    def model(self) -> mujoco.MjModel:
        """The compiled scene."""
        return self._model

    @property
    def n(self) -> int:
        """Number of simulations."""
        return self._n

    @property
    def timestep_s(self) -> float:
        """Physics step [s]."""
        return float(self._model.opt.timestep)

    @property
    def qpos(self) -> Floats:
        """(n, nq), writable."""
        return self._arrays.qpos

    @property
    def qvel(self) -> Floats:
        """(n, nv), writable."""
        return self._arrays.qvel

    @property
    def act(self) -> Floats:
        """(n, na), writable."""
        return self._arrays.act

    @property
    def ctrl(self) -> Floats:
        """(n, nu), writable."""
        return self._arrays.ctrl

    @property
    def mocap_pos(self) -> Floats:
        """(n, n_mocap, 3), writable."""
        return self._arrays.mocap_pos

    @property
    def mocap_quat(self) -> Floats:
        """(n, n_mocap, 4), writable."""
        return self._arrays.mocap_quat

    @property
    def geom_pos(self) -> Floats:
        """(n, ngeom, 3) in the world [m], current after `step` and `forward`."""
        return self._arrays.geom_pos

    @property
    def geom_mat(self) -> Floats:
        """(n, ngeom, 9), row-major rotation matrices."""
        return self._arrays.geom_mat

    @property
    def rgba(self) -> NDArray[np.float32]:
        """(n, ngeom, 4), writable: each simulation's own colours; alpha 0 hides a geom."""
        return self._rgba

    def body_pos(self, name: str) -> Floats:
        """(n, 3) position of a body in the world [m], a live view.

        Raises:
            UnknownName: If the scene has no such body.
        """
        found = self._find("body", mujoco.mjtObj.mjOBJ_BODY, name)
        return self._arrays.body_pos[:, found]

    def sensor(self, name: str) -> Floats:
        """(n, d) values of a sensor, a live view.

        Raises:
            UnknownName: If the scene has no such sensor.
        """
        found = self._find("sensor", mujoco.mjtObj.mjOBJ_SENSOR, name)
        start = int(self._model.sensor_adr[found])
        return self._sensordata[:, start : start + int(self._model.sensor_dim[found])]

    def _find(self, kind: str, of: Any, name: str) -> int:
        found = int(mujoco.mj_name2id(self._model, of, name))
        if found < 0:
            count = getattr(self._model, f"n{kind}")
            known = [getattr(self._model, kind)(i).name for i in range(count)]
            raise UnknownName(kind, name, known)
        return found
