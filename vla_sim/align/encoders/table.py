"""Every encoder by name. To add one: a file with a config that can `build`, and a line."""

from itertools import chain
from typing import TypeAlias

from vla_sim.align.encoders.efficientnet_lite import EfficientNetLiteConfig
from vla_sim.align.encoders.hugging_face_text import HuggingFaceTextConfig
from vla_sim.align.encoders.hugging_face_vision import HuggingFaceVisionConfig
from vla_sim.align.encoders.minilm import MINILM
from vla_sim.align.encoders.text import BagTextConfig, TransformerTextConfig
from vla_sim.align.encoders.vision import VisionConfig

TextConfig: TypeAlias = TransformerTextConfig | BagTextConfig | HuggingFaceTextConfig
AnyVisionConfig: TypeAlias = VisionConfig | HuggingFaceVisionConfig | EfficientNetLiteConfig

TEXT_KINDS: dict[str, type[TextConfig]] = {
    "transformer": TransformerTextConfig,
    "bag": BagTextConfig,
    "hugging_face": HuggingFaceTextConfig,
}
"""What a checkpoint calls the class of a text encoder's settings."""

VISION_KINDS: dict[str, type[AnyVisionConfig]] = {
    "own": VisionConfig,
    "hugging_face": HuggingFaceVisionConfig,
    "efficientnet_lite": EfficientNetLiteConfig,
}
"""The same of a picture tower's."""

ENCODERS: dict[str, TextConfig] = {
    "transformer": TransformerTextConfig(),
    "transformer_2_layers": TransformerTextConfig(n_layers=2, width=128),
    "bag": BagTextConfig(),
    "minilm": HuggingFaceTextConfig(name=MINILM),
    "hf": HuggingFaceTextConfig(),
}
"""Ready-made settings; "hf" is given the folder or the hub id of a model, `--text.name`."""


VISIONS: dict[str, AnyVisionConfig] = {
    "slim": VisionConfig(width=32, deep_width=64, n_out=48),
    "wide": VisionConfig(),
    "deep": VisionConfig(n_deep=3),
    "efficientnet-lite0": EfficientNetLiteConfig(),
    "hf": HuggingFaceVisionConfig(),
}
"""Ready-made settings of the picture tower; "hf" likewise, `--vision.name`."""


def kind_of(config: TextConfig | AnyVisionConfig) -> str:
    """The name of a config's class in `TEXT_KINDS` or `VISION_KINDS`."""
    tables = (TEXT_KINDS.items(), VISION_KINDS.items())
    return next(kind for kind, cls in chain(*tables) if type(config) is cls)
