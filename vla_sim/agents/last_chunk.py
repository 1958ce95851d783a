"""What a row decided last, and what of it is still ahead."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class LastChunk:
    """The last decision of a row.

    Attributes:
        step: When it was made, in steps of the episode.
        chunk: (K, A)
    """

    step: int
    chunk: Floats

    def ahead(self, step: int, *, at_most: int) -> Floats | None:
        """What the chunk holds from a later step on, (< K, A).

        None where nothing is left, the step is not later, or it is more than `at_most` steps later.
        """
        passed = step - self.step
        return self.chunk[passed:] if 0 < passed <= min(at_most, len(self.chunk) - 1) else None
