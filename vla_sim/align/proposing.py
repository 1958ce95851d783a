"""Several chunks for one moment, and where they and the moment lie on the sphere.

Legend: m rows, B rows of a block, W wordings, S cells, K chunk steps, A action components, E
embedding, D text features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.inference import ModelPolicyCore
from vla_sim.errors import BadConfig
from vla_sim.records.proposals import Proposals
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_ACT, N_QUERIES

UNSAID = ""
"""The words of the chunk that guidance leads away from."""


def propose(
    core: ModelPolicyCore,
    images: NDArray[np.uint8],
    proprio: NDArray[np.float32],
    wordings: Sequence[Sequence[str]],
    body: NDArray[np.int64] | int,
    *,
    guidance: float = 1.0,
) -> Proposals:
    """Answer m moments, each with a chunk for every wording.

    No row depends on its neighbours. A picture is looked at once, however many the candidates.

    Args:
        core: The model.
        images: uint8 (m, h, w, 3).
        proprio: (m, n_proprio), padded or not.
        wordings: m lists of W sentences, the same number for each.
        body: Index of the body, one for all or (m,).
        guidance: w in c0 + w (c - c0), where c is a chunk and c0 the one that no words give; 1
            leaves chunks as they are.

    Raises:
        BadConfig: If the numbers of rows or of wordings differ, or pictures have another size.
    """
    m = len(images)
    n_words = len(wordings[0]) if wordings else 1
    if len(proprio) != m or len(wordings) != m or any(len(row) != n_words for row in wordings):
        raise BadConfig(
            f"{m} pictures, {len(proprio)} rows of proprioception, {len(wordings)} lists of"
            " wordings: give one of each for every row, and equally many wordings in each"
        )
    said = [[*row, UNSAID] if guidance != 1.0 else list(row) for row in wordings]
    model, n_embed = core.model, core.model.config.n_embed

    def block(
        image_BHWC: Tensor, text_BXD: Tensor, proprio_BP: Tensor, body_B: Tensor
    ) -> tuple[Tensor, ...]:
        map_BSC = model.vision(image_BHWC)
        out = model.act(map_BSC, text_BXD, proprio_BP, body_B)
        chunk_BWKA = out.chunk_BGKA[:, :n_words]
        if guidance != 1.0:
            unsaid_B1KA = out.chunk_BGKA[:, n_words:]
            chunk_BWKA = unsaid_B1KA + guidance * (chunk_BWKA - unsaid_B1KA)
        # As it would be run: what is beyond the body's range lies elsewhere on the sphere.
        mask_B11A = model.normaliser.action_mask_MA[body_B][:, None, None]
        chunk_BWKA = chunk_BWKA.clamp(-1.0, 1.0) * mask_B11A
        body_R = body_B.repeat_interleave(n_words)
        action_RE = model.embed_chunk(chunk_BWKA.flatten(0, 1), body_R)
        state_BWE = model.embed_state(out.moment)[:, :n_words]
        return (
            chunk_BWKA,
            action_RE.view(len(body_B), n_words, n_embed),
            state_BWE,
            out.log_attention_BGQS[:, :n_words].exp(),
            out.peak_BGQ[:, :n_words],
        )

    widths = (
        (n_words, CHUNK_SIZE, N_ACT),
        (n_words, n_embed),
        (n_words, n_embed),
        (n_words, N_QUERIES, GRID * GRID),
        (n_words, N_QUERIES),
    )
    with core.evaluating():
        text_XD = core.sentences([text for row in said for text in row])
        rows = (
            torch.as_tensor(np.ascontiguousarray(images)),
            text_XD.view(m, len(said[0]) if said else 1, -1),
            core.padded(proprio),
            torch.as_tensor(np.broadcast_to(body, (m,)).astype(np.int64)),
        )
        chunk, action, state, attention, peak = core.in_blocks(block, rows, widths)
    return Proposals(
        chunk=chunk,
        action=action,
        state=state,
        attention=attention.reshape(m, n_words, N_QUERIES, GRID, GRID),
        peak=peak,
    )
