"""What was measured, and what was decided from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

CODES = "codes/"
"""Beginning of the names under which a history of losses tells how a codebook is used."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number that can be defended: value, sample size and a 95 % interval."""

    value: float
    n: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class TaskReport:
    """One task under one instruction arm.

    Attributes:
        task_id: Gymnasium id.
        arm: Instruction arm.
        rates: Fractions of episodes with Wilson intervals: "success_once", "success_at_end",
            "manner_kept", "comfortable", "violation/<name>" (episodes with any violation), and
            "manner_kept/<manner>" and "comfortable/<manner>" over the episodes of that manner; and
            "policy_failed" where somebody else's policy failed in an episode.
        means: Means over episodes with bootstrap intervals: "spl", "time_s",
            "violation_steps/<name>" (fraction of steps), and "typical_speed/<manner>".
        guess_rate: Success of acting on a uniformly random instruction of each scene; in a chain,
            on one anew for each instruction.
    """

    task_id: str
    arm: str
    rates: Mapping[str, Estimate]
    means: Mapping[str, Estimate]
    guess_rate: float


@dataclass(frozen=True, kw_only=True)
class InformationBound:
    """What one modality is shown to say of another, at least.

    Attributes:
        nats: Mean over batches.
        n_pairs: Pairs of a batch, N: the bound cannot pass log N.
        n_batches: Batches.
        spread: Standard deviation over them [nat].
    """

    nats: float
    n_pairs: int
    n_batches: int
    spread: float

    @property
    def saturated(self) -> bool:
        """So near to log N that there may be any amount more."""
        return self.nats > SATURATED * math.log(self.n_pairs)


SATURATED = 0.9
"""Share of log N beyond which a bound says no more than that it is reached."""


@dataclass(frozen=True, kw_only=True)
class RetrievalReport:
    """Cross-modal retrieval over one gallery.

    Attributes:
        gallery_size: Number of candidates.
        values: "V->L/R@10" and the like for R@1, R@5, R@10, MRR, nDCG in all directions.
        chance: The same keys: what a random ranking would give.
        information: "V-L@64" and the like: bounds at so many pairs; empty where the gallery is too
            small, and in reports that are older than it.
    """

    gallery_size: int
    values: Mapping[str, float]
    chance: Mapping[str, float]
    information: Mapping[str, InformationBound] = field(default_factory=dict)

    def recall(self, key: str) -> "Recall":
        """One of the values beside its chance."""
        return Recall(
            value=self.values[key], chance=self.chance[key], gallery_size=self.gallery_size
        )


@dataclass(frozen=True, kw_only=True)
class Recall:
    """A measured recall beside what a random ranking would give."""

    value: float
    chance: float
    gallery_size: int

    @property
    def skill(self) -> float:
        """Share of the way from chance to perfect; below chance it is negative.

        0 is what guessing gets whatever the gallery, so that a small one cannot flatter. A gallery
        in which guessing is always right can show nothing: 0.
        """
        if self.chance >= 1.0:
            return 0.0
        return (self.value - self.chance) / (1.0 - self.chance)

    @property
    def tells(self) -> bool:
        """The gallery is large enough for its recall to mean something."""
        return self.chance <= MOST_CHANCE


MOST_CHANCE = 0.25
"""Beyond this chance, a few hits of luck look like skill: the gallery is too small."""


@dataclass(frozen=True, kw_only=True)
class EvalReport:
    """One evaluation of one model: simulation and retrieval together."""

    protocol: str
    """Hash-stamped name of the protocol; reports under different ones refuse to be compared."""
    step: int
    elapsed_s: float
    tasks: tuple[TaskReport, ...]
    retrieval: RetrievalReport | None = None
    gains: Mapping[str, Estimate] = field(default_factory=dict)
    """Language-use gain, "<task_id>/<arm>" and "all/<arm>": success under the true instruction
    minus success under the arm's, on paired seeds."""
    run_card: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StopDecision:
    """What one more report means for the run."""

    stop: bool
    is_best: bool
    score: float
    reason: str
