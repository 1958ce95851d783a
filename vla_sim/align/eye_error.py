"""How far the goal heads err of late: what a decoder that is told the truth has to get used to.

Legend: B pictures, G goals a picture, Q queries, M bodies.
"""

import torch
from torch import Tensor

from vla_sim.align.batch import StepBatch
from vla_sim.align.normaliser import Normaliser

FORGETS = 0.01
"""Share of a batch in the running mean: it looks back over a hundred of them."""
LARGEST = 0.15
"""Never taken for more, in units of the goal's scale: an eye that sees nothing is no measure."""
DEVIATION = 1.2533
"""Standard deviation of a normal error over its mean size."""


class EyeError:
    """A running mean of errors per body and query, in units of the goal's scale."""

    def __init__(self, n_bodies: int, n_queries: int, device: torch.device) -> None:
        self.mean_MQ = torch.full((n_bodies, n_queries), LARGEST, device=device)

    def see(self, norm: Normaliser, batch: StepBatch, goal_BGQ3: Tensor) -> None:
        """Take in what was regressed for a batch, in units of the goal's scale."""
        target_BGQ3 = norm.scaled(batch.goal_BGQ3, batch.body_B)
        size_BGQ = (goal_BGQ3.detach() - target_BGQ3).abs().mean(-1)
        weight_BGQ = batch.weight_BG.unsqueeze(-1) * batch.has_point_BGQ
        body_MB = norm.body_code(batch.body_B).T
        sum_MQ = body_MB @ (size_BGQ * weight_BGQ).sum(1)
        n_MQ = body_MB @ weight_BGQ.sum(1)
        share_MQ = FORGETS * (n_MQ > 0.0)
        self.mean_MQ += share_MQ * (sum_MQ / n_MQ.clamp_min(1.0) - self.mean_MQ)

    def deviation(self, body_B: Tensor) -> Tensor:
        """Standard deviation of each row's errors along an axis, shape (B, Q)."""
        return (DEVIATION * self.mean_MQ[body_B]).clamp_max(LARGEST)
