"""All settings of supervision, and what they ask of the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_sim.align.supervision.balance import BalanceConfig
from vla_sim.align.supervision.band import BandConfig
from vla_sim.align.supervision.coherency import CoherencyConfig
from vla_sim.align.supervision.masking import MaskingConfig
from vla_sim.align.supervision.modality_dropout import ModalityDropoutConfig
from vla_sim.align.supervision.paraphrase import ParaphraseConfig
from vla_sim.align.supervision.pseudo_labels import PseudoLabelConfig
from vla_sim.align.supervision.reachability import ReachabilityConfig
from vla_sim.align.supervision.taught import TaughtConfig


@dataclass(frozen=True, kw_only=True)
class SupervisionConfig:
    """Settings of Supervisor. By default there is none of it, and it costs nothing."""

    band: BandConfig = field(default_factory=BandConfig)
    """Of actions, at the start."""
    paraphrase: ParaphraseConfig = field(default_factory=ParaphraseConfig)
    masking: MaskingConfig = field(default_factory=MaskingConfig)
    pseudo_labels: PseudoLabelConfig = field(default_factory=PseudoLabelConfig)
    modality_dropout: ModalityDropoutConfig = field(default_factory=ModalityDropoutConfig)
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    coherency: CoherencyConfig = field(default_factory=CoherencyConfig)
    reachability: ReachabilityConfig = field(default_factory=ReachabilityConfig)

    @property
    def of_terms(self) -> Mapping[str, TaughtConfig]:
        """{term of the objective: its settings}."""
        return {
            "paraphrase": self.paraphrase,
            "masking": self.masking,
            "pseudo_labels": self.pseudo_labels,
            "modality_dropout": self.modality_dropout,
            "balance": self.balance,
            "coherency": self.coherency,
            "reachability": self.reachability,
        }

    @property
    def weights(self) -> Mapping[str, float]:
        """{term: weight}."""
        return {name: config.weight for name, config in self.of_terms.items()}
