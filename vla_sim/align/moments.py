"""Terms of single moments' alignment: picture and words against the expert's next chunk.

Legend: B pictures, G goals a picture, R goals that are goals, K chunk steps, A action components,
E embedding.
"""

import torch
from torch import Tensor
from torch.nn import functional

from vla_sim.align.batch import StepBatch
from vla_sim.align.contrast import Contrast
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.align.soft_targets import alike


def step_terms(
    model: AlignModel,
    batch: StepBatch,
    out: PolicyOutput,
    contrast: Contrast,
    *,
    n_steps: int,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Alignment of single moments, the fusion's own terms, and what is only watched of it.

    Picture and words against the expert's next chunk: every picture brings G sentences and G
    chunks, and the counterfactual ones are the hard negatives. Nothing where fewer than two goals
    have a chunk, as may be by chance where few are labelled.
    """
    real_R, action_RE, target_RR = step_actions(model, batch)
    if len(action_RE) < 2:
        return {}, {}
    moment = out.moment.eased(contrast.config.into_towers)
    fused = model.fusion.taught(moment, real_R, action_RE.detach())
    state_RE = functional.normalize(fused.state_BGE, dim=-1).flatten(0, 1)[real_R]
    targets, near_RR = contrast.config.targets, None
    if targets.step == "dtw" or contrast.mines(n_steps):
        row_R, body_R, chunk_RKA = step_rows(batch)
        if contrast.mines(n_steps):
            near_RR = row_R[:, None] == row_R[None, :]
        if targets.step == "dtw":
            mask_RA = model.normaliser.action_mask_MA[body_R]
            alike_RR = alike(targets, chunk_RKA * mask_RA.unsqueeze(1), mask_RA.sum(-1), body_R)
            target_RR = torch.maximum(target_RR.to(alike_RR.dtype), alike_RR)
    loss, _, _ = contrast.pair(model, "step", state_RE, action_RE, target_RR, near_NN=near_RR)
    return {"contrast_step": loss, **fused.terms}, dict(fused.watched)


def step_rows(batch: StepBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Picture (R,), body (R,) and chunk (R, K, A) of the goals that are goals."""
    n_pictures, n_goals = batch.weight_BG.shape
    real_R = batch.weight_BG.flatten() > 0.0
    picture_B = torch.arange(n_pictures, device=real_R.device)
    return (
        picture_B.repeat_interleave(n_goals)[real_R],
        batch.body_B.repeat_interleave(n_goals)[real_R],
        batch.chunk_BGKA.flatten(0, 1)[real_R],
    )


def step_vectors(
    model: AlignModel, batch: StepBatch, out: PolicyOutput
) -> tuple[Tensor, Tensor, Tensor]:
    """z_S and z_A of the goals that are goals, each (R, E), and which belong together, (R, R)."""
    real_R, action_RE, positive_RR = step_actions(model, batch)
    return model.embed_state(out.moment).flatten(0, 1)[real_R], action_RE, positive_RR


def step_actions(model: AlignModel, batch: StepBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Which goals are goals, bool (B * G,), z_A of those, and which belong together, (R, R).

    Whatever wants the same chunk of the same body is a positive, in whichever picture.
    """
    n_goals = batch.weight_BG.shape[1]
    real_R = batch.weight_BG.flatten() > 0.0
    body_R = batch.body_B.repeat_interleave(n_goals)[real_R]
    chunk_RKA = batch.chunk_BGKA.flatten(0, 1)[real_R]
    action_RE = model.embed_chunk(chunk_RKA, body_R)
    flat_RX = chunk_RKA.flatten(1)
    # By differences: by a matrix product a chunk of a large batch would be no neighbour of itself.
    exact = "donot_use_mm_for_euclid_dist"
    same_RR = torch.cdist(flat_RX, flat_RX, compute_mode=exact) < 1e-3
    return real_R, action_RE, same_RR & (body_R[:, None] == body_R[None, :])
