"""The objective: which losses are taken of what, with which weights, at which stage.

Legend: B pictures, G goals a picture, N segments, R = B * G rows, S cells, E embedding.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from vla_sim.align.batch import SegmentBatch, StepBatch
from vla_sim.align.curriculum import Stage
from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.losses.goal import goal_loss
from vla_sim.align.losses.grounding import grounding_loss
from vla_sim.align.losses.hazard import hazard_loss
from vla_sim.align.losses.motion import filtered, motion_loss
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.errors import BadConfig
from vla_sim.ranges import at_least

PRIORS = {"velocity": 1, "acceleration": 2, "jerk": 3}
"""{term: derivative of motion that it bounds}."""
SURE = 0.005
"""The hazard head is never surer than this, so neither is the truth that stands in for it."""
BEHAVIOUR = ("goal", "behaviour", "rehearsal", *PRIORS)
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
    weight_R = batch.weight_BG.flatten()
    terms: dict[str, Tensor] = {}
    if "grounding" in wanted:
        terms["grounding"] = grounding_loss(
            out.log_attention_BGS.flatten(0, 1),
            batch.cell_BG2.flatten(0, 1),
            batch.visible_BG.flatten(),
        )
    if "goal" in wanted:
        centre_B13 = norm.goal_centre_M3[batch.body_B].unsqueeze(1)
        scale_B13 = norm.goal_scale_M3[batch.body_B].unsqueeze(1)
        target_BG3 = (batch.goal_BG3 - centre_B13) / scale_B13
        terms["goal"] = goal_loss(out.goal_BG3.flatten(0, 1), target_BG3.flatten(0, 1), weight_R)
    if "hazard" in wanted:
        terms["hazard"] = hazard_loss(out.hazard_BS, batch.hazard_BS)
    if "behaviour" in wanted:
        mask_BA = norm.action_mask_MA[batch.body_B]
        weight_BG1A = batch.weight_BG[:, :, None, None] * mask_BA[:, None, None, :]
        terms["behaviour"] = behaviour_loss(
            out.chunk_BGKA.flatten(0, 1), batch.chunk_BGKA.flatten(0, 1), weight_BG1A.flatten(0, 1)
        )
    if any(name in wanted for name in PRIORS):
        terms |= prior_terms(model, batch, out.chunk_BGKA, wanted)
    if "contrast_step" in wanted:
        terms["contrast_step"] = step_term(model, batch, out)
    return terms


def rehearsal_term(
    model: AlignModel, batch: StepBatch, text_BGD: Tensor, *, noise: float, generator: Generator
) -> Tensor:
    """Behaviour of the decoder alone, told true hazards and true goals with noise.

    A picture costs many times what a decoder's row costs, and the decoder needs the most rows. The
    noise is what the goal head errs by; labels stay those of the true goal.

    Args:
        model: The model.
        batch: B moments; their pictures are not looked at.
        text_BGD: Features of their sentences.
        noise: Standard deviation of the noise in units of the goal's scale.
        generator: Draws the noise.
    """
    hazard_BS = batch.hazard_BS.clamp(SURE, 1.0 - SURE).logit()
    chunk_BGKA, _ = model.decode(
        noisy_goal(model, batch, noise=noise, generator=generator),
        hazard_BS,
        text_BGD,
        batch.proprio_BP,
        batch.body_B,
    )
    mask_BA = model.normaliser.action_mask_MA[batch.body_B]
    weight_BG1A = batch.weight_BG[:, :, None, None] * mask_BA[:, None, None, :]
    return behaviour_loss(
        chunk_BGKA.flatten(0, 1), batch.chunk_BGKA.flatten(0, 1), weight_BG1A.flatten(0, 1)
    )


def noisy_goal(
    model: AlignModel, batch: StepBatch, *, noise: float, generator: Generator
) -> Tensor:
    """The true goals [m] with errors like those of an eye, shape (B, G, 3).

    Args:
        model: Knows the goals' scales.
        batch: B moments.
        noise: Standard deviation of the errors in units of the goal's scale.
        generator: Draws them.
    """
    scale_B13 = model.normaliser.goal_scale_M3[batch.body_B].unsqueeze(1)
    error_BG3 = torch.randn(batch.goal_BG3.shape, generator=generator).to(scale_B13.device)
    return batch.goal_BG3 + noise * scale_B13 * error_BG3


def prior_terms(
    model: AlignModel, batch: StepBatch, chunk_BGKA: Tensor, wanted: Mapping[str, float]
) -> dict[str, Tensor]:
    """Physical priors on decoded chunks, each summed over the action groups of all bodies."""
    terms = {name: chunk_BGKA.new_zeros(()) for name in PRIORS if name in wanted}
    for index, body in enumerate(model.bodies):
        rows = (batch.body_B == index).nonzero().squeeze(1)
        if len(rows) == 0:
            continue
        share = len(rows) / len(batch.body_B)
        chunk_RKA = chunk_BGKA[rows].flatten(0, 1)
        weight_R = batch.weight_BG[rows].flatten()
        for limit in body.limits:
            command_RKA = chunk_RKA[..., limit.start : limit.stop] * limit.scale
            smooth_RKA = filtered(command_RKA, bandwidth_fraction=body.bandwidth_fraction)
            for name in terms:
                terms[name] = terms[name] + share * motion_loss(
                    smooth_RKA,
                    weight_R,
                    order=limit.order,
                    derivative=PRIORS[name],
                    limit=(limit.velocity, limit.acceleration, limit.jerk)[PRIORS[name] - 1],
                    dt_s=body.control_dt_s,
                )
    return terms


def step_term(model: AlignModel, batch: StepBatch, out: PolicyOutput) -> Tensor:
    """Alignment of single moments: picture and words against the expert's next chunk.

    Every picture brings G sentences and G chunks: the counterfactual ones are the hard negatives.
    Whatever wants the same chunk of the same body is a positive, in whichever picture.
    """
    n_goals = batch.weight_BG.shape[1]
    real_R = batch.weight_BG.flatten() > 0.0
    body_R = batch.body_B.repeat_interleave(n_goals)[real_R]
    chunk_RKA = batch.chunk_BGKA.flatten(0, 1)[real_R]
    action_RE = model.embed_chunk(chunk_RKA, body_R)
    state_RE = model.embed_state(out.state_BGX.flatten(0, 1)[real_R])
    logits_RR = model.log_inverse_temperature["step"].exp() * state_RE @ action_RE.T
    flat_RX = chunk_RKA.flatten(1)
    same_RR = torch.cdist(flat_RX, flat_RX) < 1e-3
    positive_RR = same_RR & (body_R[:, None] == body_R[None, :])
    return 0.5 * (
        contrastive_loss(logits_RR, positive_RR) + contrastive_loss(logits_RR.T, positive_RR.T)
    )


def segment_terms(
    model: AlignModel,
    batch: SegmentBatch,
    map_NFSC: Tensor,
    text_ND: Tensor,
    wanted: Mapping[str, float],
    *,
    more_text_RD: Tensor,
    more_meaning_R: Tensor,
) -> tuple[dict[str, Tensor], dict[str, float]]:
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
    watched: dict[str, float] = {}
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
        watched["vl_top1_in_batch"] = float(same_NX.gather(1, best_N).float().mean())
    if any(name in wanted for name in ("contrast_la", "contrast_va", "cycle")):
        known = (batch.knots_NKA, batch.duration_N, batch.start_NP, batch.body_N)
        if not bool(batch.acted_N.all()):  # what nobody recorded the actions of is no pair
            acted = batch.acted_N
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
