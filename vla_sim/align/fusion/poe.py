"""Product of experts: picture and words each say where, and how sure they are.

Legend: B pictures, G sentences a picture, E embedding, R sentences that count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn

from vla_sim.align.fusion.fusion import (
    Fused,
    Fusion,
    FusionSizes,
    Moment,
    each_sentence,
)
from vla_sim.align.fusion.halves import Halves, seen
from vla_sim.errors import BadConfig
from vla_sim.ranges import above

CALIBRATION = "fusion_calibration"


@dataclass(frozen=True, kw_only=True)
class PoeConfig:
    """Settings of Poe."""

    least_log_variance: float = -4.0
    """An expert is never surer than this; 0 is the variance of the prior expert."""
    most_log_variance: float = 2.0
    calibration: float = 0.1
    """Weight of the term that variances learn from, the only one."""

    def __post_init__(self) -> None:
        above(0, calibration=self.calibration, most_log_variance=self.most_log_variance)
        if not self.least_log_variance < 0.0:
            raise BadConfig(
                f"least_log_variance is {self.least_log_variance}; use less than 0, or no expert "
                "could ever be surer than the prior"
            )

    def build(self, sizes: FusionSizes) -> "Poe":
        """The fusion with these settings."""
        return Poe(self, sizes)


class Poe(Fusion):
    """Each component's mean under the product of two Gaussians and the prior's.

    The prior expert knows no more than that a state lies on the sphere: mean 0, and the variance
    1 / E that a component of a random unit vector has, which is the unit of all variances here. An
    expert that claims a variance is held to it, by the likelihood of the action's vector under it;
    the alignment of steps does not reach the variances. Otherwise the one that claims most would
    win whatever it knows.

    Source:
        arXiv 1802.05335, section 2.2: product of Gaussian experts with a prior expert. The
        likelihood is a proper score, smallest where the variance is the expected squared error.
    """

    def __init__(self, config: PoeConfig, sizes: FusionSizes) -> None:
        super().__init__()
        self.weights = {CALIBRATION: config.calibration}
        self.low, self.high = config.least_log_variance, config.most_log_variance
        self.halves = Halves(sizes)
        self.doubt_of_picture = nn.Linear(2 * sizes.n_map + sizes.n_known, sizes.n_embed)
        self.doubt_of_words = nn.Linear(sizes.n_text, sizes.n_embed)
        for doubt in (self.doubt_of_picture, self.doubt_of_words):
            nn.init.zeros_(doubt.weight)
            # At first no expert is surer than the prior.
            nn.init.constant_(doubt.bias, log(-self.low / self.high))

    def experts(self, moment: Moment) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Means and log variances, each (B, G, E): of the picture, of the words."""
        picture_BGE, words_BGE = self.halves(moment)
        doubt_BE = self._clamped(self.doubt_of_picture(seen(moment).detach()))
        doubt_BGE = self._clamped(self.doubt_of_words(moment.text_BGD.detach()))
        return (picture_BGE, words_BGE), (each_sentence(doubt_BE, moment.text_BGD), doubt_BGE)

    def _clamped(self, free: Tensor) -> Tensor:
        """Within the bounds, and with a gradient everywhere."""
        return self.low + (self.high - self.low) * torch.sigmoid(free)

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        means, log_variances = self.experts(moment)
        mean_BGE, _ = product(means, [value.detach() for value in log_variances])
        return mean_BGE

    def taught(self, moment: Moment, real_R: Tensor, action_RE: Tensor) -> Fused:
        """See `Fusion`."""
        means, log_variances = self.experts(moment)
        mean_BGE, _ = product(means, [value.detach() for value in log_variances])
        terms, watched = [], {}
        for name, mean, log_variance in zip(
            ("picture", "words"), means, log_variances, strict=True
        ):
            doubt_RE = log_variance.flatten(0, 1)[real_R]
            gap_RE = mean.detach().flatten(0, 1)[real_R] - action_RE.detach()
            error_RE = gap_RE.shape[-1] * gap_RE.square() * (-doubt_RE).exp()
            terms.append(0.5 * (error_RE + doubt_RE - self.low).mean())
            watched[f"poe/error_{name}"] = error_RE.mean()
        return Fused(
            state_BGE=mean_BGE,
            terms={CALIBRATION: torch.stack(terms).sum()},
            watched=watched,
        )


def product(means: Sequence[Tensor], log_variances: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The product of Gaussian experts and of a prior expert with mean 0 and variance 1.

    Args:
        means: One tensor an expert, all of one shape.
        log_variances: Likewise.

    Returns:
        Mean and variance of the product, which is a Gaussian again: precisions add up, and means
        count by them.
    """
    precisions = [(-value).exp() for value in log_variances]
    total = 1.0 + torch.stack(precisions).sum(0)
    weighted = [precision * mean for precision, mean in zip(precisions, means, strict=True)]
    return torch.stack(weighted).sum(0) / total, 1.0 / total
