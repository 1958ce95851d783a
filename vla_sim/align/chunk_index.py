"""Stored chunks by where they lie on the sphere.

Legend: N stored chunks, m queries, B queries of a block, K chunk steps, A action components,
E embedding, J nearest.
"""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.inference import Floats, ModelPolicyCore
from vla_sim.errors import BadConfig

N_NEAREST = 16
"""Chunks that are averaged: one alone would jump from step to step."""


class ChunkIndex:
    """The nearest of the chunks of one body, weighted as the model's own temperature has it.

    Kept as chunks and embedded anew by whatever model asks: an index cannot belong to another
    model than the one that searches it.
    """

    def __init__(self, key_NE: Tensor, chunk_NKA: Tensor, *, sharpness: float) -> None:
        if not len(key_NE):
            raise BadConfig("an index without rows finds nothing; give it chunks of this body")
        self.key_NE = key_NE
        self.chunk_NKA = chunk_NKA
        self.sharpness = sharpness

    @classmethod
    def of(
        cls,
        core: ModelPolicyCore,
        chunk: NDArray[np.float32],
        body: int,
    ) -> Self:
        """An index of chunks.

        Args:
            core: The model that will search.
            chunk: (N, K, A), normalised actions.
            body: Index of the body that they were of.

        Raises:
            BadConfig: If there are none.
        """

        def block(chunk_BKA: Tensor, body_B: Tensor) -> tuple[Tensor, ...]:
            return (core.model.embed_chunk(chunk_BKA, body_B),)

        rows = (
            torch.as_tensor(np.asarray(chunk, dtype=np.float32)),
            torch.full((len(chunk),), body, dtype=torch.int64),
        )
        with core.evaluating():
            (key,) = core.in_blocks(block, rows, ((core.model.config.n_embed,),))
            sharpness = float(core.model.log_inverse_temperature["step"].exp())
        return cls(
            torch.as_tensor(key).to(core.device),
            rows[0].to(core.device),
            sharpness=sharpness,
        )

    def __len__(self) -> int:
        return len(self.key_NE)

    def nearest(self, core: ModelPolicyCore, state: Floats) -> Floats:
        """The chunk that each state asks for, a weighted mean of the nearest, float32 (m, K, A).

        Args:
            core: The model that made the states.
            state: (m, E), z_S.
        """
        n_nearest = min(N_NEAREST, len(self))

        def block(state_BE: Tensor) -> tuple[Tensor, ...]:
            near_BJ, place_BJ = (state_BE @ self.key_NE.T).topk(n_nearest, dim=1)
            weight_BJ = (self.sharpness * near_BJ).softmax(1)
            return (torch.einsum("bj,bjka->bka", weight_BJ, self.chunk_NKA[place_BJ]),)

        with core.evaluating():
            shape = tuple(self.chunk_NKA.shape[1:])
            return core.in_blocks(block, (torch.as_tensor(state),), (shape,))[0]
