from pathlib import Path
from typing import Any

from lerobot.configs.policies import PreTrainedConfig
from torch import nn

class PreTrainedPolicy(nn.Module):
    config: Any
    def __init__(self, config: PreTrainedConfig, **kwargs: Any) -> None: ...
    def save_pretrained(self, save_directory: Path) -> None: ...
