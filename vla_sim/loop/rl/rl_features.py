"""What the aligned model makes of a moment, as features for reinforcement learning.

Legend: N rows, H by W pixels, X features.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor
from torch.nn import functional

from vla_sim.agents.aligned import padded
from vla_sim.agents.rl_actor import BLOCK
from vla_sim.align.heads import N_TOLD, N_WAYS, fine
from vla_sim.align.model import AlignModel
from vla_sim.envs.faces.spaces import decode_instruction
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import N_PROPRIO

Kind = Literal["state", "space", "both"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The state that the decoder acts on, where picture and words lie in the aligned space, or both."""
N_NEAR = 4 * N_WAYS
N_CACHED = 8192
"""Sentences whose features are kept."""


def n_features(model: AlignModel, kind: Kind) -> int:
    """Size of a row of `state_features`."""
    n_state, n_embed = N_NEAR + model.n_state, model.config.n_embed
    return {"state": n_state, "space": n_embed, "both": n_state + n_embed}[kind]


def state_features(
    model: AlignModel,
    image_NHWC: Tensor,
    proprio_NP: Tensor,
    text_ND: Tensor,
    body: int,
    kind: Kind,
) -> Tensor:
    """What the model makes of a moment, shape (N, X).

    The state is what its own decoder acts on: where to go relative to the controlled point (once
    more in detail near by, and as a distance), proprioception, body, words, what was looked at, and
    hazards around.

    Args:
        model: The aligned model.
        image_NHWC: Pictures in [0, 255].
        proprio_NP: Raw proprioception, padded.
        text_ND: Features of the sentences.
        body: Index of the body.
        kind: The state, z_S scaled to components of unit size, or both.
    """
    body_N = torch.full((len(image_NHWC),), body, dtype=torch.int64)
    out = model.act(model.vision(image_NHWC), text_ND.unsqueeze(1), proprio_NP, body_N)
    state_NX = out.state_BGX.squeeze(1)
    parts = [fine(state_NX[:, :N_TOLD]), state_NX] if kind != "space" else []
    if kind != "state":
        parts.append(model.config.n_embed**0.5 * model.embed_state(out.moment).squeeze(1))
    return torch.cat(parts, dim=-1)


class FrozenFeatures:
    """An `Observer` through a model that does not learn; no row depends on its neighbours."""

    def __init__(self, model: AlignModel, body: int, kind: Kind = "state") -> None:
        self.model = model.eval().requires_grad_(False)
        self.body = body
        self.kind: Kind = kind
        self._texts: OrderedDict[str, Tensor] = OrderedDict()

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        """Unbounded features."""
        return spaces.Box(-np.inf, np.inf, (n_features(self.model, self.kind),), np.float32)

    def see(self, told: PolicyInput) -> NDArray[np.float32]:
        """Features, float32 (m, X)."""
        (images,) = told.observation.images.values()
        rows = (
            torch.as_tensor(images),
            torch.as_tensor(padded(told.observation.proprio)),
            self._sentences([instruction.text for instruction in told.instructions]),
        )
        features = np.zeros((len(images), n_features(self.model, self.kind)), dtype=np.float32)
        with torch.no_grad():
            for start in range(0, len(images), BLOCK):
                block = [row[start : start + BLOCK] for row in rows]
                n = len(block[0])
                image, proprio, text = (
                    torch.cat((b, b[:1].expand(BLOCK - n, *b.shape[1:]))) for b in block
                )
                out = state_features(self.model, image, proprio, text, self.body, self.kind)
                features[start : start + n] = out[:n]
        return features

    def _sentences(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, each encoded alone: padding would change the others' bits."""
        with torch.no_grad():
            for text in texts:
                if text not in self._texts:
                    self._texts[text] = self.model.encode_texts([text])[0]
                self._texts.move_to_end(text)
        rows_ND = torch.stack([self._texts[text] for text in texts])
        while len(self._texts) > N_CACHED:
            self._texts.popitem(last=False)
        return rows_ND


class LearntFeatures(BaseFeaturesExtractor):
    """The same features from a model that PPO trains along, end to end, from pictures and words."""

    def __init__(
        self, space: spaces.Dict, model: AlignModel, body: int, kind: Kind = "state"
    ) -> None:
        super().__init__(space, n_features(model, kind))
        self.kind: Kind = kind
        self.model = model.requires_grad_(True)
        self.model.keep_frozen()
        self.body = body
        self.train()

    def train(self, mode: bool = True) -> "LearntFeatures":
        """As ever, but for the model, which stays in evaluation mode."""
        super().train(mode)
        # Words dropped by chance would make PPO's ratio of probabilities wrong.
        self.model.eval()
        return self

    def forward(self, seen: dict[str, Tensor]) -> Tensor:
        """Features, shape (N, X), of a batch of SB3's, which has pictures channels first."""
        image_NHWC = seen["image"].permute(0, 2, 3, 1).contiguous()
        known_NP = seen["proprio"]
        proprio_NP = functional.pad(known_NP, (0, N_PROPRIO - known_NP.shape[1]))
        words = seen["instruction"].to(torch.uint8).numpy()
        text_ND = self.model.encode_texts([decode_instruction(row) for row in words])
        return state_features(self.model, image_NHWC, proprio_NP, text_ND, self.body, self.kind)
