"""Terms of whole segments: clip, sentence and actions of an episode against each other.

Legend: N segments, F pictures a clip, S cells, C map channels, D text features, E embedding,
R further sentences, X = N + R candidates.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from vla_sim.align.batch import SegmentBatch
from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.losses.grounding import grounding_loss
from vla_sim.align.model import AlignModel


def segment_terms(
    model: AlignModel,
    batch: SegmentBatch,
    map_NFSC: Tensor,
    text_ND: Tensor,
    wanted: Mapping[str, float],
    *,
    more_text_RD: Tensor,
    more_meaning_R: Tensor,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms of whole segments, those that are wanted, and what is only watched.

    Args:
        model: The model.
        batch: N segments.
        map_NFSC: Feature maps of their pictures.
        text_ND: Features of their sentences.
        wanted: {term: weight}.
        more_text_RD: Features of further sentences, free candidates for the clips to tell apart.
        more_meaning_R: What those mean.
    """
    terms: dict[str, Tensor] = {}
    scale = {pair: theta.exp() for pair, theta in model.log_inverse_temperature.items()}
    vision_NE, log_attention_NS = model.embed_clip(map_NFSC, batch.time_NF)
    text_NE = model.embed_text(text_ND)
    meaning_N = batch.meaning_N
    same_NN = meaning_N[:, None] == meaning_N[None, :]
    watched: dict[str, Tensor] = {}
    if "outcome" in wanted:
        terms["outcome"] = grounding_loss(log_attention_NS, batch.cell_N2, batch.visible_N)
    if "contrast_vl" in wanted:
        candidate_XE = torch.cat((text_NE, model.embed_text(more_text_RD)))
        candidate_meaning_X = torch.cat((meaning_N, more_meaning_R))
        logits_NX = scale["vl"] * vision_NE @ candidate_XE.T
        same_NX = meaning_N[:, None] == candidate_meaning_X[None, :]
        terms["contrast_vl"] = 0.5 * (
            contrastive_loss(logits_NX, same_NX)
            + contrastive_loss(logits_NX[:, : len(meaning_N)].T, same_NN)
        )
        best_N = logits_NX.argmax(1, keepdim=True)
        watched["vl_top1_in_batch"] = same_NX.gather(1, best_N).float().mean()
    if any(name in wanted for name in ("contrast_la", "contrast_va", "cycle")):
        known = (batch.knots_NKA, batch.duration_N, batch.start_NP, batch.body_N)
        if (acted := batch.acted) is not None:  # what nobody recorded the actions of is no pair
            known = (known[0][acted], known[1][acted], known[2][acted], known[3][acted])
            text_NE, vision_NE, meaning_N = text_NE[acted], vision_NE[acted], meaning_N[acted]
            same_NN = meaning_N[:, None] == meaning_N[None, :]
        action_NE = model.embed_action(*known)
    if "contrast_la" in wanted:
        logits_NN = scale["la"] * text_NE @ action_NE.T
        terms["contrast_la"] = 0.5 * (
            contrastive_loss(logits_NN, same_NN) + contrastive_loss(logits_NN.T, same_NN)
        )
    if "contrast_va" in wanted:
        # Equal words in another scene are another motion: only a clip's own actions are positive.
        own_NN = torch.eye(len(meaning_N), dtype=torch.bool, device=meaning_N.device)
        logits_NN = scale["va"] * vision_NE @ action_NE.T
        terms["contrast_va"] = 0.5 * (
            contrastive_loss(logits_NN, own_NN) + contrastive_loss(logits_NN.T, own_NN)
        )
    if "cycle" in wanted:
        from_la_NE = model.predict_v(torch.cat((text_NE, action_NE), dim=-1))
        from_vl_NE = model.predict_a(torch.cat((text_NE, vision_NE), dim=-1))
        terms["cycle"] = 0.5 * (
            cycle_loss(from_la_NE, vision_NE, scale["va"])
            + cycle_loss(from_vl_NE, action_NE, scale["va"])
        )
    return terms, watched
