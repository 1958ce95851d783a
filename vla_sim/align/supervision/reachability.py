"""Reachability: a controller that knows its limits teaches what can be reached in time.

Legend: B pictures, G goals a picture, R goals, X what the decoder was told.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vla_sim.align.losses.reachability import reachability_loss
from vla_sim.align.supervision.asked import Asked
from vla_sim.align.supervision.taught import Lesson, TaughtConfig
from vla_sim.protocols.reach_teacher import ReachTeacher
from vla_sim.ranges import above, at_least

ASKED_SPREAD = 0.3
"""Standard deviation of the logarithm by which a time that is asked about leaves the time that
another goal takes."""


@dataclass(frozen=True, kw_only=True)
class ReachabilityConfig(TaughtConfig):
    """Settings of reachability; needs `model.reach`."""

    softness_s: float = 0.15
    """The teacher's temperature: a point that is reached this much too late [s] counts as reached
    in time with odds of 1 to e."""
    margin: float = 3.0
    """What cannot be reached at all shall have a logit under minus this, and is asked no more."""

    def __post_init__(self) -> None:
        super().__post_init__()
        above(0, softness_s=self.softness_s)
        at_least(0, margin=self.margin)


def reachability_lesson(config: ReachabilityConfig, asked: Asked, teacher: ReachTeacher) -> Lesson:
    """What picture and words tell of the least time, against the teacher's."""
    assert asked.model.reach is not None
    least_BG = teacher.seconds(asked.rows)
    least_BG = np.where(asked.real & asked.known[:, None], least_BG, np.nan)
    body_BG = np.repeat(asked.batch.body_B.cpu().numpy()[:, None], least_BG.shape[1], axis=1)
    within_BG = times_to_ask(least_BG, body_BG, asked.draws())
    known_BG = ~np.isnan(least_BG) & ~np.isnan(within_BG)
    if not known_BG.any():
        return Lesson(term=None)
    at = torch.as_tensor(np.flatnonzero(known_BG), device=asked.map_BSC.device)
    least_R = torch.as_tensor(least_BG[known_BG]).to(asked.out.state_BGX)
    within_R = torch.as_tensor(within_BG[known_BG]).to(asked.out.state_BGX)
    time = asked.model.reach(asked.out.state_BGX.flatten(0, 1)[at])
    reachable_R = least_R.isfinite()
    term = reachability_loss(
        time.logit(within_R),
        within_R - least_R,
        reachable_R,
        torch.ones_like(least_R),
        softness_s=config.softness_s,
        margin=config.margin,
    )
    watched = {"unreachable_share": (~reachable_R).float().mean()}
    if bool(reachable_R.any()):
        wrong_R = (time.centre_s - least_R).abs()[reachable_R]
        watched["reach_time_error_s"] = wrong_R.mean().detach()
    return Lesson(term=term, watched=watched)


def times_to_ask(
    least_BG: NDArray[np.float32], body_BG: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """For each goal a time that it is asked about [s]: about what another goal of its body takes.

    So half of the goals are in time and half are not, for an arm with its second and for a car with
    its ten, and no class has to be weighed up. NaN where nothing of the body can be reached.

    Args:
        least_BG: Least times; inf for unreachable, NaN for unknown.
        body_BG: The body of each.
        rng: Draws.
    """
    asked_BG = np.full_like(least_BG, np.nan)
    for body in np.unique(body_BG):
        mine_BG = body_BG == body
        times = least_BG[mine_BG & np.isfinite(least_BG)]
        if len(times):
            n = int(mine_BG.sum())
            drawn = rng.choice(times, size=n) * np.exp(ASKED_SPREAD * rng.normal(size=n))
            asked_BG[mine_BG] = drawn.astype(least_BG.dtype)
    return asked_BG
