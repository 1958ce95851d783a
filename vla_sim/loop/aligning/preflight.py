"""Preflight: what would stop a run after minutes of work is found before anything is made."""

from pathlib import Path

import torch

from vla_sim.align.checkpoint import require_bases
from vla_sim.align.encoders.base import BaseConfig
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.encoders.tower import Tower
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.align.fusion.cross_attention import CrossAttentionConfig
from vla_sim.align.fusion.table import fusion_name
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig


def check_trainer(config: TrainerConfig, *, image_size: int, saved: Path | None) -> None:
    """See that a trainer can be built, and go on from where it was saved.

    Args:
        config: Its settings.
        image_size: Pixels of the pictures that it will be given.
        saved: The checkpoint to go on from; None to begin.

    Raises:
        BadConfig: If torch has no such device, settings contradict each other, or a tower's model
            is not there or of the wrong kind.
        MissingExtra: If a tower comes with an extra that is not installed.
        DamagedFile: If the checkpoint stands on other models than the towers do now.
    """
    check_device(config.device)
    model = config.model
    if isinstance(model.vision, VisionConfig) and model.vision.image_px != image_size:
        raise BadConfig(
            f"pictures are of {image_size} px (simulators.crank.image_size), and the picture tower "
            f"is for {model.vision.image_px} (vision.image_px): make them equal"
        )
    if not isinstance(model.fusion, CrossAttentionConfig) and not config.weights.contrast_step:
        raise BadConfig(
            f"fusion is {fusion_name(model.fusion)!r}, and weights.contrast_step is 0: nothing "
            "would teach it; give it a weight, --learner.trainer.weights.contrast-step 0.3"
        )
    towers: dict[str, Tower] = {}
    with torch.random.fork_rng(devices=[]):
        if isinstance(model.vision, BaseConfig):
            towers["vision"] = model.vision.build()
        if isinstance(model.text, BaseConfig):
            towers["text"] = model.text.build(Tokenizer.from_corpus(()), torch.Generator())
    if saved is not None:
        require_bases(saved, towers)


def check_device(name: str) -> None:
    """Raise BadConfig unless torch can compute there."""
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        said = str(error).partition("\n")[0]
        raise BadConfig(f"device is {name!r}, and torch cannot compute there: {said}") from error
