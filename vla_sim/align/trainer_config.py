"""What a trainer can be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.encoders.base import BaseConfig
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import Weights
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.align.own_losses import load_losses
from vla_sim.errors import BadConfig
from vla_sim.ranges import above, at_least, whole, within


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """Settings of AlignTrainer."""

    model: ModelConfig = field(default_factory=ModelConfig)
    weights: Weights = field(default_factory=Weights)
    own_losses: Mapping[str, float] = field(default_factory=dict)
    """Losses of your own beside those, each as "module:name" with its weight, see `OwnLoss`."""
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
    surgery: Literal["none", "pcgrad"] = "none"
    device: str = "cpu"
    """Where training runs, as torch names it: "cpu", "cuda", "cuda:1"."""
    bf16: bool = False
    """Run the towers under bfloat16 autocast; heads and losses stay in float32. The picture tower
    of our own decides for itself, see its `bf16`."""

    def __post_init__(self) -> None:
        whole(1, segment_every=self.segment_every, priors_every=self.priors_every)
        whole(1, segment_portion=self.segment_portion)
        if self.segment_portion is not None and self.surgery != "none":
            raise BadConfig(
                f"segment_portion is {self.segment_portion}, and surgery {self.surgery!r} needs "
                "the maps of all segments at once: leave one of them out"
            )
        at_least(0, rehearsal_noise=self.rehearsal_noise)
        within(0, 1, goal_forcing=self.goal_forcing, last_goal_forcing=self.last_goal_forcing)
        within(0, 1, freeze_text_after=self.freeze_text_after)
        above(0, **self.own_losses)
        load_losses(self.own_losses)  # refuses what cannot be loaded
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
