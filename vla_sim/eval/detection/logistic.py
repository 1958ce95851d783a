"""A small head: which of two kinds, from a few numbers."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from vla_sim.errors import BadConfig

Doubles = NDArray[np.float64]
SMALLEST_SCALE = 1e-6


@dataclass(frozen=True, kw_only=True)
class LogisticHead:
    """Logistic regression on standardised features.

    Attributes:
        centre: (X,)
        scale: (X,), > 0.
        weight: (X,)
        bias: Of the standardised features.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    bias: float

    @classmethod
    def fit(
        cls,
        features: Doubles,
        positive: NDArray[np.bool_],
        weights: Doubles,
        *,
        penalty: float,
        around: Self | None = None,
    ) -> Self:
        """The head that tells rows apart; both kinds weigh the same in all.

        Args:
            features: (n, X).
            positive: (n,)
            weights: (n,), of each row among those of its kind.
            penalty: On the squared weights, of a mean loss.
            around: A head of more rows, of which these are some: its weights are what the penalty
                draws to, in the place of none at all.

        Raises:
            BadConfig: If there is only one kind.
        """
        if positive.all() or not positive.any():
            raise BadConfig(
                f"{len(positive)} rows of one kind only teach no difference; take more episodes"
            )
        if around is None:
            centre, scale = features.mean(0), features.std(0).clip(SMALLEST_SCALE)
            start = np.zeros(features.shape[1] + 1)
        else:
            centre, scale = np.array(around.centre), np.array(around.scale)
            start = np.array([*around.weight, around.bias])
        unit = (features - centre) / scale
        share = weights / np.where(positive, weights[positive].sum(), weights[~positive].sum()) / 2
        sign = np.where(positive, 1.0, -1.0)

        def loss(told: Doubles) -> tuple[float, Doubles]:
            margin = sign * (unit @ told[:-1] + told[-1])
            drawn = told[:-1] - start[:-1]
            value = share @ np.logaddexp(0.0, -margin) + 0.5 * penalty * (drawn**2).sum()
            slope = -share * sign * expit(-margin)
            gradient = np.append(unit.T @ slope + penalty * drawn, slope.sum())
            return float(value), gradient

        found = minimize(loss, start, jac=True, method="L-BFGS-B").x
        return cls(
            centre=tuple(centre.tolist()),
            scale=tuple(scale.tolist()),
            weight=tuple(found[:-1].tolist()),
            bias=float(found[-1]),
        )

    @classmethod
    def knowing_nothing(cls, n_features: int) -> Self:
        """The head of who saw one kind only: even odds, whatever is seen."""
        zeros = (0.0,) * n_features
        return cls(centre=zeros, scale=(1.0,) * n_features, weight=zeros, bias=0.0)

    @property
    def knows(self) -> bool:
        """Whether what it says depends on anything."""
        return any(self.weight)

    def __call__(self, features: Doubles) -> Doubles:
        """Log odds of each row, (n,)."""
        unit = (features - np.array(self.centre)) / np.array(self.scale)
        odds: Doubles = unit @ np.array(self.weight) + self.bias
        return odds

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The head whose fields these are.

        Raises:
            KeyError, TypeError, ValueError: If they are none.
        """
        lists = {k: tuple(map(float, values[k])) for k in ("centre", "scale", "weight")}
        head = cls(bias=float(values["bias"]), **lists)
        if len({len(numbers) for numbers in lists.values()}) != 1:
            raise ValueError("a head of unequal lengths")
        if not np.isfinite([*sum(lists.values(), ()), head.bias]).all() or min(head.scale) <= 0.0:
            raise ValueError("a head whose numbers are none")
        return head
