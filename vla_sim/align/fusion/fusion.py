"""The role of a fusion: what was seen and said at a moment, in one vector.

Legend: B pictures, G sentences a picture, S cells, C map channels, D text features, X what the
decoder was told, K what is known of the body, E embedding, R sentences that count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from vla_sim.align.easing import eased


@dataclass(frozen=True, kw_only=True)
class Moment:
    """B pictures with G sentences each, as the policy met them; nothing in it is a copy.

    Attributes:
        map_BSC: Feature maps.
        text_BGD: Features of the sentences.
        known_BK: Normalised proprioception and which body it is.
        state_BGX: What the decoder was told: the goal that the grounded attention found, seen from
            the body, and its circumstances.
    """

    map_BSC: Tensor
    text_BGD: Tensor
    known_BK: Tensor
    state_BGX: Tensor

    def eased(self, share: float) -> "Moment":
        """The same moment, of whose gradient a share reaches what the policy made it with."""
        return Moment(
            map_BSC=eased(self.map_BSC, share),
            text_BGD=eased(self.text_BGD, share),
            known_BK=self.known_BK,
            state_BGX=eased(self.state_BGX, share),
        )


@dataclass(frozen=True, kw_only=True)
class FusionSizes:
    """Widths that a fusion is built for, see `Moment`."""

    n_map: int
    n_text: int
    n_known: int
    n_state: int
    hidden: int
    n_embed: int


@dataclass(frozen=True, kw_only=True)
class Fused:
    """What a fusion makes of moments that it learns from.

    Attributes:
        state_BGE: The states.
        terms: Losses of the fusion's own, by the names in its `weights`.
        watched: What is only reported.
    """

    state_BGE: Tensor
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    watched: Mapping[str, Tensor] = field(default_factory=dict)


class Fusion(nn.Module):
    """From a moment to a state; whoever asks puts it on the sphere.

    Attributes:
        weights: {term: weight} of the losses of its own, which count wherever the alignment of
            steps does.
    """

    weights: Mapping[str, float] = {}

    def forward(self, moment: Moment) -> Tensor:
        """The state of every sentence of every picture, shape (B, G, E)."""
        raise NotImplementedError

    def taught(self, moment: Moment, real_R: Tensor, action_RE: Tensor) -> Fused:
        """The states once more, with what the fusion itself is to learn.

        Args:
            moment: What was seen and said.
            real_R: bool (B * G,), the sentences that count; the others are padding.
            action_RE: What the states of those are to lie near, unit vectors without a gradient.
        """
        return Fused(state_BGE=self(moment))

    def settle(self, generator: torch.Generator) -> None:
        """Learn what is learnt without a gradient, from what `taught` saw last.

        Called once an update, after the weights have changed: an update that is given up changes
        nothing here.

        Args:
            generator: Where there is something to draw.
        """

    def give_up(self) -> None:
        """Forget what `taught` saw last, of an update that is not made."""


def each_sentence(value_BX: Tensor, text_BGD: Tensor) -> Tensor:
    """A picture's values beside each of its sentences, shape (B, G, X)."""
    return value_BX.unsqueeze(1).expand(-1, text_BGD.shape[1], -1)


def perceptron(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, n_out))
