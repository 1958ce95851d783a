"""Other vehicles on a straight road: how they look, where they are, how they drive on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.ground_props import VEHICLE_ENDS_M, VEHICLE_KINDS
from vla_sim.assets.props import COLOURS
from vla_sim.envs.scenery.looks import Looks, mocap_row
from vla_sim.protocols.engine import Engine
from vla_sim.records.instruction import Referent

Floats = NDArray[np.float64]


class Traffic:
    """k vehicles in each of n simulations; they keep their lanes."""

    def __init__(self, engine: Engine, bodies: Sequence[str]) -> None:
        self.engine = engine
        self.looks = Looks(engine, bodies, VEHICLE_KINDS, solid=True)
        self._rows = [mocap_row(engine.model, name) for name in bodies]
        self._ends = np.zeros((engine.n, len(bodies), 2))

    def place(
        self,
        slot: int,
        x: Floats,
        y: Floats,
        seen: Sequence[Referent],
        *,
        by_rear: bool = False,
    ) -> None:
        """Put the vehicles of one simulation where they start, as their referents look.

        Args:
            slot: The simulation.
            x: (k,) of their middles, or of their rear ends, along the road [m].
            y: (k,) of their lanes [m].
            seen: Colour and kind of each.
            by_rear: Whether x tells the rear ends.
        """
        for k, row in enumerate(self._rows):
            self._ends[slot, k] = VEHICLE_ENDS_M[seen[k].shape]
            middle = x[k] + self._ends[slot, k, 0] if by_rear else x[k]
            self.engine.mocap_pos[slot, row] = [middle, y[k], 0.0]
        self.looks.show(slot, [(r.shape, COLOURS[r.colour]) for r in seen])

    def drive_on(self, way: Floats) -> None:
        """Move every vehicle along the road by `way` (n, k) [m]."""
        for k, row in enumerate(self._rows):
            self.engine.mocap_pos[:, row, 0] += way[:, k]

    @property
    def position(self) -> Floats:
        """(n, k, 3): on the ground below the vehicles' middles [m], a copy."""
        return self.engine.mocap_pos[:, self._rows]

    @property
    def rear_x(self) -> Floats:
        """(n, k): where the rear ends are along the road [m]."""
        rear: Floats = self.position[:, :, 0] - self._ends[:, :, 0]
        return rear

    @property
    def front_x(self) -> Floats:
        """(n, k): where the front ends are along the road [m]."""
        front: Floats = self.position[:, :, 0] + self._ends[:, :, 1]
        return front
