"""Engine: n simulations of one model, stepped together."""

from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.records.dynamics import Dynamics

Floats = NDArray[np.float64]


class Engine(Protocol):
    """Live arrays over n simulations; state fields may be written, derived ones are read-only."""

    @property
    def model(self) -> mujoco.MjModel:
        """The compiled scene, to find names in; its state-like fields are not to be written."""
        ...

    @property
    def n(self) -> int:
        """Number of simulations."""
        ...

    @property
    def timestep_s(self) -> float:
        """Physics step [s]."""
        ...

    @property
    def qpos(self) -> Floats:
        """(n, nq), writable."""
        ...

    @property
    def qvel(self) -> Floats:
        """(n, nv), writable."""
        ...

    @property
    def act(self) -> Floats:
        """(n, na), writable: states of actuators, such as the angle an `intvelocity` holds."""
        ...

    @property
    def ctrl(self) -> Floats:
        """(n, nu), writable."""
        ...

    @property
    def mocap_pos(self) -> Floats:
        """(n, n_mocap, 3), writable."""
        ...

    @property
    def mocap_quat(self) -> Floats:
        """(n, n_mocap, 4), writable."""
        ...

    @property
    def geom_pos(self) -> Floats:
        """(n, ngeom, 3) in the world [m], current after `step` and `forward`."""
        ...

    @property
    def geom_mat(self) -> Floats:
        """(n, ngeom, 9), row-major rotation matrices."""
        ...

    @property
    def rgba(self) -> NDArray[np.float32]:
        """(n, ngeom, 4), writable: each simulation's own colours; alpha 0 hides a geom."""
        ...

    def body_pos(self, name: str) -> Floats:
        """(n, 3) position of a body in the world [m]."""
        ...

    def sensor(self, name: str) -> Floats:
        """(n, d) values of a sensor."""
        ...

    def set_collidable(
        self, ids: NDArray[np.int64], geom_ids: NDArray[np.int64], on: NDArray[np.bool_]
    ) -> None:
        """Let geoms (k,) touch others, or not, in simulations `ids` (m,), until their `reset`.

        `on` has shape (m, k). Call it before `forward`.
        """
        ...

    def set_dynamics(self, ids: NDArray[np.int64], dynamics: Dynamics) -> None:
        """Scale the physics of simulations `ids` until their `reset`. Call it before `forward`."""
        ...

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Put the simulations `ids` back to the model's defaults, without a forward pass."""
        ...

    def forward(self, ids: NDArray[np.int64]) -> None:
        """Make derived fields of `ids` describe the state as written."""
        ...

    def step(self, n_substeps: int, ids: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
        """Advance simulations; derived fields are then current.

        Args:
            n_substeps: Physics steps.
            ids: Which, in rising order; None for all. The others stay as they are.

        Returns:
            (n,) True where the physics diverged during these substeps.
        """
        ...
