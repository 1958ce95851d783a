"""Several chunks for one moment, and where they and the moment lie on the sphere.

Legend: m rows, B rows of a block, W wordings, Z modes, N noised goals, G = W + (Z - 1) + N
candidates, S cells, K chunk steps, A action components, E embedding, D text features.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vla_sim.align.aims import Aims
from vla_sim.align.inference import Floats, ModelPolicyCore
from vla_sim.align.model import AlignModel, PolicyOutput, likeliest
from vla_sim.errors import BadConfig
from vla_sim.records.proposals import Proposals
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_ACT, THING

UNSAID = ""
"""The words of the chunk that guidance leads away from."""


def propose(
    core: ModelPolicyCore,
    images: NDArray[np.uint8],
    proprio: NDArray[np.float32],
    wordings: Sequence[Sequence[str]],
    body: NDArray[np.int64] | int,
    *,
    n_modes: int = 1,
    noise: Floats | None = None,
    guidance: float = 1.0,
) -> Proposals:
    """Answer m moments, each with a chunk for every wording, mode and noised goal.

    No row depends on its neighbours. A picture is looked at once, however many the candidates.

    Args:
        core: The model.
        images: uint8 (m, h, w, 3).
        proprio: (m, n_proprio), padded or not.
        wordings: m lists of W sentences, the same number for each.
        body: Index of the body, one for all or (m,).
        n_modes: How many of the ways that the decoder sees to what the first wording asks are
            proposed, the likeliest first.
        noise: (m, N, 3), what is added to the points of the first wording, in units of the goal's
            scale.
        guidance: w in c0 + w (c - c0), where c is a chunk and c0 the one that no words give; 1
            leaves chunks as they are.

    Raises:
        BadConfig: If the numbers of rows or of wordings differ, pictures have another size, or the
            decoder has fewer modes.
    """
    m = len(images)
    n_words = len(wordings[0]) if wordings else 1
    if len(proprio) != m or len(wordings) != m or any(len(row) != n_words for row in wordings):
        raise BadConfig(
            f"{m} pictures, {len(proprio)} rows of proprioception, {len(wordings)} lists of"
            " wordings: give one of each for every row, and equally many wordings in each"
        )
    if not 1 <= n_modes <= core.model.config.n_modes:
        raise BadConfig(
            f"n_modes is {n_modes}; this decoder has {core.model.config.n_modes}: ask for 1 to that"
        )
    given = np.zeros((m, 0, 3), np.float32) if noise is None else np.asarray(noise, np.float32)
    n_noised = given.shape[1]
    n_all = n_words + n_modes - 1 + n_noised
    said = [[*row, UNSAID] if guidance != 1.0 else list(row) for row in wordings]
    model, n_embed = core.model, core.model.config.n_embed

    def block(
        image_BHWC: Tensor, text_BXD: Tensor, proprio_BP: Tensor, body_B: Tensor, noise_BN3: Tensor
    ) -> tuple[Tensor, ...]:
        map_BSC = model.vision(image_BHWC)
        out = model.act(map_BSC, text_BXD, proprio_BP, body_B)
        ways = [out.chunk_BGKA[:, :n_words], _other_modes(out)[:, : n_modes - 1]]
        if n_noised:
            ways.append(_noised(model, out, text_BXD[:, :1], proprio_BP, body_B, noise_BN3))
        chunk_BGKA = torch.cat(ways, dim=1)
        if guidance != 1.0:
            unsaid_B1KA = out.chunk_BGKA[:, n_words:]
            chunk_BGKA = unsaid_B1KA + guidance * (chunk_BGKA - unsaid_B1KA)
        # As it would be run: what is beyond the body's range lies elsewhere on the sphere.
        mask_B11A = model.normaliser.action_mask_MA[body_B][:, None, None]
        chunk_BGKA = chunk_BGKA.clamp(-1.0, 1.0) * mask_B11A
        body_R = body_B.repeat_interleave(n_all)
        action_RE = model.embed_chunk(chunk_BGKA.flatten(0, 1), body_R)
        state_BWE = model.embed_state(out.moment)[:, :n_words]
        return (
            chunk_BGKA,
            action_RE.view(len(body_B), n_all, n_embed),
            state_BWE,
            out.log_attention_BGQS[:, :n_words, THING].exp(),
        )

    widths = (
        (n_all, CHUNK_SIZE, N_ACT),
        (n_all, n_embed),
        (n_words, n_embed),
        (n_words, GRID * GRID),
    )
    with core.evaluating():
        text_XD = core.sentences([text for row in said for text in row])
        rows = (
            torch.as_tensor(np.ascontiguousarray(images)),
            text_XD.view(m, len(said[0]) if said else 1, -1),
            core.padded(proprio),
            torch.as_tensor(np.broadcast_to(body, (m,)).astype(np.int64)),
            torch.as_tensor(given),
        )
        chunk, action, state, attention = core.in_blocks(block, rows, widths)
    return Proposals(
        chunk=chunk,
        action=action,
        state=state,
        attention=attention.reshape(m, n_words, GRID, GRID),
    )


def _other_modes(out: PolicyOutput) -> Tensor:
    """Chunks of all modes of the first wording but the likeliest, shape (B, Z - 1, K, A)."""
    order_BZ = out.logit_BGZ[:, 0].argsort(dim=-1, descending=True, stable=True)[:, 1:]
    chunk_BZKA = out.chunk_BGZKA[:, 0]
    return chunk_BZKA.gather(1, order_BZ[..., None, None].expand(-1, -1, *chunk_BZKA.shape[2:]))


def _noised(
    model: AlignModel,
    out: PolicyOutput,
    text_B1D: Tensor,
    proprio_BP: Tensor,
    body_B: Tensor,
    noise_BN3: Tensor,
) -> Tensor:
    """Chunks towards the points of the first wording with noise on them, shape (B, N, K, A)."""
    n_noised = noise_BN3.shape[1]
    scale_B113 = model.normaliser.goal_scale_M3[body_B][:, None, None]

    def each(value_BGX: Tensor) -> Tensor:
        return value_BGX[:, :1].expand(-1, n_noised, *value_BGX.shape[2:])

    aims = Aims(
        point_NQ3=each(out.aims.point_NQ3) + noise_BN3.unsqueeze(2) * scale_B113,
        has_point_NQ=each(out.aims.has_point_NQ),
        held_N=each(out.aims.held_N),
    )
    chunk_BNZKA, logit_BNZ, _ = model.decode(
        aims, out.hazard_BS, each(text_B1D), proprio_BP, body_B
    )
    return likeliest(chunk_BNZKA, logit_BNZ)
