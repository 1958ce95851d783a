"""GradNorm: what learns slowly weighs more, until all losses learn at one rate."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import exp, log

import torch
from torch import Tensor

from vla_sim.align.reconciling.learnt_numbers import LearntNumbers
from vla_sim.align.reconciling.reconciler import Groups, Reconciler
from vla_sim.align.reconciling.weigher import Seen, Weigher
from vla_sim.align.reconciling.weighing import WeighingConfig
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, whole

N_FIRST = 50
"""Values of a loss, those of zero left out, that its initial value is taken from: a hinge that was
zero at first would divide by nothing."""
FORGETS = 0.05
"""Share of a value in their running mean, once there are as many as that."""


@dataclass(frozen=True, kw_only=True)
class GradNormConfig(WeighingConfig):
    """Settings of GradNorm."""

    learning_rate: float = 0.025
    alpha: float = 1.5
    """How much the slow ones are favoured; near 0 all gradients are to be of one length."""
    every: int = 12
    """Lengths of gradients are measured, and weights moved, on every k-th update: each measured
    term costs a backward through the heads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        above(0, alpha=self.alpha)
        whole(1, every=self.every)

    def check(self, weights: Mapping[str, float]) -> None:
        """See `WeighingConfig`.

        Raises:
            BadConfig: Also if fewer than two losses are weighed.
        """
        super().check(weights)
        weighed = [name for name in self.terms or weights if weights[name]]
        if len(weighed) < 2:
            raise BadConfig(
                f"gradnorm weighs losses against each other, and {', '.join(weighed)} is the only "
                "one: name more of them in reconciling.terms, or use --reconciling fixed"
            )

    def build(self, groups: Groups) -> Reconciler:
        """See `ReconcilerConfig`."""
        return self.stacked(groups, GradNorm(self))


class GradNorm(Weigher):
    """Moves weights until each gradient is as long as the rate at which its loss falls asks.

    A term joins once its initial loss is known: the loss of knowing nothing where there is such a
    thing, otherwise the mean of the first values. Until then, and for terms that do not reach the
    shared representation, the weight is the one that was given. The weights of those that joined
    add up to their number.

    Source:
        arXiv 1711.02257, section 3; the parametrisation with floors is ours.
    """

    def __init__(self, config: GradNormConfig) -> None:
        self.config = config
        self.alpha = config.alpha
        self.say = LearntNumbers(learning_rate=config.learning_rate)
        """Logarithms of shares, before floors."""
        self.initial: dict[str, float] = {}
        """The initial loss of those that joined."""
        self.first: dict[str, tuple[float, int]] = {}
        """Mean and number of the first values, of all that were seen."""
        self.n_updates = 0

    def factor(self, term: str) -> float:
        """See `Weigher`."""
        return self.factors().get(term, 1.0)

    def factors(self) -> dict[str, float]:
        """Those of the terms that joined."""
        shares, free = self._shares()
        return {term: self.config.floor(term) + free * share for term, share in shares.items()}

    def asks_norms(self, terms: Collection[str]) -> list[str]:
        """See `Weigher`."""
        due = self.n_updates % self.config.every == 0
        return [term for term in terms if self.config.weighs(term)] if due else []

    def see(self, seen: Seen) -> None:
        """See `Weigher`."""
        for term, value in seen.values.items():
            if self.config.weighs(term) and term not in self.initial:
                self._count(term, value)
        self.n_updates += 1
        if seen.norms is None:
            return
        for term in seen.norms:
            initial = self._initial(term, seen.chance)
            if term not in self.initial and initial is not None:
                self.initial[term] = initial
                self.say[term] = self._joining()
        self._move(
            {term: norm for term, norm in seen.norms.items() if term in self.initial}, seen.values
        )

    def state(self) -> dict[str, Tensor]:
        """See `Weigher`."""
        return {
            **{f"say.{name}": value for name, value in self.say.state().items()},
            **{f"initial.{term}": _exact(value) for term, value in self.initial.items()},
            **{f"mean.{term}": _exact(mean) for term, (mean, _) in self.first.items()},
            **{f"count.{term}": torch.tensor(n) for term, (_, n) in self.first.items()},
            "n_updates": torch.tensor(self.n_updates),
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Weigher`."""
        held = {part: _part(state, f"{part}.") for part in ("say", "initial", "mean", "count")}
        self.say.load_state(held["say"])
        self.initial = {term: float(value) for term, value in held["initial"].items()}
        self.first = {
            term: (float(mean), int(held["count"][term])) for term, mean in held["mean"].items()
        }
        self.n_updates = int(state["n_updates"])

    def _shares(self) -> tuple[dict[str, float], float]:
        """Shares of those that joined, which add up to 1, and what there is to share."""
        # Weighed by what a floor leaves free, equal says are equal weights: so it begins.
        rest = {term: 1.0 - self.config.floor(term) for term in self.initial}
        raw = {term: rest[term] * exp(self.say[term]) for term in self.initial}
        total = sum(raw.values())
        return {term: value / total if total else 0.0 for term, value in raw.items()}, sum(
            rest.values()
        )

    def _joining(self) -> float:
        """The say with which a term joins so that nobody's weight changes."""
        held = {term: 1.0 - self.config.floor(term) for term in self.initial if term in self.say}
        total = sum(held.values())
        if not total:
            return 0.0
        return log(sum(rest * exp(self.say[term]) for term, rest in held.items()) / total)

    def _count(self, term: str, value: float) -> None:
        mean, n = self.first.get(term, (0.0, 0))
        if value > 0.0:
            mean += max(1.0 / (n + 1), FORGETS) * (value - mean)
            n += 1
        self.first[term] = mean, n

    def _initial(self, term: str, chance: Mapping[str, float]) -> float | None:
        if chance.get(term, 0.0) > 0.0:
            return chance[term]
        mean, n = self.first.get(term, (0.0, 0))
        return mean if n >= N_FIRST else None

    def _move(self, norms: Mapping[str, float], values: Mapping[str, float]) -> None:
        """One step of the weights of the terms that are here."""
        if len(norms) < 2 or not any(norms.values()):
            return
        rates = relative_rates(
            {term: max(values[term], 0.0) / self.initial[term] for term in norms}
        )
        factors = self.factors()
        slopes = weight_slopes(norms, rates, factors, alpha=self.alpha)
        shares, free = self._shares()
        along = sum(slopes[term] * shares[term] for term in slopes)
        self.say.step(
            {
                term: free * shares[term] * (slopes.get(term, 0.0) - along)
                for term in self.initial
                if self.config.floor(term) < 1.0
            }
        )


def relative_rates(ratios: Mapping[str, float]) -> dict[str, float]:
    """Each loss over its initial one, over their mean: above 1 for what learns slowly.

    Args:
        ratios: {term: loss over initial loss}, not all zero.
    """
    mean = sum(ratios.values()) / len(ratios)
    return {term: ratio / mean if mean else 1.0 for term, ratio in ratios.items()}


def weight_slopes(
    norms: Mapping[str, float],
    rates: Mapping[str, float],
    factors: Mapping[str, float],
    *,
    alpha: float,
) -> dict[str, float]:
    """Derivatives of sum |G_i - mean(G) r_i^alpha| by the weights, the second half held still.

    Args:
        norms: {term: G_i, length of the gradient of the weighted loss}.
        rates: {term: r_i}, see `relative_rates`.
        factors: {term: w_i}, the weights that are in G_i.
        alpha: How much the slow ones are favoured.

    Returns:
        {term: slope}; a weight moves against it.
    """
    mean = sum(norms.values()) / len(norms)
    slopes = {}
    for term, norm in norms.items():
        over = norm - mean * rates[term] ** alpha
        slopes[term] = (over > 0.0) * norm / factors[term] - (over < 0.0) * norm / factors[term]
    return slopes


def _exact(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
