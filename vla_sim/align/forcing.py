"""Forcing: what the decoder is told while it is taught, the truth with errors or what the eye says.

Legend: B pictures, G goals a picture, Q queries.
"""

import torch
from torch import Generator, Tensor

from vla_sim.align.aims import Aims
from vla_sim.align.batch import StepBatch, moved
from vla_sim.align.eye_error import EyeError
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.align.objective import noisy_aims
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.records.triple import N_QUERIES


class Forcing:
    """Draws which rows are told the truth, and with which errors."""

    def __init__(
        self,
        config: TrainerConfig,
        model: AlignModel,
        *,
        generator: Generator,
        device: torch.device,
    ) -> None:
        self.config = config
        self.model = model
        self.generator = generator
        self.eye_error = EyeError(len(model.bodies), N_QUERIES, device)
        self._before = self.eye_error.mean_MQ

    def noise(self, batch: StepBatch) -> Tensor:
        """Standard deviation of the noise on the points that the decoder is told, (B, Q)."""
        noise = self.config.rehearsal_noise
        if noise is None:
            return self.eye_error.deviation(batch.body_B)
        return batch.proprio_BP.new_full((len(batch.body_B), N_QUERIES), noise)

    def told(self, batch: StepBatch, *, fraction: float) -> tuple[Aims, Tensor]:
        """The true aims with errors, and which goals are told them, bool (B, G).

        Args:
            batch: B moments.
            fraction: Share of the budget that is spent.
        """
        first, last = self.config.goal_forcing, self.config.last_goal_forcing
        told_share = first + (last - first) * fraction
        told_BG = torch.rand(batch.weight_BG.shape, generator=self.generator) < told_share
        truth = noisy_aims(self.model, batch, noise_BQ=self.noise(batch), generator=self.generator)
        return truth, moved(told_BG, batch.weight_BG.device)

    def see(self, batch: StepBatch, out: PolicyOutput) -> None:
        """Take note of how far the eye erred, where the noise is to be as large."""
        self._before = self.eye_error.mean_MQ.clone()
        if self.config.rehearsal_noise is None:  # nobody else asks
            self.eye_error.see(self.model.normaliser, batch, out.goal_BGQ3)

    def give_up(self) -> None:
        """Forget what was seen last, of an update that is not made."""
        self.eye_error.mean_MQ = self._before
