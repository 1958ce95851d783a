"""What a trainer can be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.curriculum import CurriculumConfig, Stage
from vla_sim.align.encoders.base import BaseConfig
from vla_sim.align.fusion.codebook import CodebookConfig, FsqConfig
from vla_sim.align.fusion.table import fusion_name
from vla_sim.align.model import TOWERS, ModelConfig
from vla_sim.align.objective import Weights
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.align.own_losses import load_losses
from vla_sim.align.priors import PRIORS
from vla_sim.align.reconciling.fixed import FixedConfig
from vla_sim.align.reconciling.table import ReconcilingConfig, reconciler_name
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.ranges import above, at_least, whole, within


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """Settings of AlignTrainer."""

    model: ModelConfig = field(default_factory=ModelConfig)
    weights: Weights = field(default_factory=Weights)
    own_losses: Mapping[str, float] = field(default_factory=dict)
    """Losses of your own beside those, each as "module:name" with its weight, see `OwnLoss`."""
    contrast: ContrastConfig = field(default_factory=ContrastConfig)
    """Targets, negatives and temperatures of the contrastive terms."""
    supervision: SupervisionConfig = field(default_factory=SupervisionConfig)
    """What modalities and controllers teach beside the labels: off unless it is given a weight."""
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    segment_every: int = 4
    """Segments are learnt from on every k-th step: a clip costs as much as its pictures."""
    segment_portion: int | None = None
    """Segments that are encoded at once: batches of thousands then fit where only a portion would,
    with the same gradient, for a second forward pass. None for all of them at once."""
    priors_every: int = 4
    """Physical priors are taken on every k-th step, k times as heavy: chunks seldom come near the
    limits, and many small operations are dear on a CPU."""
    goal_forcing: float = 0.3
    """Share of the rows whose decoder is told the true aims, with noise, at the start."""
    last_goal_forcing: float = 0.0
    """The same at the end of the budget; in between it goes straight from one to the other."""
    freeze: tuple[str, ...] = ()
    """Towers that do not learn, see `TOWERS`."""
    rehearsal_noise: float | None = 0.05
    """Standard deviation of the noise on true points that the decoder is told, in units of the
    goal's scale; None for as much as the goal heads err at the time, body by body."""
    freeze_text_after: float = 0.5
    """Share of the budget after which the text tower stands still and each sentence is encoded
    once for all: by then words are learnt, and a third of the time is theirs."""
    reconciling: ReconcilingConfig = field(default_factory=FixedConfig)
    """How losses that want different things give one gradient."""
    device: str = "cpu"
    """Where training runs, as torch names it: "cpu", "cuda", "cuda:1"."""
    bf16: bool = False
    """Run the towers under bfloat16 autocast; heads and losses stay in float32. The picture tower
    of our own decides for itself, see its `bf16`."""

    def __post_init__(self) -> None:
        whole(1, segment_every=self.segment_every, priors_every=self.priors_every)
        whole(1, segment_portion=self.segment_portion)
        at_least(0, rehearsal_noise=self.rehearsal_noise)
        within(0, 1, goal_forcing=self.goal_forcing, last_goal_forcing=self.last_goal_forcing)
        within(0, 1, freeze_text_after=self.freeze_text_after)
        above(0, **self.own_losses)
        load_losses(self.own_losses)  # refuses what cannot be loaded
        for tower in self.freeze:
            if tower not in TOWERS:
                raise UnknownName("tower", tower, TOWERS)
        self.contrast.require_use(
            vars(self.weights), siglip=self.model.siglip, segment_every=self.segment_every
        )
        self.supervision.require_use(
            vars(self.weights), reach=self.model.reach, motion=self.model.motion
        )
        self.reconciling.check(
            {**vars(self.weights), **self.own_losses, **self.supervision.weights}
        )
        still = [said for tower in ("vision", "text") if (said := self._still(tower))]
        if len(still) == 2 and self.reconciling.needs_shared:
            raise BadConfig(
                f"{' and '.join(still)}, and reconciling is "
                f"{reconciler_name(self.reconciling)!r}: nothing is learnt that losses share; let "
                "a tower learn, or use --reconciling fixed without priority"
            )
        if self.segment_portion is not None:
            self._check_portions()
        text = self.model.text
        if (
            isinstance(text, BaseConfig)
            and text.train == "unfrozen"
            and text.unfreeze_until > self.freeze_text_after
        ):
            raise BadConfig(
                f"model.text.unfreeze_until is {text.unfreeze_until}, and from freeze_text_after, "
                f"{self.freeze_text_after}, on the text tower stands still: let layers wake before"
            )
        for tower in ("vision", "text"):
            config = getattr(self.model, tower)
            if tower in self.freeze and getattr(config, "train", "frozen") != "frozen":
                raise BadConfig(
                    f"freeze names {tower!r}, and model.{tower}.train is {config.train!r}: let it "
                    "learn or let it stand still"
                )
        if isinstance(self.model.fusion, CodebookConfig | FsqConfig):
            for tower in self.model.fusion.must_learn:
                self._check_learns(tower)

    def _check_portions(self) -> None:
        """Raise BadConfig where something needs all segments, or maps of them, at once."""
        needs = [*self.contrast.beyond_plain(self.model.siglip), *self.supervision.taught]
        plain = FixedConfig()
        if self.reconciling != plain:
            name = reconciler_name(self.reconciling)
            told = {k: v for k, v in vars(self.reconciling).items() if vars(plain).get(k) != v}
            needs.append(f"reconciling {name!r}" + (f" with {told}" if name == "fixed" else ""))
        if needs:
            raise BadConfig(
                f"segment_portion is {self.segment_portion}, and {' and '.join(needs)} needs all "
                "segments of a batch, or the maps of all, at once: leave one of them out"
            )

    def _check_learns(self, tower: str) -> None:
        """Raise BadConfig where a tower never learns that the fusion cannot do without."""
        if still := self._still(tower):
            raise BadConfig(
                f"{still}, and fusion {fusion_name(self.model.fusion)!r} needs it to come to the "
                "codes: let it learn, or take another fusion"
            )

    def _still(self, tower: str) -> str:
        """Why a tower never learns; empty where it does."""
        if tower == "text" and self.freeze_text_after == 0.0:
            return "freeze_text_after is 0, so that the text tower never learns"
        return f"freeze names {tower!r}" if tower in self.freeze else ""

    def wanted(self, stage: Stage, n_steps: int) -> dict[str, float]:
        """{term: weight} of the update after so many, at a stage of the curriculum."""
        wanted = self.weights.active(
            stage, behaviour_from_start=self.curriculum.behaviour_from_start
        )
        due = n_steps % self.priors_every == 0
        wanted = {
            name: weight * (self.priors_every if name in PRIORS else 1)
            for name, weight in wanted.items()
            if due or name not in PRIORS
        }
        return wanted | dict(self.own_losses)
