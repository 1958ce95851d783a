"""The objective: which losses are taken of what, with which weights, at which stage.

Legend: B pictures, G goals a picture, Q queries, N segments, R = B * G rows, S cells, E embedding.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from vla_sim.align.batch import SegmentBatch, StepBatch, moved
from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.curriculum import Stage
from vla_sim.align.heads import Aims
from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.losses.flag import flag_loss
from vla_sim.align.losses.goal import goal_loss
from vla_sim.align.losses.grounding import grounding_loss
from vla_sim.align.losses.hazard import hazard_loss
from vla_sim.align.model import AlignModel, PolicyOutput, likeliest
from vla_sim.align.priors import PRIORS
from vla_sim.align.segment_vectors import SegmentVectors
from vla_sim.align.share import Share, both_ways, top1
from vla_sim.errors import BadConfig
from vla_sim.ranges import at_least

SURE = 0.005
"""The hazard head is never surer than this, so neither is the truth that stands in for it."""
BEHAVIOUR = ("goal", "has_point", "held", "behaviour", "rehearsal", *PRIORS)
OF_MOMENTS = (*BEHAVIOUR, "contrast_step")
"""Taken of the rows that behaviour is learnt from, so from the same update on. The gates order what
is taken of whole segments."""
GROUPS: dict[str, tuple[str, ...]] = {
    "behaviour": (*BEHAVIOUR, "hazard"),
    "grounding": ("grounding", "outcome"),
    "alignment": ("contrast_vl", "contrast_la", "contrast_va", "contrast_step", "cycle"),
}
"""Terms that pull together; gradient surgery is done between groups."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each term counts; a weight of 0 leaves its term out, cost and all."""

    contrast_vl: float = 1.0
    contrast_la: float = 1.0
    contrast_va: float = 0.5
    contrast_step: float = 0.0
    cycle: float = 0.2
    outcome: float = 0.3
    grounding: float = 0.3
    goal: float = 0.3
    has_point: float = 0.1
    """Which of the points a sentence asks for at all."""
    held: float = 0.1
    """Whether its thing is held, as picture and opening of the hand tell."""
    hazard: float = 0.2
    behaviour: float = 1.0
    rehearsal: float = 1.0
    """Behaviour again, on rows without pictures: the decoder alone, told the truth and noise."""
    velocity: float = 0.05
    acceleration: float = 0.05
    jerk: float = 0.05

    def __post_init__(self) -> None:
        at_least(0, **{field.name: getattr(self, field.name) for field in fields(self)})
        if not any(getattr(self, field.name) for field in fields(self)):
            raise BadConfig("all weights are 0: nothing would be learnt; give one of them a weight")

    def active(self, stage: Stage, *, behaviour_from_start: bool) -> dict[str, float]:
        """{term: weight} of what counts at a stage of the curriculum."""
        waits = {"vl": {"contrast_la"}, "la": set[str](), "all": set[str]()}[stage]
        if stage != "all":
            waits |= {"contrast_va", "cycle"}
            waits |= set() if behaviour_from_start else set(OF_MOMENTS)
        weights = {field.name: float(getattr(self, field.name)) for field in fields(self)}
        return {name: w for name, w in weights.items() if w > 0.0 and name not in waits}


@dataclass(frozen=True, kw_only=True)
class LossReport:
    """One step's losses as plain numbers.

    Attributes:
        total: The weighted sum that was differentiated.
        terms: Each term before its weight.
        report: What was only watched.
    """

    total: float
    terms: Mapping[str, float]
    report: Mapping[str, float]


def policy_terms(
    model: AlignModel, batch: StepBatch, out: PolicyOutput, wanted: Mapping[str, float]
) -> dict[str, Tensor]:
    """Terms of single moments, those that are wanted."""
    norm = model.normaliser
    terms: dict[str, Tensor] = {}
    if "grounding" in wanted:
        terms["grounding"] = grounding_loss(
            out.log_attention_BGQS.flatten(0, 2),
            batch.cell_BGQ2.flatten(0, 2),
            batch.visible_BGQ.flatten(),
        )
    if "goal" in wanted:
        target_BGQ3 = norm.scaled(batch.goal_BGQ3, batch.body_B)
        weight_BGQ = batch.weight_BG.unsqueeze(-1) * batch.has_point_BGQ
        terms["goal"] = goal_loss(
            out.goal_BGQ3.flatten(0, 2), target_BGQ3.flatten(0, 2), weight_BGQ.flatten()
        )
    if "has_point" in wanted:
        weight_BGQ = batch.weight_BG.unsqueeze(-1).expand_as(batch.has_point_BGQ)
        terms["has_point"] = flag_loss(out.has_point_BGQ, batch.has_point_BGQ, weight_BGQ)
    if "held" in wanted:
        terms["held"] = flag_loss(out.held_BG, batch.held_BG, batch.weight_BG)
    if "hazard" in wanted:
        terms["hazard"] = hazard_loss(out.hazard_BS, batch.hazard_BS)
    if "behaviour" in wanted:
        terms["behaviour"] = _behaviour(model, batch, out.chunk_BGZKA, out.logit_BGZ)
    if "contrast_step" in wanted:
        terms["contrast_step"] = step_term(model, batch, out)
    return terms


def rehearsed(
    model: AlignModel,
    batch: StepBatch,
    text_bGD: Tensor,
    *,
    noise_BQ: Tensor,
    generator: Generator,
    crew: Crew = ALONE,
) -> tuple[Tensor, Tensor]:
    """What the decoder alone makes of moments, told true hazards and true aims with noise.

    A picture costs many times what a decoder's row costs, and the decoder needs the most rows. The
    noise is what the goal head errs by; labels stay those of the true goal.

    Args:
        model: The model.
        batch: B moments; their pictures are not looked at.
        text_bGD: Features of the sentences of this process's own rows.
        noise_BQ: Standard deviation of the noise in units of the goal's scale.
        generator: Draws the noise.
        crew: The processes that share the rows.

    Returns:
        The behaviour loss, and the chunks that would be acted on (B, G, K, A).
    """
    own = crew.own(len(batch.body_B))
    chunk_bGZKA, logit_bGZ, _ = model.decode(
        noisy_aims(model, batch, noise_BQ=noise_BQ, generator=generator).rows(own),
        batch.hazard_BS[own].clamp(SURE, 1.0 - SURE).logit(),
        text_bGD,
        batch.proprio_BP[own],
        batch.body_B[own],
    )
    chunk_BGZKA, logit_BGZ = crew.whole((chunk_bGZKA, logit_bGZ))
    loss = _behaviour(model, batch, chunk_BGZKA, logit_BGZ)
    return loss, likeliest(chunk_BGZKA, logit_BGZ)


def _behaviour(
    model: AlignModel, batch: StepBatch, chunk_BGZKA: Tensor, logit_BGZ: Tensor
) -> Tensor:
    n_goals = batch.weight_BG.shape[1]
    return behaviour_loss(
        chunk_BGZKA.flatten(0, 1),
        logit_BGZ.flatten(0, 1).log_softmax(-1),
        batch.chunk_BGKA.flatten(0, 1),
        batch.weight_BG.flatten(),
        model.normaliser.action_mask_MA[batch.body_B].repeat_interleave(n_goals, dim=0),
    )


def noisy_aims(
    model: AlignModel, batch: StepBatch, *, noise_BQ: Tensor, generator: Generator
) -> Aims:
    """The true aims with errors like those of an eye, (B, G, ...).

    Args:
        model: Knows the goals' scales.
        batch: B moments.
        noise_BQ: Standard deviation of the errors in units of the goal's scale.
        generator: Draws them.
    """
    scale_B113 = model.normaliser.goal_scale_M3[batch.body_B][:, None, None]
    error_BGQ3 = moved(torch.randn(batch.goal_BGQ3.shape, generator=generator), scale_B113.device)
    return Aims(
        point_NQ3=batch.goal_BGQ3 + noise_BQ[:, None, :, None] * scale_B113 * error_BGQ3,
        has_point_NQ=batch.has_point_BGQ,
        held_N=batch.held_BG,
    )


def step_term(model: AlignModel, batch: StepBatch, out: PolicyOutput) -> Tensor:
    """Alignment of single moments: picture and words against the expert's next chunk.

    Every picture brings G sentences and G chunks: the counterfactual ones are the hard negatives.
    """
    state_RE, action_RE, positive_RR = step_vectors(model, batch, out)
    logits_RR = model.log_inverse_temperature["step"].exp() * state_RE @ action_RE.T
    return 0.5 * (
        contrastive_loss(logits_RR, positive_RR) + contrastive_loss(logits_RR.T, positive_RR.T)
    )


def step_vectors(
    model: AlignModel, batch: StepBatch, out: PolicyOutput
) -> tuple[Tensor, Tensor, Tensor]:
    """z_S and z_A of the goals that are goals, each (R, E), and which belong together, (R, R).

    Whatever wants the same chunk of the same body is a positive, in whichever picture.
    """
    n_goals = batch.weight_BG.shape[1]
    real_R = batch.weight_BG.flatten() > 0.0
    body_R = batch.body_B.repeat_interleave(n_goals)[real_R]
    chunk_RKA = batch.chunk_BGKA.flatten(0, 1)[real_R]
    action_RE = model.embed_chunk(chunk_RKA, body_R)
    state_RE = model.embed_state(out.moment).flatten(0, 1)[real_R]
    flat_RX = chunk_RKA.flatten(1)
    same_RR = torch.cdist(flat_RX, flat_RX) < 1e-3
    return state_RE, action_RE, same_RR & (body_R[:, None] == body_R[None, :])


def asks_for_actions(wanted: Iterable[str]) -> bool:
    """Whether a term of whole segments is among them that looks at z_A."""
    return any(name in wanted for name in ("contrast_la", "contrast_va", "cycle"))


def segment_terms(
    model: AlignModel,
    batch: SegmentBatch,
    vectors: SegmentVectors,
    wanted: Mapping[str, float],
    *,
    more_text_RD: Tensor,
    more_meaning_R: Tensor,
    share: Share,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms of whole segments, those that are wanted, and what is only watched.

    Args:
        model: The model.
        batch: N segments.
        vectors: What the model makes of them.
        wanted: {term: weight}.
        more_text_RD: Features of further sentences, free candidates for the clips to tell apart.
        more_meaning_R: What those mean.
        share: Which rows the contrastive terms are taken of here.
    """
    terms: dict[str, Tensor] = {}
    watched: dict[str, Tensor] = {}
    scale = {pair: theta.exp() for pair, theta in model.log_inverse_temperature.items()}
    vision_NE, text_NE, meaning_N = vectors.vision_NE, vectors.text_NE, batch.meaning_N
    if "outcome" in wanted:
        terms["outcome"] = grounding_loss(vectors.log_attention_NS, batch.cell_N2, batch.visible_N)
    if "contrast_vl" in wanted:
        candidate_XE = torch.cat((text_NE, model.embed_text(more_text_RD)))
        candidate_meaning_X = torch.cat((meaning_N, more_meaning_R))
        terms["contrast_vl"] = both_ways(
            vision_NE, candidate_XE, scale["vl"], meaning_N, candidate_meaning_X, share
        )
        watched["vl_top1_in_batch"] = top1(
            vision_NE, candidate_XE, meaning_N, candidate_meaning_X, share
        )
    action_NE = vectors.action_NE
    if action_NE is None:
        return terms, watched
    if (acted := batch.acted) is not None:  # what nobody recorded the actions of is no pair
        vision_NE, text_NE, action_NE = vision_NE[acted], text_NE[acted], action_NE[acted]
        meaning_N = meaning_N[acted]
    if "contrast_la" in wanted:
        terms["contrast_la"] = both_ways(
            text_NE, action_NE, scale["la"], meaning_N, meaning_N, share
        )
    if "contrast_va" in wanted:
        # Equal words in another scene are another motion: only a clip's own actions are positive.
        own_N = torch.arange(len(meaning_N), device=meaning_N.device)
        terms["contrast_va"] = both_ways(vision_NE, action_NE, scale["va"], own_N, own_N, share)
    if "cycle" in wanted:
        from_la_NE = model.predict_v(torch.cat((text_NE, action_NE), dim=-1))
        from_vl_NE = model.predict_a(torch.cat((text_NE, vision_NE), dim=-1))

        def of_rows(rows: slice) -> Tensor:
            first = rows.start
            return 0.5 * (
                cycle_loss(from_la_NE[rows], vision_NE, scale["va"], first=first)
                + cycle_loss(from_vl_NE[rows], action_NE, scale["va"], first=first)
            )

        terms["cycle"] = share.mean(of_rows, len(meaning_N))
    return terms, watched
