"""Until: rules that say during a benchmark how many episodes are enough."""

from collections.abc import Sequence
from dataclasses import dataclass

from vla_sim.errors import BadConfig
from vla_sim.eval.sequential import EAGERNESS, Outcome, SequentialTest, require_alpha
from vla_sim.eval.statistics import wilson
from vla_sim.loop.benching.benchmark import MOST_EPISODES
from vla_sim.ranges import as_by_default, whole

LOOK_EVERY = 10
"""Episodes of a task between two looks at the width of its interval."""
DECIDED = "decided"
"""Begins a rule whose episodes end where one policy is known to be better."""
DECISION = "decision.json"
"""What it came to, beside the two results."""

_SETTINGS = {"decided": ("on", "alpha"), "width": ("fewest", "cap")}
"""{rule: the settings that say more of it}."""


@dataclass(frozen=True, kw_only=True)
class UntilConfig:
    """When a benchmark stops; all episodes are run where neither rule is named."""

    decided: str = ""
    """Compare with this policy, or with the folder of its result, on the same episodes, and stop as
    soon as one is known to be better."""
    on: Outcome = "success"
    """What is compared: success, or graded progress, which tells failures apart."""
    alpha: float = 0.05
    """Largest chance of calling two equal policies different."""
    width: float = 0.0
    """Run more episodes of a task until its interval is at most this wide, for example 0.14; 0: as
    many as `episodes` says."""
    fewest: int = 10
    """Episodes of a task before its width is looked at."""
    cap: int = 200
    """Episodes of a task after which it is left as wide as it is."""

    def __post_init__(self) -> None:
        require_alpha(self.alpha)
        whole(1, MOST_EPISODES, fewest=self.fewest, cap=self.cap)
        if self.decided and self.width:
            raise BadConfig("until_decided and until_width are two rules; name one of them")
        if not 0.0 <= self.width < 1.0:
            raise BadConfig(f"until_width is {self.width}; use more than 0 and less than 1")
        for rule, settings in _SETTINGS.items():
            if not getattr(self, rule):
                why = (
                    f", which says how --until-{rule} stops, and that is not asked for: say it too"
                )
                as_by_default("until", self, settings, why)
        if self.cap < self.fewest:
            raise BadConfig(
                f"cap is {self.cap}, below the fewest episodes of a task, {self.fewest}"
            )

    @property
    def test(self) -> SequentialTest:
        """What decides."""
        return SequentialTest(alpha=self.alpha, eagerness=EAGERNESS[self.on])

    @property
    def said(self) -> str:
        """The rule in words, for the protocol; empty where all episodes are run."""
        if self.decided:
            return f"{DECIDED} on {self.on}, alpha {self.alpha:g}"
        if self.width:
            return f"width {self.width:g}, {self.fewest} to {self.cap} episodes"
        return ""

    def check(self, *, arms: Sequence[str], n_pairs: int, n_protocols: int, shard: str) -> None:
        """Refuse what contradicts the rest of a benchmark's settings.

        Args:
            arms: What the policy is told.
            n_pairs: Episodes that there may be, of all tasks.
            n_protocols: How many protocols are run.
            shard: Which share is run; empty for all.

        Raises:
            BadConfig: If a rule cannot be followed.
        """
        if self.said and shard:
            raise BadConfig(
                f"shard is {shard}, and the rule {self.said!r} looks at all episodes together; "
                "leave one of the two away"
            )
        if not self.decided:
            return
        if len(arms) != 1:
            raise BadConfig(
                f"until_decided compares under one arm, and arms is {' '.join(arms)}; name one, "
                "for example `--arms correct`"
            )
        if n_protocols > 1:
            raise BadConfig(
                f"until_decided decides under one protocol, and this suite has {n_protocols}; "
                "name tasks, an axis and a severity instead"
            )
        if n_pairs < self.test.fewest_pairs:
            raise BadConfig(
                f"{n_pairs} pairs cannot decide at alpha {self.alpha:g}: it takes "
                f"{self.test.fewest_pairs} at least; give more episodes"
            )

    def next_look(self, n_done: int, n_hits: int) -> int:
        """How many episodes of a task there are to be; `n_done` where that is enough.

        The rule sees how wide the interval is and not where it lies: k hits of n and n - k hits
        stop alike.
        """
        if n_done < self.fewest:
            return self.fewest
        interval = wilson(n_hits, n_done)
        if interval.high - interval.low <= self.width:
            return n_done
        return min(n_done + LOOK_EVERY, self.cap)
