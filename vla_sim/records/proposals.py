"""Several chunks that answer one moment, and where they and the moment lie on the sphere.

Legend: m rows, W wordings, Z modes, N noised goals, G = W + (Z - 1) + N candidates, K chunk steps,
A action components, E embedding.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """What m moments were answered with.

    Attributes:
        chunk: float32 (m, G, K, A), a chunk for each wording, then one for each further mode and
            for each noised goal of the first wording; clipped to [-1, 1], zero where the body has
            no such component.
        action: float32 (m, G, E), z_A of each chunk, unit vectors.
        state: float32 (m, W, E), z_S of picture and each wording, unit vectors.
        attention: float32 (m, W, GRID, GRID), where each wording was found in the picture.
    """

    chunk: Floats
    action: Floats
    state: Floats
    attention: Floats

    @property
    def agreement(self) -> Floats:
        """How near each chunk lies to what all wordings ask for, float32 (m, G), a mean cosine.

        The wordings mean the same: where one of them is misread, the others outvote it.
        """
        mean_mE = self.state.mean(axis=1)
        near: Floats = np.einsum("mge,me->mg", self.action, mean_mE)
        return near

    def nearest(self) -> Floats:
        """The chunk of each row that lies nearest to what is asked, float32 (m, K, A)."""
        nearest: Floats = self.chunk[np.arange(len(self.chunk)), self.agreement.argmax(axis=1)]
        return nearest
