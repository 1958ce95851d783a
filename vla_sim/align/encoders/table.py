"""Every encoder by name. To add one: a file with a config that can `build`, and a line."""

from typing import TypeAlias

from vla_sim.align.encoders.hugging_face import MINILM, HuggingFaceTextConfig
from vla_sim.align.encoders.text import BagTextConfig, TransformerTextConfig
from vla_sim.align.encoders.vision import VisionConfig
from vla_sim.errors import UnknownName

TextConfig: TypeAlias = TransformerTextConfig | BagTextConfig | HuggingFaceTextConfig

TEXT_KINDS: dict[str, type[TextConfig]] = {
    "transformer": TransformerTextConfig,
    "bag": BagTextConfig,
    "hugging_face": HuggingFaceTextConfig,
}
"""What a checkpoint calls the class of a text encoder's settings."""

ENCODERS: dict[str, TextConfig] = {
    "transformer": TransformerTextConfig(),
    "transformer_2_layers": TransformerTextConfig(n_layers=2, width=128),
    "bag": BagTextConfig(),
    "minilm": HuggingFaceTextConfig(source=MINILM),
}
"""Ready-made settings; any folder or hub id goes in `HuggingFaceTextConfig(source=...)`."""


VISIONS: dict[str, VisionConfig] = {
    "slim": VisionConfig(width=32, deep_width=64, n_out=48),
    "wide": VisionConfig(),
    "deep": VisionConfig(n_deep=3),
}
"""Ready-made settings of the picture tower."""


def text_encoder(name: str) -> TextConfig:
    """The settings of a text encoder.

    Raises:
        UnknownName: If there is none of that name.
    """
    if name not in ENCODERS:
        raise UnknownName("text encoder", name, ENCODERS)
    return ENCODERS[name]


def kind_of(config: TextConfig) -> str:
    """The name of a config's class in `TEXT_KINDS`."""
    return next(kind for kind, cls in TEXT_KINDS.items() if type(config) is cls)
