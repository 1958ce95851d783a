"""ReachTeacher: a controller that knows its limits, asked how long a way takes."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.triple import StepTriples


class ReachTeacher(Protocol):
    """From moments to the least time to the point that each goal asks for."""

    def seconds(self, rows: StepTriples) -> NDArray[np.float32]:
        """Least times [s], shape (N, N_GOALS).

        Args:
            rows: Moments; their pictures are not looked at.

        Returns:
            inf where the point cannot be reached under the limits, NaN where there is nothing to
            say: no point, no goal, or a task whose goal is no place.
        """
        ...
