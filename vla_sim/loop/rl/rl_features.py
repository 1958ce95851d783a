"""What the aligned model makes of a moment, as features for reinforcement learning.

Legend: N rows, H by W pixels, S cells, C map channels, D text features, P proprioceptive
components, X features, K chunk steps, A action components.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor
from torch.nn import functional

from vla_sim.agents.rl_pictures import PictureObserver
from vla_sim.align.aims import N_TOLD, N_WAYS, fine
from vla_sim.align.inference import ModelPolicyCore
from vla_sim.align.model import AlignModel, PolicyOutput
from vla_sim.envs.faces.spaces import decode_instruction
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_PROPRIO

Kind = Literal["state", "space", "both"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The state that the decoder acts on, where picture and words lie in the aligned space, or both."""
N_NEAR = 4 * N_WAYS


def n_features(model: AlignModel, kind: Kind) -> int:
    """Size of a row of `state_features`."""
    n_state, n_embed = N_NEAR + model.n_state, model.config.n_embed
    return {"state": n_state, "space": n_embed, "both": n_state + n_embed}[kind]


def state_features(model: AlignModel, out: PolicyOutput, kind: Kind) -> Tensor:
    """What the model made of a moment, shape (N, X).

    The state is what its own decoder acts on: where to go relative to the controlled point (once
    more in detail near by, and as a distance), proprioception, body, words, what was looked at, and
    hazards around.

    Args:
        model: The aligned model.
        out: What it answered to one sentence for each picture.
        kind: The state, z_S scaled to components of unit size, or both.
    """
    state_NX = out.state_BGX.squeeze(1)
    parts = [fine(state_NX[:, :N_TOLD]), state_NX] if kind != "space" else []
    if kind != "state":
        parts.append(model.config.n_embed**0.5 * model.embed_state(out.moment).squeeze(1))
    return torch.cat(parts, dim=-1)


class FrozenFeatures:
    """An `Observer` through a model that does not learn; no row depends on its neighbours."""

    def __init__(self, model: AlignModel, bodies: Mapping[str, int], kind: Kind = "state") -> None:
        """Look through a model.

        Args:
            model: Which is frozen by this.
            bodies: {task: the model's index of its body}.
            kind: Of features.
        """
        self.model = model.eval().requires_grad_(False)
        self.bodies = bodies
        self.kind: Kind = kind
        self._core = ModelPolicyCore(self.model)

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        """Unbounded features."""
        return spaces.Box(-np.inf, np.inf, (n_features(self.model, self.kind),), np.float32)

    def see(self, told: PolicyInput) -> NDArray[np.float32]:
        """Features, float32 (m, X)."""
        return self.look(told)[0]

    def look(self, told: PolicyInput) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features (m, X) and the model's own chunks (m, K, A), float32, of one look."""
        (images,) = told.observation.images.values()
        norm, core = self.model.normaliser, self._core

        def block(
            image_NHWC: Tensor, text_ND: Tensor, proprio_NP: Tensor, body_N: Tensor
        ) -> tuple[Tensor, ...]:
            map_NSC = self.model.vision(image_NHWC)
            out = self.model.act(map_NSC, text_ND.unsqueeze(1), proprio_NP, body_N)
            chunk_NKA = out.chunk_BGKA.squeeze(1).clamp(-1.0, 1.0)
            chunk_NKA = chunk_NKA * norm.action_mask_MA[body_N].unsqueeze(1)
            return state_features(self.model, out, self.kind), chunk_NKA

        with core.evaluating():
            rows = (
                torch.as_tensor(images),
                core.sentences([instruction.text for instruction in told.instructions]),
                core.padded(told.observation.proprio),
                torch.tensor([self.bodies[task_id] for task_id in told.task_ids]),
            )
            widths = ((n_features(self.model, self.kind),), (CHUNK_SIZE, N_ACT))
            features, chunk = core.in_blocks(block, rows, widths)
        return features, chunk


class LearningSight:
    """An `Observer` for `LearntFeatures`: pictures, words, and which body it is."""

    def __init__(self, bodies: Mapping[str, int]) -> None:
        """See slots in some tasks.

        Args:
            bodies: {task: the model's index of its body}.
        """
        self.bodies = bodies
        self._raw = PictureObserver()

    def space(self, body: Embodiment, image_size: int) -> spaces.Dict:
        """A Dict of what `PictureObserver` sees, and `body`."""
        most = max(self.bodies.values())
        raw = self._raw.space(body, image_size).spaces
        return spaces.Dict({**raw, "body": spaces.Box(0, most, (1,), np.int64)})

    def see(self, told: PolicyInput) -> dict[str, NDArray[Any]]:
        """Arrays of shape (m, ...)."""
        bodies = [[self.bodies[task_id]] for task_id in told.task_ids]
        return {**self._raw.see(told), "body": np.array(bodies, dtype=np.int64)}


class LearntFeatures(BaseFeaturesExtractor):
    """The same features from a model that PPO trains along, end to end, from pictures and words."""

    def __init__(self, space: spaces.Dict, model: AlignModel, kind: Kind = "state") -> None:
        super().__init__(space, n_features(model, kind))
        self.kind: Kind = kind
        self.model = model.requires_grad_(True)
        self.model.keep_frozen()
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
        body_N = seen["body"].squeeze(1).to(torch.int64)
        map_NSC = self.model.vision(image_NHWC)
        out = self.model.act(map_NSC, text_ND.unsqueeze(1), proprio_NP, body_N)
        return state_features(self.model, out, self.kind)
