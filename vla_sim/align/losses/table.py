"""Every loss by name. To add one: a file with a pure function, a line here, a weight there.

Weights are in `objective.Weights`, those of supervision in `SupervisionConfig`.
"""

from collections.abc import Callable

from torch import Tensor

from vla_sim.align.losses.balance import balance_loss
from vla_sim.align.losses.behaviour import behaviour_loss
from vla_sim.align.losses.coherency import coherency_loss
from vla_sim.align.losses.consistency import consistency_loss
from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.cycle import cycle_loss
from vla_sim.align.losses.cyclip import cross_symmetry_loss, inner_symmetry_loss
from vla_sim.align.losses.flag import flag_loss
from vla_sim.align.losses.goal import goal_loss
from vla_sim.align.losses.grounding import grounding_loss
from vla_sim.align.losses.hazard import hazard_loss
from vla_sim.align.losses.motion import excess
from vla_sim.align.losses.reachability import reachability_loss
from vla_sim.align.losses.triple import triple_loss

LOSSES: dict[str, Callable[..., Tensor]] = {
    "contrast_vl": contrastive_loss,
    "contrast_la": contrastive_loss,
    "contrast_va": contrastive_loss,
    "contrast_step": contrastive_loss,
    "cycle": cycle_loss,
    "triple": triple_loss,
    "cyclip_cross": cross_symmetry_loss,
    "cyclip_inner": inner_symmetry_loss,
    "outcome": grounding_loss,
    "grounding": grounding_loss,
    "goal": goal_loss,
    "has_point": flag_loss,
    "held": flag_loss,
    "hazard": hazard_loss,
    "rehearsal": behaviour_loss,
    "behaviour": behaviour_loss,
    "velocity": excess,
    "acceleration": excess,
    "jerk": excess,
    "paraphrase": consistency_loss,
    "masking": consistency_loss,
    "pseudo_labels": behaviour_loss,
    "modality_dropout": contrastive_loss,
    "balance": balance_loss,
    "coherency": coherency_loss,
    "reachability": reachability_loss,
}
"""{term of the objective: the function behind it}."""
