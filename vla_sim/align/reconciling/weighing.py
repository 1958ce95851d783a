"""What every way of learning weights can be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_sim.align.priors import PRIORS
from vla_sim.align.reconciling.reconciler import Groups, Reconciler, ReconcilerConfig
from vla_sim.align.reconciling.surgeries import SURGERIES, SurgeryName
from vla_sim.align.reconciling.weigher import Weigher
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, within

PRIOR_FLOOR = 0.5
"""It is there to be small on most rows, and who weighs by size or by speed would take that for
unimportant."""


@dataclass(frozen=True, kw_only=True)
class WeighingConfig(ReconcilerConfig):
    """Settings of a weigher and of what comes after it."""

    terms: tuple[str, ...] = ()
    """Terms whose weights are learnt; all where none is named. The others keep theirs."""
    floors: Mapping[str, float] = field(default_factory=dict)
    """Share of its weight that a term keeps whatever is learnt, as NAME=SHARE; of those not named,
    a physical prior keeps half and the others nothing."""
    learning_rate: float = 0.01
    """Of the learnt weights' logarithms."""
    surgery: SurgeryName = "none"
    """What is done to the gradients of the weighed losses."""

    def __post_init__(self) -> None:
        super().__post_init__()
        above(0, learning_rate=self.learning_rate)
        within(0, 1, **{f"floors[{name}]": floor for name, floor in self.floors.items()})
        if self.surgery not in SURGERIES:
            raise BadConfig(f"surgery is {self.surgery!r}; use one of {', '.join(SURGERIES)}")

    @property
    def named(self) -> dict[str, tuple[str, ...]]:
        """See `ReconcilerConfig`."""
        return {**super().named, "terms": self.terms, "floors": tuple(self.floors)}

    def check(self, weights: Mapping[str, float]) -> None:
        """See `ReconcilerConfig`.

        Raises:
            BadConfig: Also if no weight is left to be learnt.
        """
        super().check(weights)
        for name in self.terms:
            if not weights[name]:
                raise BadConfig(
                    f"reconciling.terms names {name!r}, and its weight is 0: there is nothing to "
                    "multiply; give it a weight, or take it out"
                )
        weighed = [name for name in self.terms or weights if weights[name]]
        if not any(self.floor(name) < 1.0 for name in weighed):
            raise BadConfig(
                f"reconciling.floors keeps all of the weight of {', '.join(weighed)}: nothing is "
                "left to be learnt; lower a floor, or use --reconciling fixed"
            )

    def weighs(self, term: str) -> bool:
        """Whether the weight of a term is learnt."""
        return not self.terms or term in self.terms

    def floor(self, term: str) -> float:
        """Share of its weight that a term keeps."""
        return self.floors.get(term, PRIOR_FLOOR if term in PRIORS else 0.0)

    def stacked(self, groups: Groups, weigher: Weigher) -> Reconciler:
        """A weigher, and after it what the settings say."""
        return Reconciler(self, groups, weigher=weigher, surgery=SURGERIES[self.surgery])
