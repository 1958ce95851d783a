"""The actor that PPO or SAC trained, without it: features to the mean action.

Legend: N rows, X features, A action components.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vla_sim.errors import DamagedFile

WIDE = 16
"""The last matrix product is padded to so many outputs: narrower ones sum in an order that depends
on a row's place in its batch."""
BLOCK = 16
"""Rows a forward pass, always as many, for the same reason."""

_PPO = ("mlp_extractor.policy_net.", "action_net.")
_SAC = ("actor.latent_pi.", "actor.mu.")
"""What an actor's hidden layers and its last one are called."""


class BlockActor:
    """Features to the mean action by a network; a row's bits do not depend on the other rows."""

    def __init__(self, net: nn.Module, n_act: int) -> None:
        """An actor.

        Args:
            net: Gives `n_act` numbers or more, of which the first are meant.
            n_act: Components of an action.
        """
        self.net = net
        self.n_act = n_act

    def __call__(self, features_NX: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean actions within [-1, 1], shape (N, A)."""
        actions_NA = np.zeros((len(features_NX), self.n_act), dtype=np.float32)
        with torch.no_grad():
            for start in range(0, len(features_NX), BLOCK):
                rows_BX = torch.as_tensor(features_NX[start : start + BLOCK])
                n = len(rows_BX)
                filled_BX = torch.cat((rows_BX, rows_BX[:1].expand(BLOCK - n, -1)))
                out_BA = self.within(self.net(filled_BX))
                actions_NA[start : start + n] = out_BA[:n, : self.n_act].numpy()
        return actions_NA

    def within(self, out_BA: Tensor) -> Tensor:
        """What the network gave, within [-1, 1]."""
        return out_BA.clamp(-1.0, 1.0)


class RlActor(BlockActor):
    """An MLP with ReLUs."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        """Take the actor's share of the weights of SB3's `ActorCriticPolicy` or `SACPolicy`.

        Raises:
            DamagedFile: If they hold no such actor.
        """
        self.is_squashed = _SAC[1] + "weight" in weights
        hidden, last = _SAC if self.is_squashed else _PPO
        places = sorted(
            int(name.removeprefix(hidden).removesuffix(".weight"))
            for name in weights
            if name.startswith(hidden) and name.endswith(".weight")
        )
        layers: list[nn.Module] = []
        try:
            for place in places:
                name = f"{hidden}{place}."
                layers += [_linear(weights[name + "weight"], weights[name + "bias"]), nn.ReLU()]
            out, bias = weights[last + "weight"], weights[last + "bias"]
        except KeyError as error:
            raise DamagedFile(f"the policy's weights lack {error}; train it again") from error
        n_act = len(bias)
        more = max(WIDE - n_act, 0)
        layers.append(
            _linear(nn.functional.pad(out, (0, 0, 0, more)), nn.functional.pad(bias, (0, more)))
        )
        super().__init__(nn.Sequential(*layers), n_act)

    def within(self, out_BA: Tensor) -> Tensor:
        """By tanh where it was trained so."""
        return out_BA.tanh() if self.is_squashed else super().within(out_BA)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer.requires_grad_(False)
