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
            BadConfig: If a pair has a form or targets of its own and no weight, or the bank forgets
                every batch before the next one comes.
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
        if self.bank.batches and self.bank.max_age < segment_every:
            raise BadConfig(
                f"contrast.bank.max_age is {self.bank.max_age}, and segment_every is "
                f"{segment_every}: every batch would be forgotten before the next one comes; let "
                "vectors grow older"
            )

    def require_time(self, max_updates: int) -> None:
        """See that a run is long enough for what waits for `warm_up`.

        Raises:
            BadConfig: If it ends before.
        """
        waits = {
            "contrast.bank": self.bank.batches > 0.0,
            "contrast.semi_hard": self.semi_hard.margin > 0.0,
            "contrast.vote": self.vote.floor < 1.0,
        }
        on = [name for name, is_on in waits.items() if is_on]
        if on and self.warm_up >= max_updates:
            raise BadConfig(
                f"contrast.warm_up is {self.warm_up}, and the run has {max_updates} updates: "
                f"{' and '.join(on)} would never begin; shorten the warm-up"
            )
