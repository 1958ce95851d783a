"""What the contrastive terms can be told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from vla_sim.align.losses.temperature import TemperatureConfig
from vla_sim.align.negatives.bank import MemoryBankConfig
from vla_sim.align.negatives.semi_hard import SemiHardConfig
from vla_sim.align.negatives.vote import VoteConfig
from vla_sim.align.soft_targets import SOFT, SoftTargetsConfig
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, whole, within


@dataclass(frozen=True, kw_only=True)
class ContrastConfig:
    """Settings of Contrast; which pairs SigLIP takes is the model's, which holds their biases."""

    temperatures: TemperatureConfig = field(default_factory=TemperatureConfig)
    targets: SoftTargetsConfig = field(default_factory=SoftTargetsConfig)
    bank: MemoryBankConfig = field(default_factory=MemoryBankConfig)
    semi_hard: SemiHardConfig = field(default_factory=SemiHardConfig)
    vote: VoteConfig = field(default_factory=VoteConfig)
    warm_up: int = 1_000
    """Updates after which bank, mining and vote begin: before, similarities say little."""
    into_towers: float = 1.0
    """Share of the gradient of alignment that reaches the towers, which the policy shares; the
    heads get all of it. What looks at clips for grounding is eased as well."""

    def __post_init__(self) -> None:
        whole(0, warm_up=self.warm_up)
        above(0, into_towers=self.into_towers)
        within(0, 1, into_towers=self.into_towers)

    def beyond_plain(self, siglip: Collection[str]) -> list[str]:
        """What makes the terms of segments more than InfoNCE over one batch, setting by setting.

        Args:
            siglip: Pairs that SigLIP takes.
        """
        soft = {pair: kind for pair, kind in vars(self.targets).items() if kind in SOFT}
        return [
            *(f"contrast.targets.{p} = {kind!r}" for p, kind in soft.items() if p != "step"),
            *(f"model.siglip = {pair!r}" for pair in siglip if pair != "step"),
            *([f"contrast.bank.batches = {self.bank.batches}"] if self.bank.batches else []),
            *(
                [f"contrast.semi_hard.margin = {self.semi_hard.margin}"]
                if self.semi_hard.margin > 0.0
                else []
            ),
            *([f"contrast.vote.floor = {self.vote.floor}"] if self.vote.floor < 1.0 else []),
        ]

    def require_use(
        self, weights: Mapping[str, float], *, siglip: Sequence[str], segment_every: int
    ) -> None:
        """See that what is switched on would be used.

        Args:
            weights: {term: weight} of the objective.
            siglip: Pairs that SigLIP takes.
            segment_every: Updates from one batch of segments to the next.

        Raises:
            BadConfig: If a pair has a form or targets of its own and no weight, bank, mining or
                vote is on and no term would use it, or the bank forgets every batch before the
                next one comes.
        """
        told = [
            *(
                (pair, f"contrast.targets.{pair} is {kind!r}")
                for pair, kind in vars(self.targets).items()
                if kind in SOFT
            ),
            *((pair, f"model.siglip names {pair!r}") for pair in siglip),
        ]
        for pair, setting in told:
            if not weights[f"contrast_{pair}"]:
                raise BadConfig(
                    f"{setting}, and weights.contrast_{pair} is 0: the pair is not contrasted; "
                    "give it a weight, or leave the setting out"
                )
        self._require_users({name for name, weight in weights.items() if weight})
        if self.bank.batches and self.bank.max_age < segment_every:
            raise BadConfig(
                f"contrast.bank.max_age is {self.bank.max_age}, and segment_every is "
                f"{segment_every}: every batch would be forgotten before the next one comes; let "
                "vectors grow older"
            )

    def _require_users(self, taken: Collection[str]) -> None:
        """Raise BadConfig where bank, mining or vote is on and none of the terms would use it."""
        pairs = {"contrast_vl", "contrast_la", "contrast_va"}
        # A row's weight needs somebody who weighs by it, and a vote the vectors of actions.
        weighed, acted = {*pairs, "triple"}, {"contrast_la", "contrast_va", "cycle", "triple"}
        needs = {
            "contrast.bank": (pairs,),
            "contrast.semi_hard": ({*pairs, "contrast_step"},),
            "contrast.vote": (weighed, acted),
        }
        for name in self._on:
            for users in needs[name]:
                if users.isdisjoint(taken):
                    raise BadConfig(
                        f"{name} is on, and none of {', '.join(sorted(users))} has a weight: "
                        "nothing would use it; give one of them a weight, or leave it off"
                    )

    @property
    def _on(self) -> list[str]:
        """What is on of that which waits for `warm_up`."""
        waits = {
            "contrast.bank": self.bank.batches > 0.0,
            "contrast.semi_hard": self.semi_hard.margin > 0.0,
            "contrast.vote": self.vote.floor < 1.0,
        }
        return [name for name, is_on in waits.items() if is_on]

    def require_time(self, max_updates: int) -> None:
        """See that a run is long enough for what waits for `warm_up`.

        Raises:
            BadConfig: If it ends before.
        """
        on = self._on
        if on and self.warm_up >= max_updates:
            raise BadConfig(
                f"contrast.warm_up is {self.warm_up}, and the run has {max_updates} updates: "
                f"{' and '.join(on)} would never begin; shorten the warm-up"
            )
