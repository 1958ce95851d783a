"""Modality dropout: each modality has to say what it knows by itself.

Legend: B pictures, G goals a picture, R goals that are goals, E embedding.
"""

from dataclasses import dataclass

import torch

from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.taught import Lesson, TaughtConfig


@dataclass(frozen=True, kw_only=True)
class ModalityDropoutConfig(TaughtConfig):
    """Settings of modality dropout."""


def modality_dropout_lesson(config: ModalityDropoutConfig, asked: Asked) -> Lesson:
    """Alignment of moments of which one modality is missing, words or picture by a coin.

    A picture without words asks for one of its own goals' chunks, words without a picture for one
    that these words ever meant: those are the positives, and no more is demanded.
    """
    del config
    model, batch = asked.model, asked.batch
    real_R = batch.weight_BG.flatten() > 0.0
    if int(real_R.sum()) < 2:
        return Lesson(term=None)
    n_goals = batch.weight_BG.shape[1]
    body_R = batch.body_B.repeat_interleave(n_goals)[real_R]
    action_RE = model.embed_chunk(batch.chunk_BGKA.flatten(0, 1)[real_R], body_R)
    without_words = bool(torch.rand((), generator=asked.generator) < 0.5)
    if without_words:
        picture_R = torch.arange(len(batch.body_B), device=body_R.device)
        same_R = picture_R.repeat_interleave(n_goals)[real_R]
        map_BSC, text_BGD = asked.map_BSC, torch.zeros_like(asked.text_BGD)
    else:
        same_R = batch.meaning_BG.flatten()[real_R]
        map_BSC, text_BGD = torch.zeros_like(asked.map_BSC), asked.text_BGD
    out = model.act(map_BSC, text_BGD, batch.proprio_BP, batch.body_B)
    state_RE = model.embed_state(out.moment).flatten(0, 1)[real_R]
    positive_RR = (same_R[:, None] == same_R) & (body_R[:, None] == body_R)
    logits_RR = model.log_inverse_temperature["step"].detach().exp() * state_RE @ action_RE.T
    term = contrastive_loss(logits_RR, positive_RR)
    missing = "words" if without_words else "picture"
    return Lesson(term=term, watched={f"aligned_without_{missing}": term.detach()})
