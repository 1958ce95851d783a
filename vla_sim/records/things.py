"""Things: what a scene holds that can be touched, dropped, tipped or overtaken, step by step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Things:
    """K things of n simulations now, or of one episode over its T + 1 states: n or T + 1 rows.

    Attributes:
        position: float (n, K, 3) [m]; of a fixture, of the part that moves.
        upright: float (n, K), cosine of the angle by which each is tilted; 1 for what cannot tip.
        held: bool (n, K), whether it is between the fingers.
        concerned: bool (n, K), whether the instruction is about it: the rest is to be left alone.
        drives: They move by themselves.
    """

    position: NDArray[np.floating]
    upright: NDArray[np.floating]
    held: NDArray[np.bool_]
    concerned: NDArray[np.bool_]
    drives: bool = False

    @classmethod
    def still(
        cls,
        position: NDArray[np.float64],
        concerned: NDArray[np.bool_],
        *,
        drives: bool = False,
    ) -> "Things":
        """Things that neither tip nor are held."""
        shape = position.shape[:2]
        return cls(
            position=position,
            upright=np.ones(shape),
            held=np.zeros(shape, dtype=np.bool_),
            concerned=concerned,
            drives=drives,
        )
