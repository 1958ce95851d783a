"""ChunkModel: pictures, proprioception and words to action chunks, in numpy."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.proposals import Proposals


class ChunkModel(Protocol):
    """A trained model as a policy needs it."""

    def act(
        self,
        task_id: str,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        texts: Sequence[str],
    ) -> NDArray[np.float32]:
        """Normalised action chunks.

        Args:
            task_id: Says which robot acts, and nothing else: the task is in picture and words.
            images: (m, h, w, 3).
            proprio: (m, N_PROPRIO), padded.
            texts: m instructions; "" is no instruction.

        Returns:
            (m, CHUNK_SIZE, N_ACT); a row's bits do not depend on the other rows.
        """
        ...


class ProposingModel(Protocol):
    """A trained model that answers a moment with several chunks, on a sphere with what is asked."""

    def propose(
        self,
        task_id: str,
        images: NDArray[np.uint8],
        proprio: NDArray[np.float32],
        wordings: Sequence[Sequence[str]],
        *,
        guidance: float = 1.0,
    ) -> Proposals:
        """A chunk for each wording.

        Args:
            task_id: Says which robot acts, and nothing else.
            images: (m, h, w, 3).
            proprio: (m, N_PROPRIO), padded.
            wordings: m lists of equally many sentences; the first is what was said.
            guidance: How far chunks are led away from what they would be without words; 1: as is.

        Returns:
            Candidates; a row's bits do not depend on the other rows.
        """
        ...
