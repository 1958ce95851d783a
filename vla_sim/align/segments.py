"""Terms of whole segments: clip, sentence and actions of an episode against each other.

Legend: N segments, D text features, E embedding, R further sentences.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from vla_sim.align.batch import SegmentBatch
from vla_sim.align.contrast import Contrast
from vla_sim.align.easing import eased
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.losses.cyclip import cross_symmetry_loss, inner_symmetry_loss
from vla_sim.align.losses.grounding import grounding_loss
from vla_sim.align.losses.triple import narrowest, triple_loss
from vla_sim.align.model import PAIRS, AlignModel
from vla_sim.align.negatives.bank import Remembered
from vla_sim.align.negatives.vote import vote
from vla_sim.align.pairs import ActedVectors, Pairs, Vectors
from vla_sim.align.segment_vectors import SegmentVectors
from vla_sim.align.share import Share

OF_ACTIONS = ("contrast_la", "contrast_va", "cycle", "triple")
"""Terms that need the actions of segments."""
OF_SEGMENTS = ("contrast_vl", *OF_ACTIONS)
"""Terms for which segments are embedded; `outcome` is taken where they are."""


def asks_for_segments(wanted: Iterable[str]) -> bool:
    """Whether a term of whole segments is among them."""
    return any(name in OF_SEGMENTS for name in wanted)


def asks_for_actions(wanted: Iterable[str]) -> bool:
    """Whether a term of whole segments is among them that looks at z_A."""
    return any(name in OF_ACTIONS for name in wanted)


def segment_terms(
    model: AlignModel,
    batch: SegmentBatch,
    vectors: SegmentVectors,
    wanted: Mapping[str, float],
    *,
    more_text_RD: Tensor,
    more_meaning_R: Tensor,
    contrast: Contrast | None = None,
    n_steps: int = 0,
    share: Share | None = None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms of whole segments, those that are wanted, and what is only watched.

    Args:
        model: The model.
        batch: N segments.
        vectors: What the model makes of them, with z_A where `asks_for_actions` says so.
        wanted: {term: weight}.
        more_text_RD: Features of further sentences, free candidates for the clips to tell apart.
        more_meaning_R: What those mean.
        contrast: How pairs are taken, and what is remembered for later updates; None for plain
            InfoNCE.
        n_steps: Updates that were made before this one.
        share: Which rows plain contrastive terms are taken of here; None for all of them at once.
    """
    contrast, share = contrast or Contrast(), share or Share()
    terms: dict[str, Tensor] = {}
    every = Vectors(batch=batch, vision_NE=vectors.vision_NE, text_NE=vectors.text_NE)
    if "outcome" in wanted:
        terms["outcome"] = grounding_loss(vectors.log_attention_NS, batch.cell_N2, batch.visible_N)
    acted = None if vectors.action_NE is None else _with_actions(every, vectors.action_NE)
    if acted is not None and contrast.votes(n_steps):
        every, acted = _voted(every, acted, floor=contrast.config.vote.floor)
    pairs = Pairs(model=model, contrast=contrast, n_steps=n_steps, share=share)
    pairs.watched["effective_batch"] = every.vision_NE.new_full((), len(every))
    if "contrast_vl" in wanted:
        more_RE = model.embed_text(eased(more_text_RD, contrast.config.into_towers))
        terms["contrast_vl"] = pairs.vision_text(every, more_RE, more_meaning_R)
    if acted is not None:
        if "contrast_la" in wanted:
            terms["contrast_la"] = pairs.text_action(acted)
        if "contrast_va" in wanted:
            terms["contrast_va"] = pairs.vision_action(acted)
        terms |= _thirds(model, acted, wanted, share)
        cone_N = narrowest(acted.vision_NE, acted.text_NE, acted.action_NE).detach()
        pairs.watched["cone"] = cone_N.mean()
    terms |= _symmetries(every, acted, wanted)
    if contrast.config.bank.batches:
        contrast.remember(_to_remember(every, acted), n_steps=n_steps)
    return terms, pairs.watched


def _with_actions(every: Vectors, action_NE: Tensor) -> ActedVectors | None:
    """The segments whose actions were recorded; None where fewer than two were.

    With one alone there is nothing to tell apart, and a share of labels can leave so few by chance:
    the terms rest for this update.
    """
    batch, vision_NE, text_NE, rows = every.batch, every.vision_NE, every.text_NE, every.batch.acted
    if rows is not None:  # what nobody recorded the actions of is no pair
        if len(rows) < 2:
            return None
        batch = batch.of_rows(rows)
        vision_NE, text_NE, action_NE = vision_NE[rows], text_NE[rows], action_NE[rows]
    return ActedVectors(batch=batch, vision_NE=vision_NE, text_NE=text_NE, action_NE=action_NE)


def _voted(every: Vectors, acted: ActedVectors, *, floor: float) -> tuple[Vectors, ActedVectors]:
    """Both with the weights of the mutual vote; who has no actions to vote on counts in full."""
    weight_N = vote(acted.vision_NE, acted.text_NE, acted.action_NE, acted.same, floor=floor)
    of_all_N = weight_N
    if (rows := every.batch.acted) is not None:
        of_all_N = weight_N.new_ones(len(every)).index_copy(0, rows, weight_N)
    return replace(every, weight_N=of_all_N), replace(acted, weight_N=weight_N)


def _thirds(
    model: AlignModel, v: ActedVectors, wanted: Mapping[str, float], share: Share
) -> dict[str, Tensor]:
    """Terms that bring all three modalities together."""
    terms: dict[str, Tensor] = {}
    scale = {pair: model.log_inverse_temperature[pair].exp() for pair in PAIRS}
    if "cycle" in wanted:
        from_la_NE = model.predict_v(torch.cat((v.text_NE, v.action_NE), dim=-1))
        from_vl_NE = model.predict_a(torch.cat((v.text_NE, v.vision_NE), dim=-1))

        def of_rows(rows: slice) -> Tensor:
            first = rows.start
            return 0.5 * (
                cycle_loss(from_la_NE[rows], v.vision_NE, scale["va"], first=first)
                + cycle_loss(from_vl_NE[rows], v.action_NE, scale["va"], first=first)
            )

        terms["cycle"] = share.mean(of_rows, len(v))
    if "triple" in wanted:
        mean_scale = torch.stack(list(scale.values())).mean()
        terms["triple"] = triple_loss(
            v.vision_NE, v.text_NE, v.action_NE, v.same, mean_scale, v.weight_N
        )
    return terms


def _symmetries(
    every: Vectors, acted: ActedVectors | None, wanted: Mapping[str, float]
) -> dict[str, Tensor]:
    """The CyCLIP terms, means over the pairs that are contrasted now."""
    sides: list[tuple[Tensor, Tensor]] = []
    if "contrast_vl" in wanted:
        sides.append((every.vision_NE, every.text_NE))
    if acted is not None and "contrast_la" in wanted:
        sides.append((acted.text_NE, acted.action_NE))
    if acted is not None and "contrast_va" in wanted:
        sides.append((acted.vision_NE, acted.action_NE))
    losses = {"cyclip_cross": cross_symmetry_loss, "cyclip_inner": inner_symmetry_loss}
    return {
        name: torch.stack([loss(first_NE, second_NE) for first_NE, second_NE in sides]).mean()
        for name, loss in losses.items()
        if name in wanted and sides
    }


def _to_remember(every: Vectors, acted: ActedVectors | None) -> Remembered:
    """The batch for the bank: detached, in float32."""
    batch = every.batch
    action_NE = torch.zeros_like(every.vision_NE, dtype=torch.float32)
    acted_N = torch.zeros_like(batch.meaning_N, dtype=torch.bool)
    if acted is not None and batch.acted is None:
        action_NE, acted_N = acted.action_NE.detach().float(), ~acted_N
    elif acted is not None and batch.acted is not None:
        action_NE = action_NE.index_copy(0, batch.acted, acted.action_NE.detach().float())
        acted_N = acted_N.index_fill(0, batch.acted, True)
    return Remembered(
        vision_KE=every.vision_NE.detach().float(),
        text_KE=every.text_NE.detach().float(),
        action_KE=action_NE,
        acted_K=acted_N,
        meaning_K=batch.meaning_N,
        episode_K=every.episodes,
    )
