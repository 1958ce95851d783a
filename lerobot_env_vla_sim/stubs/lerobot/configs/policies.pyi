from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lerobot.configs.types import PolicyFeature

_T = TypeVar("_T")

@dataclass
class PreTrainedConfig:
    n_obs_steps: int = 1
    input_features: dict[str, PolicyFeature] | None = field(default_factory=dict)
    output_features: dict[str, PolicyFeature] | None = field(default_factory=dict)
    device: str | None = None
    pretrained_path: Path | None = None
    @staticmethod
    def register_subclass(name: str) -> Callable[[type[_T]], type[_T]]: ...
    @classmethod
    def from_pretrained(cls, pretrained_name_or_path: str | Path) -> PreTrainedConfig: ...
    @property
    def type(self) -> str: ...
