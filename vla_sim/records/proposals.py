"""Several chunks that answer one moment, and where they and the moment lie on the sphere.

Legend: m rows, W wordings, Q queries, K chunk steps, A action components, E embedding.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TEMPERATURE = 0.02
"""How much nearer [cosine] a chunk lies that counts e times as much."""


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """What m moments were answered with.

    Attributes:
        chunk: float32 (m, W, K, A), a chunk for each wording; clipped to [-1, 1], zero where the
            body has no such component.
        action: float32 (m, W, E), z_A of each chunk, unit vectors.
        state: float32 (m, W, E), z_S of picture and each wording, unit vectors.
        attention: float32 (m, W, Q, GRID, GRID), where what each wording asks for was found.
        peak: float32 (m, W, Q), how well the best cell answers, in the model's own unit.
    """

    chunk: Floats
    action: Floats
    state: Floats
    attention: Floats
    peak: Floats

    @property
    def agreement(self) -> Floats:
        """How near each chunk lies to what all wordings ask for, float32 (m, W), a mean cosine.

        The wordings mean the same: where one of them is misread, the others outvote it.
        """
        mean_mE = self.state.mean(axis=1)
        near: Floats = np.einsum("mwe,me->mw", self.action, mean_mE)
        return near

    def agreed(self, switched: NDArray[np.bool_]) -> Floats:
        """What the wordings agree on, float32 (m, K, A): chunks weighed by how near they lie.

        Wordings that are read alike err each in its own way, and their mean errs less than any;
        one that is read otherwise lies far off and weighs nothing.

        Args:
            switched: (A,), the components of which no mean is taken, such as a gripper's: they are
                the nearest chunk's.
        """
        near = self.agreement
        weight = np.exp((near - near.max(axis=1, keepdims=True)) / TEMPERATURE)
        weight /= weight.sum(axis=1, keepdims=True)
        agreed: Floats = (self.chunk * weight[:, :, None, None]).sum(axis=1)
        nearest = self.chunk[np.arange(len(near)), near.argmax(axis=1)]
        agreed[:, :, switched] = nearest[:, :, switched]
        return agreed
