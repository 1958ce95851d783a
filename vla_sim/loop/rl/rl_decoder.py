"""The aligned policy's own decoder as an actor: it corrects by what it does otherwise now.

Legend: N rows, X features, D what the decoder is told, A action components.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from vla_sim.agents.rl_actor import BlockActor
from vla_sim.align.aims import N_TOLD
from vla_sim.align.heads import Decoder
from vla_sim.align.model import likeliest
from vla_sim.errors import DamagedFile

_LEARNT = "mlp_extractor.policy_net.decoder."
"""Weights of the decoder that has learnt, in those of SB3's `ActorCriticPolicy`."""


class LearningDecoder(nn.Module):
    """A copy of a decoder that learns, against the decoder as it was: zero everywhere at first.

    What was likeliest stays the way that is taken: a correction bends a plan, it does not jump to
    another one.
    """

    def __init__(
        self, decoder: Decoder, *, n_near: int, body: int, n_act: int, n_steps: int, scale: float
    ) -> None:
        """A copy of `decoder`.

        Args:
            decoder: What acts at the start; it does not learn.
            n_near: Features before what the decoder is told.
            body: Index of a body of the robot.
            n_act: Components of its actions.
            n_steps: Control steps from one decision to the next; a correction is their mean.
            scale: What a correction of 1 is, of an action's range.
        """
        super().__init__()
        self.decoder = deepcopy(decoder).requires_grad_(True)
        # In a tuple: no part of this, so that it is neither learnt nor kept.
        self._start = (deepcopy(decoder).requires_grad_(False).eval(),)
        self._told = slice(n_near, n_near + N_TOLD)
        self._known = slice(n_near + N_TOLD, n_near + N_TOLD + decoder.n_known)
        self.body, self.n_act, self.n_steps, self.scale = body, n_act, n_steps, scale
        self.eval()

    def forward(self, features_NX: Tensor) -> Tensor:
        """Corrections, shape (N, A)."""
        told_N1D = features_NX[:, None, self._told]
        known_N1D = features_NX[:, None, self._known]
        body_N = torch.full((len(features_NX),), self.body)
        (start,) = self._start
        was_NZKA, logit_NZ = (out[:, 0] for out in start(told_N1D, known_N1D, body_N))
        now_NZKA = self.decoder(told_N1D, known_N1D, body_N)[0][:, 0]
        moved_NKA = likeliest(now_NZKA - was_NZKA, logit_NZ)
        moved_NA: Tensor = moved_NKA[:, : self.n_steps, : self.n_act].mean(dim=1) / self.scale
        return moved_NA

    def train(self, mode: bool = True) -> "LearningDecoder":
        """Always as at work: what a row gives must not depend on what it is asked for."""
        return super().train(False)


class DecoderActor(BlockActor):
    """A `LearningDecoder` that has learnt, without PPO."""

    def __init__(self, learning: LearningDecoder, weights: Mapping[str, Tensor]) -> None:
        """Put weights into a decoder.

        Args:
            learning: Of the encoder that the weights began from.
            weights: Of SB3's policy.

        Raises:
            DamagedFile: If they are of another decoder.
        """
        own: dict[str, Any] = {
            name.removeprefix(_LEARNT): value
            for name, value in weights.items()
            if name.startswith(_LEARNT)
        }
        try:
            learning.decoder.load_state_dict(own)
        except RuntimeError as error:
            raise DamagedFile("the policy's weights do not fit its encoder") from error
        super().__init__(learning.requires_grad_(False), learning.n_act)
