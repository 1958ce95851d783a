"""Sources: what supervision asks of others, who stand on other floors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.reach_teacher import ReachTeacher

Reword = Callable[[NDArray[np.int64], np.random.Generator], Sequence[str]]
"""A sentence of training for each meaning's code, in C order, another one at each call."""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Who is asked; None where nobody is there."""

    reword: Reword | None = None
    reach: ReachTeacher | None = None
