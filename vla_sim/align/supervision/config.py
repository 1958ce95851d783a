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
from vla_sim.errors import BadConfig


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

    @property
    def taught(self) -> list[str]:
        """Lessons that are on, whether they are learnt from or only watched."""
        of_terms = self.of_terms.items()
        return [f"supervision.{name}" for name, on in of_terms if on.weight > 0.0 or on.watches]

    def require_use(self, weights: Mapping[str, float], *, reach: bool, motion: bool) -> None:
        """Refuse supervision for which the model has no head, or that nothing keeps from collapse.

        Args:
            weights: Of all terms of the objective.
            reach: The model has a head that tells how long it takes to get there.
            motion: It has one that tells what moves in a strip of pictures.

        Raises:
            BadConfig: It says which setting to give.
        """
        if self.reachability.weight and not reach:
            raise BadConfig(
                f"supervision.reachability.weight is {self.reachability.weight}, and model.reach "
                "is False: the model has no head to teach; give it one, model.reach = True"
            )
        if self.coherency.steps_wanted and not motion:
            raise BadConfig(
                "supervision.coherency is on, and model.motion is False: nothing tells what is "
                "seen to move; give the model that head, model.motion = True"
            )
        if self.masking.weight and not weights["contrast_vl"]:
            raise BadConfig(
                f"supervision.masking.weight is {self.masking.weight}, and weights.contrast_vl is "
                "0: views alone agree soonest where everything is the same; give it a weight"
            )
        of_moments = {
            "modality_dropout": self.modality_dropout.weight > 0.0,
            "balance": self.balance.weight > 0.0,
            "pseudo_labels.similarity": self.pseudo_labels.weight > 0.0
            and self.pseudo_labels.similarity is not None,
        }
        asked = [name for name, on in of_moments.items() if on]
        if asked and not weights["contrast_step"]:
            raise BadConfig(
                f"supervision.{asked[0]} asks where moments lie on the sphere, and "
                "weights.contrast_step is 0: nothing would teach that; give it a weight"
                + ("" if asked[0] != "pseudo_labels.similarity" else ", or set similarity to None")
            )
