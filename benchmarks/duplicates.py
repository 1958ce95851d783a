"""Duplicates: what it costs to take repeated instructions for each other's negatives.

Two small towers learn synthetic pairs whose meanings repeat, from equal weights and equal batches,
once with every pair of one meaning as a positive and once with the diagonal alone.

Legend: N pairs of a batch, X features, E embedding, U meanings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.losses.contrastive import contrastive_loss
from vla_sim.align.losses.temperature import INITIAL, clamp_temperature
from vla_sim.eval.retrieval import ranking_values

N_MEANINGS = 128
DUPLICATES = 16
"""Pairs of a meaning that there are to learn from, over and over, as there are in a memory."""
BATCH = 256
N_FEATURES, N_NUISANCE, N_LATENT, N_EMBED, HIDDEN = 48, 24, 12, 32, 128
UPDATES = 200
LEARNING_RATE = 2e-3
PER_MEANING_HELD_OUT = 2

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Data:
    """Pairs of a picture's and a sentence's features, and what they mean."""

    picture_NX: Tensor
    sentence_NX: Tensor
    meaning_N: Tensor


class World:
    """Says how a meaning looks and sounds; either way has nuisance that the other does not show."""

    def __init__(self, seed: int) -> None:
        self.random = torch.Generator().manual_seed(seed)
        self.latent_UX = self._draw(N_MEANINGS, N_LATENT)
        n_in = N_LATENT + N_NUISANCE
        self.looks = self._draw(n_in, N_FEATURES) / n_in**0.5
        self.sounds = self._draw(n_in, N_FEATURES) / n_in**0.5

    def pairs(self, per_meaning: int) -> Data:
        """So many pairs of every meaning, with nuisance drawn anew."""
        meaning_N = torch.arange(N_MEANINGS).repeat_interleave(per_meaning)
        return Data(
            picture_NX=self._shown(meaning_N, self.looks),
            sentence_NX=self._shown(meaning_N, self.sounds),
            meaning_N=meaning_N,
        )

    def _shown(self, meaning_N: Tensor, way: Tensor) -> Tensor:
        own_NX = torch.cat((self.latent_UX[meaning_N], self._draw(len(meaning_N), N_NUISANCE)), 1)
        return torch.tanh(own_NX @ way)

    def _draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.random)


def same(meaning_N: Tensor) -> Tensor:
    """Every pair of one meaning is a positive."""
    return meaning_N[:, None] == meaning_N[None, :]


def diagonal(meaning_N: Tensor) -> Tensor:
    """Only the pair itself is."""
    return torch.eye(len(meaning_N), dtype=torch.bool)


def hit_at_10(
    positives: Callable[[Tensor], Tensor], seed: int, *, duplicates: int = DUPLICATES
) -> float:
    """Share of held-out pictures with a sentence of their meaning among the first ten.

    Args:
        positives: Who belongs together, from the meanings of a batch.
        seed: Of the data, the weights and the batches.
        duplicates: Pairs of one meaning in a batch.
    """
    world = World(seed)
    trained, held_out = world.pairs(DUPLICATES), world.pairs(PER_MEANING_HELD_OUT)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        towers = nn.ModuleList([_tower(), _tower()])
    theta = nn.Parameter(torch.tensor(INITIAL))
    optimiser = torch.optim.Adam([*towers.parameters(), theta], lr=LEARNING_RATE)
    random = torch.Generator().manual_seed(seed)
    for _ in range(UPDATES):
        chosen = torch.randperm(N_MEANINGS, generator=random)[: BATCH // duplicates, None]
        drawn = torch.rand(len(chosen), DUPLICATES, generator=random).argsort(1)[:, :duplicates]
        rows_N = (chosen * DUPLICATES + drawn).flatten()
        picture_NE, sentence_NE = _embedded(towers, trained, rows_N)
        logits_NN = theta.exp() * picture_NE @ sentence_NE.T
        positive_NN = positives(trained.meaning_N[rows_N])
        loss = contrastive_loss(logits_NN, positive_NN) + contrastive_loss(logits_NN.T, positive_NN)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        clamp_temperature(theta)
    with torch.no_grad():
        every_N = torch.arange(len(held_out.meaning_N))
        picture_NE, sentence_NE = _embedded(towers, held_out, every_N)
    scores = (picture_NE @ sentence_NE.T).double().numpy()
    return ranking_values(scores, np.asarray(same(held_out.meaning_N)))["R@10"]


def _tower() -> nn.Module:
    return nn.Sequential(
        nn.Linear(N_FEATURES, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, N_EMBED),
    )


def _embedded(towers: nn.ModuleList, data: Data, rows_N: Tensor) -> tuple[Tensor, Tensor]:
    return (
        functional.normalize(towers[0](data.picture_NX[rows_N]), dim=-1),
        functional.normalize(towers[1](data.sentence_NX[rows_N]), dim=-1),
    )
