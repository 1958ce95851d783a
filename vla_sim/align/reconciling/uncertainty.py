"""Uncertainty: a loss that stays large is taken for noisy and weighs less."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log

from torch import Tensor

from vla_sim.align.reconciling.learnt_numbers import LearntNumbers
from vla_sim.align.reconciling.reconciler import Groups, Reconciler
from vla_sim.align.reconciling.weigher import Seen, Weigher
from vla_sim.align.reconciling.weighing import WeighingConfig
from vla_sim.errors import BadConfig
from vla_sim.ranges import above

DISTANCES = ("goal", "behaviour", "rehearsal", "velocity", "acceleration", "jerk")
"""Terms that measure a distance, like the likelihood of a normal error, which halves it. The others
are cross-entropies, which it does not."""
_ROUNDING = 1e-5
"""A loss that is learnt to the end may come out this far below 0, in single precision."""


@dataclass(frozen=True, kw_only=True)
class UncertaintyConfig(WeighingConfig):
    """Settings of Uncertainty."""

    limit: float = 3.0
    """log sigma^2 stays within plus and minus this: the best weight is one over the loss, and one
    that is nearly learnt would outweigh all others."""

    def __post_init__(self) -> None:
        super().__post_init__()
        above(0, limit=self.limit)

    @property
    def needs_shared(self) -> bool:
        """See `ReconcilerConfig`."""
        return bool(self.priority) or self.surgery != "none"

    def build(self, groups: Groups) -> Reconciler:
        """See `ReconcilerConfig`."""
        return self.stacked(groups, Uncertainty(self))


class Uncertainty(Weigher):
    """L / sigma^2 + log sigma, a sigma for each term, which is learnt with it.

    Sigma begins where the weights are those that were given. Its gradient is known in closed form,
    so it costs no backward.

    Source:
        arXiv 1705.07115, section 3.2; for cross-entropies its equation 10. The bounds are ours.
    """

    def __init__(self, config: UncertaintyConfig) -> None:
        self.config = config
        self.log_variance = LearntNumbers(learning_rate=config.learning_rate)

    def factor(self, term: str) -> float:
        """See `Weigher`."""
        if term not in self.log_variance:
            return 1.0
        floor = self.config.floor(term)
        return floor + (1.0 - floor) * half(term) * exp(-self.log_variance[term])

    def see(self, seen: Seen) -> None:
        """See `Weigher`.

        Raises:
            BadConfig: If a loss is below 0: it would be best with a sigma of nothing.
        """
        slopes = {}
        for term, value in seen.values.items():
            if not self.config.weighs(term):
                continue
            if value < -_ROUNDING:
                raise BadConfig(
                    f"the loss {term!r} is {value:.3g}, and uncertainty weighs losses of 0 or more:"
                    " shift it by the least that it can be, or name the others in reconciling.terms"
                )
            if term not in self.log_variance:
                self.log_variance[term] = self._kept(log(half(term)))
            slopes[term] = slope(max(value, 0.0), self.log_variance[term], half(term))
        self.log_variance.step(slopes)
        for term in slopes:
            self.log_variance[term] = self._kept(self.log_variance[term])

    def sigmas(self) -> dict[str, float]:
        """See `Weigher`."""
        return {term: exp(0.5 * s) for term, s in self.log_variance.all().items()}

    def state(self) -> dict[str, Tensor]:
        """See `Weigher`."""
        return self.log_variance.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Weigher`."""
        self.log_variance.load_state(state)

    def _kept(self, log_variance: float) -> float:
        return min(max(log_variance, -self.config.limit), self.config.limit)


def half(term: str) -> float:
    """The factor of a term's loss in its likelihood."""
    return 0.5 if term in DISTANCES else 1.0


def slope(value: float, log_variance: float, factor: float) -> float:
    """Derivative of factor * exp(-s) * L + s / 2 by s; zero at s = log(2 * factor * L)."""
    return 0.5 - factor * exp(-log_variance) * value
