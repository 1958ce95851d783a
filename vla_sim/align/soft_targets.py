"""Soft targets: who else than its own may a query be near to, and how much.

Legend: N segments or moments, K steps or knots, A action components, P proprioception.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vla_sim.align.dtw import dtw
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, whole, within

LONGER = 1.25
"""Segments whose durations differ by more than this factor are not alike, whatever their knots."""
SOFT = ("dtw", "outcome")
"""Kinds of targets that let in more than the hard ones."""
_KINDS: dict[str, tuple[str, ...]] = {
    "la": ("hard", "dtw"),
    "va": ("hard", "dtw", "outcome"),
    "step": ("hard", "dtw"),
}


@dataclass(frozen=True, kw_only=True)
class SoftTargetsConfig:
    """Which pairs have soft targets, and how soft: `hard` for none."""

    la: Literal["hard", "dtw"] = "hard"
    """Words and actions. Hard: of equal meanings. dtw: and of actions that are alike."""
    va: Literal["hard", "dtw", "outcome"] = "hard"
    """Clips and actions. Hard: a clip's own. dtw: and of actions that are alike. outcome: and of
    segments of the same meaning that begin and end alike."""
    step: Literal["hard", "dtw"] = "hard"
    """Moments and chunks. Hard: of equal chunks. dtw: and of chunks that are alike."""
    scale: float = 0.1
    """Root mean square difference along the warped path, in normalised actions, at which a target
    has fallen to 1/e."""
    cut: float = 0.3
    """Targets below this are 0, so that what is far does not add up."""
    band: int = 2
    """Knots or steps that two sequences may be out of step."""
    radius: float = 0.05
    """Outcomes are equal within this: shares of the picture where segments end, units of the body's
    scale where they begin."""

    def __post_init__(self) -> None:
        for pair, kinds in _KINDS.items():
            if getattr(self, pair) not in kinds:
                raise BadConfig(f"{pair} is {getattr(self, pair)!r}; use one of {kinds}")
        above(0, scale=self.scale, cut=self.cut, radius=self.radius)
        within(0, 1, cut=self.cut, radius=self.radius)
        whole(0, band=self.band)


def alike(
    config: SoftTargetsConfig,
    action_NKA: Tensor,
    n_components_N: Tensor,
    body_N: Tensor,
    duration_N: Tensor | None = None,
) -> Tensor:
    """How much the actions of two rows are alike, (N, N) in [0, 1]: exp(-distance / scale).

    The distance is the root mean square along the warped path, over steps and components, so that
    it does not grow with either. Actions are normalised by what the body can do, not by the batch.
    Rows of different bodies are not alike at all.

    Args:
        config: Scale, cut and band.
        action_NKA: Normalised actions, 0 where a body has no such component.
        n_components_N: How many components each row's body has.
        body_N: Index of the body.
        duration_N: How long the whole sequence lasts [s]; None where all last equally long.
    """
    cost_NN, n_steps_NN = dtw(action_NKA, action_NKA, band=config.band)
    mean_NN = cost_NN / (n_steps_NN * n_components_N[:, None].to(cost_NN.dtype))
    alike_NN = torch.exp(-mean_NN.sqrt() / config.scale)
    counts_NN = (alike_NN >= config.cut) & (body_N[:, None] == body_N[None, :])
    if duration_N is not None:
        longer_NN = duration_N[:, None] / duration_N[None, :]
        counts_NN &= (longer_NN <= LONGER) & (longer_NN >= 1.0 / LONGER)
    return alike_NN * counts_NN


def equal_outcome(
    config: SoftTargetsConfig,
    *,
    same_NN: Tensor,
    body_N: Tensor,
    start_NP: Tensor,
    end_N2: Tensor,
    visible_N: Tensor,
) -> Tensor:
    """Which segments of the same meaning begin and end alike, bool (N, N).

    Args:
        config: The radius.
        same_NN: Where two segments mean the same.
        body_N: Index of the body.
        start_NP: Normalised proprioception at the start.
        end_N2: Where in the last picture the referent lies, in [0, 1].
        visible_N: Not 0 where it can be seen.
    """
    seen_N = visible_N > 0.0
    # By differences: by a matrix product, equal rows of a large batch would not be near.
    exact = "donot_use_mm_for_euclid_dist"
    near_NN = torch.cdist(end_N2, end_N2, compute_mode=exact) <= config.radius
    near_NN &= torch.cdist(start_NP, start_NP, compute_mode=exact) <= config.radius
    seen_NN = seen_N[:, None] & seen_N[None, :]
    return same_NN & near_NN & seen_NN & (body_N[:, None] == body_N[None, :])
