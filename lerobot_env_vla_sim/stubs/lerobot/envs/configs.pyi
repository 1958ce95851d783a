from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lerobot.configs.types import PolicyFeature

_T = TypeVar("_T")

@dataclass
class EnvConfig:
    task: str | None = None
    fps: int = 30
    features: dict[str, PolicyFeature] = field(default_factory=dict)
    features_map: dict[str, str] = field(default_factory=dict)
    max_parallel_tasks: int = 1
    disable_env_checker: bool = True
    @staticmethod
    def register_subclass(name: str) -> Callable[[type[_T]], type[_T]]: ...
    @property
    def type(self) -> str: ...
    @property
    def package_name(self) -> str: ...
    @property
    def gym_id(self) -> str: ...
    @property
    def gym_kwargs(self) -> dict[str, Any]: ...
