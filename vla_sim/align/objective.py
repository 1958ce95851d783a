"""The objective: which losses are taken of what, with which weights, at which stage.

Legend: B pictures, G goals a picture, Q queries, R = B * G rows, S cells, E embedding.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from math import log

import torch
from torch import Generator, Tensor

from vla_sim.align.aims import Aims
from vla_sim.align.batch import SegmentBatch, StepBatch, moved
from vla_sim.align.contrast import Contrast
from vla_sim.align.crew import ALONE, Crew
from vla_sim.align.curriculum import Stage
from vla_sim.align.fusion.codebook import COMMITMENT
from vla_sim.align.fusion.moe import BALANCE
from vla_sim.align.fusion.poe import CALIBRATION
from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.losses.flag import flag_loss
from vla_sim.align.losses.goal import goal_loss
from vla_sim.align.losses.grounding import grounding_loss
from vla_sim.align.losses.hazard import hazard_loss
from vla_sim.align.model import AlignModel, PolicyOutput, likeliest
from vla_sim.align.moments import step_terms
from vla_sim.align.priors import PRIORS
from vla_sim.align.reconciling.look import GradientLook
from vla_sim.errors import BadConfig
from vla_sim.ranges import at_least

SURE = 0.005
"""The hazard head is never surer than this, so neither is the truth that stands in for it."""
BEHAVIOUR = ("goal", "has_point", "held", "behaviour", "rehearsal", *PRIORS)
OF_MOMENTS = (*BEHAVIOUR, "contrast_step")
"""Taken of the rows that behaviour is learnt from, so from the same update on. The gates order what
is taken of whole segments."""
CONTRASTIVE = (
    *("contrast_vl", "contrast_la", "contrast_va", "contrast_step"),
    *("cycle", "triple", "cyclip_cross", "cyclip_inner"),
)
"""Terms that lay modalities on one sphere, whatever else may teach them there."""
GROUPS: dict[str, tuple[str, ...]] = {
    "behaviour": (*BEHAVIOUR, "hazard", "paraphrase", "pseudo_labels", "reachability"),
    "grounding": ("grounding", "outcome", "coherency"),
    "alignment": (
        *CONTRASTIVE,
        *(COMMITMENT, BALANCE, CALIBRATION),
        *("masking", "modality_dropout", "balance"),
    ),
}
"""Terms that pull together; what pulls apart is reconciled between groups."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each term counts; a weight of 0 leaves its term out, cost and all."""

    contrast_vl: float = 1.0
    contrast_la: float = 1.0
    contrast_va: float = 0.5
    contrast_step: float = 0.0
    cycle: float = 0.2
    triple: float = 0.0
    """All three vectors of an episode in one cone, see `triple_loss`."""
    cyclip_cross: float = 0.0
    """Row j with k as alike as k with j, over the pairs that are contrasted."""
    cyclip_inner: float = 0.0
    """Rows as alike in one modality as in the other, likewise."""
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
        paired = self.contrast_vl or self.contrast_la or self.contrast_va
        for name in ("cyclip_cross", "cyclip_inner"):
            if (weight := getattr(self, name)) and not paired:
                raise BadConfig(
                    f"{name} is {weight}, and it is taken of pairs of segments, of which none has "
                    "a weight: give contrast_vl, contrast_la or contrast_va one"
                )

    def active(self, stage: Stage, *, behaviour_from_start: bool) -> dict[str, float]:
        """{term: weight} of what counts at a stage of the curriculum."""
        waits = {"vl": {"contrast_la"}, "la": set[str](), "all": set[str]()}[stage]
        if stage != "all":
            waits |= {"contrast_va", "cycle", "triple"}
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
        gradients: Which way the groups of terms pulled, on the steps on which somebody looks.
    """

    total: float
    terms: Mapping[str, float]
    report: Mapping[str, float]
    gradients: GradientLook | None = None


def chance_levels(
    batch: StepBatch, segment: SegmentBatch | None, siglip: Collection[str] = ()
) -> dict[str, float]:
    """{term: its loss where nothing is known}, of the terms that choose among candidates [nat].

    As if one of all rows were right: less is to be known where some are padding, were not labelled
    or mean the same, more where further sentences are candidates. To count those would make a GPU
    wait.

    Args:
        batch: Moments.
        segment: Segments; None where none are taken.
        siglip: Pairs that do not choose: each candidate is judged by itself.
    """
    levels = {"contrast_step": log(batch.weight_BG.numel())}
    if segment is not None:
        of_segments = ("contrast_vl", "contrast_la", "contrast_va", "cycle")
        levels |= dict.fromkeys(of_segments, log(len(segment.meaning_N)))
    judged = {f"contrast_{pair}" for pair in siglip}
    return {term: level for term, level in levels.items() if term not in judged}


def policy_terms(
    model: AlignModel,
    batch: StepBatch,
    out: PolicyOutput,
    wanted: Mapping[str, float],
    *,
    contrast: Contrast | None = None,
    n_steps: int = 0,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms of single moments, those that are wanted, and what is only watched.

    Args:
        model: The model.
        batch: B moments.
        out: What the policy made of them.
        wanted: {term: weight}.
        contrast: How moments and chunks are contrasted; None for plain InfoNCE.
        n_steps: Updates that were made before this one.
    """
    norm = model.normaliser
    terms: dict[str, Tensor] = {}
    watched: dict[str, Tensor] = {}
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
        taken, watched = step_terms(model, batch, out, contrast or Contrast(), n_steps=n_steps)
        terms |= {name: term for name, term in taken.items() if name in wanted}
    return terms, watched


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
        seen_hazard(batch.hazard_BS[own]),
        text_bGD,
        batch.proprio_BP[own],
        batch.body_B[own],
    )
    chunk_BGZKA, logit_BGZ = crew.whole((chunk_bGZKA, logit_bGZ))
    loss = _behaviour(model, batch, chunk_BGZKA, logit_BGZ)
    return loss, likeliest(chunk_BGZKA, logit_BGZ)


def seen_hazard(hazard_BS: Tensor) -> Tensor:
    """The true hazards as logits, as the hazard head would give them if it saw well, (B, S)."""
    return hazard_BS.clamp(SURE, 1.0 - SURE).logit()


def _behaviour(
    model: AlignModel, batch: StepBatch, chunk_BGZKA: Tensor, logit_BGZ: Tensor
) -> Tensor:
    n_goals = batch.weight_BG.shape[1]
    return behaviour_loss(
        chunk_BGZKA.flatten(0, 1),
        logit_BGZ.flatten(0, 1).log_softmax(-1),
        batch.chunk_BGKA.flatten(0, 1),
        batch.weight_BG.flatten(),
        model.normaliser.worth(batch.proprio_BP, batch.body_B).repeat_interleave(n_goals, dim=0),
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
