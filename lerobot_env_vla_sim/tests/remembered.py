"""A policy of LeRobot that does what was done before in the very same moment, and else nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.policies.pretrained import PreTrainedPolicy
from lerobot.processor import (
    AddBatchDimensionProcessorStep,
    DeviceProcessorStep,
    PolicyProcessorPipeline,
    RenameObservationsProcessorStep,
)
from numpy.typing import NDArray
from torch import Tensor

from moments import KEY_BYTES, key_of
from vla_sim.records.observation import PICTURE

RECALLED: set[bytes] = set()
"""The moments that came again."""


@PreTrainedConfig.register_subclass("remembered")
@dataclass
class RememberedConfig(PreTrainedConfig):
    """Settings of the policy; LeRobot finds the class by this one's name."""

    n_moments: int = 0
    n_act: int = 0

    @property
    def observation_delta_indices(self) -> None:
        return None

    @property
    def action_delta_indices(self) -> None:
        return None

    @property
    def reward_delta_indices(self) -> None:
        return None

    def get_optimizer_preset(self) -> Any:
        raise NotImplementedError

    def get_scheduler_preset(self) -> None:
        return None

    def validate_features(self) -> None:
        """Whatever the environment shows."""


class RememberedPolicy(PreTrainedPolicy):
    """Keys and actions are its weights, saved and loaded as those of any policy."""

    keys: Tensor
    actions: Tensor
    config_class = RememberedConfig
    name = "remembered"

    def __init__(self, config: RememberedConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        shape = (config.n_moments, KEY_BYTES)
        self.register_buffer("keys", torch.zeros(shape, dtype=torch.uint8))
        self.register_buffer("actions", torch.zeros(config.n_moments, config.n_act))

    def reset(self) -> None:
        self._row = {key.numpy().tobytes(): row for row, key in enumerate(self.keys)}

    def select_action(self, batch: dict[str, Any], **kwargs: Any) -> Tensor:
        """(B, A); zero in moments that are not remembered."""
        shown = batch[f"observation.images.{PICTURE}"]
        pictures = (255 * shown).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        proprio = batch["observation.state"].numpy()
        action_BA = torch.zeros(len(pictures), self.config.n_act)
        for row, text in enumerate(batch["task"]):
            key = key_of(pictures[row], proprio[row], text)
            if key in self._row:
                RECALLED.add(key)
                action_BA[row] = self.actions[self._row[key]]
        return action_BA

    def predict_action_chunk(self, batch: dict[str, Any], **kwargs: Any) -> Tensor:
        return self.select_action(batch)[:, None]

    def forward(self, batch: dict[str, Any]) -> Any:
        raise NotImplementedError

    def get_optim_params(self) -> Any:
        raise NotImplementedError


def save(folder: Path, done: Mapping[bytes, NDArray[np.float32]]) -> None:
    """Write a policy that remembers `done` as LeRobot writes one: weights, config, processors."""
    n_act = len(next(iter(done.values())))
    policy = RememberedPolicy(RememberedConfig(n_moments=len(done), n_act=n_act, device="cpu"))
    keys = np.stack([np.frombuffer(key, dtype=np.uint8) for key in done])
    policy.keys.copy_(torch.from_numpy(keys))
    policy.actions.copy_(torch.from_numpy(np.stack(list(done.values()))))
    policy.save_pretrained(folder)
    before = [
        RenameObservationsProcessorStep(rename_map={}),
        AddBatchDimensionProcessorStep(),
        DeviceProcessorStep(device="cpu"),
    ]
    PolicyProcessorPipeline(steps=before, name="policy_preprocessor").save_pretrained(folder)
    after = [DeviceProcessorStep(device="cpu")]
    PolicyProcessorPipeline(steps=after, name="policy_postprocessor").save_pretrained(folder)
