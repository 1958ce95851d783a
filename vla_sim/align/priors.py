"""Physical priors on decoded chunks: within the hardware, and moving as they were told to.

Legend: B pictures, G goals a picture, R rows, K chunk steps, A action components,
P proprioception, X sides of the bounds.
"""

import math
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from vla_sim.align.batch import StepBatch
from vla_sim.align.body import ActionLimit, Body
from vla_sim.align.losses.motion import (
    InHand,
    PlannedMotion,
    excess,
    mean_of,
    planned_motion,
    shortfall,
)
from vla_sim.align.model import AlignModel

PRIORS = ("velocity", "acceleration", "jerk")
"""Terms that bound a derivative of motion."""
SLACK = 0.95
"""Share of the expert's speed below which a chunk counts as slower than the task asks."""


def prior_terms(
    model: AlignModel, batch: StepBatch, chunk_BGKA: Tensor, wanted: Mapping[str, float]
) -> tuple[dict[str, Tensor], Tensor]:
    """Physical priors on decoded chunks, each summed over the action groups of all bodies.

    A chunk goes on from the motion in hand, and stays within the hardware's limits and, where that
    motion is known, within what the manner that was said allows, see `bounds.bounds_of`.

    Returns:
        The terms, and the share of rows on which any of them is above zero.
    """
    terms = {name: chunk_BGKA.new_zeros(()) for name in PRIORS if name in wanted}
    n_goals = batch.weight_BG.shape[1]
    active = chunk_BGKA.new_zeros(())
    for index, rows in batch.rows_of.items():
        body = model.bodies[index]
        share = len(rows) / len(batch.body_B)
        weight_R = batch.weight_BG[rows].flatten()
        proprio_RP = batch.proprio_BP[rows].repeat_interleave(n_goals, dim=0)
        bounds_RX = batch.bounds_BGX[rows].flatten(0, 1)
        touched_R = torch.zeros_like(weight_R, dtype=torch.bool)
        for limit in body.limits:
            losses = _passed(
                body,
                limit,
                chunk_BGKA[rows].flatten(0, 1),
                batch.chunk_BGKA[rows].flatten(0, 1),
                proprio_RP,
                bounds_RX,
                wanted.keys(),
            )
            for name in terms.keys() & losses.keys():
                terms[name] = terms[name] + share * mean_of(losses[name], weight_R)
                touched_R = touched_R | (losses[name].detach() > 0.0)
        active = active + share * mean_of(touched_R.to(weight_R.dtype), weight_R)
    return terms, active


def _passed(
    body: Body,
    limit: ActionLimit,
    chunk_RKA: Tensor,
    expert_RKA: Tensor,
    proprio_RP: Tensor,
    bounds_RX: Tensor,
    wanted: Collection[str],
) -> dict[str, Tensor]:
    """{prior: how far each row's chunk passes it, shape (R,)} for one group of actions.

    What is not wanted may be left out.
    """
    own = limit.held >= 0
    slowest_R, fastest_R, acceleration_R, jerk_R, sideways_R = bounds_RX.unbind(-1)
    hand = None
    if own:
        of_rate = slice(limit.held_rate, limit.held_rate + limit.size)
        hand = InHand(
            command_NA=proprio_RP[:, limit.held : limit.held + limit.size],
            rate_NA=proprio_RP[:, of_rate] if limit.held_rate >= 0 else None,
            speed_N=proprio_RP[:, body.speed] if body.speed >= 0 else None,
            curvature_N=proprio_RP[:, body.steering.held] if body.steering else None,
        )

    def motion(of_RKA: Tensor) -> PlannedMotion:
        steering = body.steering if own else None
        return planned_motion(
            of_RKA[..., limit.start : limit.stop] * limit.scale,
            order=limit.order,
            dt_s=body.control_dt_s,
            bandwidth_fraction=body.bandwidth_fraction,
            hand=hand,
            curvature_NK=of_RKA[..., steering.index] * steering.scale if steering else None,
            sideways_N=sideways_R if steering else None,
        )

    def most(hardware: float, bound_R: Tensor) -> Tensor:
        return (bound_R if own else torch.full_like(bound_R, math.inf)).clamp_max(hardware)

    planned = motion(chunk_RKA)
    passed = {
        "acceleration": excess(planned.acceleration_NK, most(limit.acceleration, acceleration_R)),
        "jerk": excess(planned.jerk_NK, most(limit.jerk, jerk_R)),
    }
    if planned.speed_NK is None or "velocity" not in wanted:
        return passed
    passed["velocity"] = excess(planned.speed_NK, most(limit.velocity, fastest_R))
    asked = motion(expert_RKA).speed_NK if own else None
    if asked is not None:
        # Slower than the manner is too slow only where the task lets one be as quick.
        least_RK = torch.minimum(SLACK * asked, slowest_R[:, None])
        passed["velocity"] = passed["velocity"] + shortfall(
            planned.speed_NK, least_RK, slowest_R.clamp_min(1e-3)
        )
    return passed
