"""Shared codebook: picture and words in the same codes before they meet.

Legend: B pictures, G sentences a picture, S cells, C map channels, T tokens of a picture, W tokens
of a sentence, D components of a token, H channels of what a code means, N tokens, R sentences that
count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.fusion.code_use import CodeUse, told_of
from vla_sim.align.fusion.fusion import (
    Fused,
    Fusion,
    FusionSizes,
    Moment,
    each_sentence,
    perceptron,
)
from vla_sim.align.fusion.quantiser import Quantiser
from vla_sim.align.fusion.scalar_quantiser import ScalarQuantiser
from vla_sim.align.fusion.standardiser import Standardiser
from vla_sim.align.fusion.vector_quantiser import VectorQuantiser
from vla_sim.errors import BadConfig
from vla_sim.ranges import at_least, whole, within

COMMITMENT = "fusion_commitment"
BOTH = ("vision", "text")


@dataclass(frozen=True, kw_only=True)
class CodebookConfig:
    """Settings of SharedCodebook with codes that follow the tokens."""

    n_codes: int = 256
    n_components: int = 32
    """Of a token and of a code."""
    n_side: int = 8
    """A picture becomes n_side x n_side tokens."""
    n_words: int = 4
    """A sentence becomes so many tokens."""
    decay: float = 0.99
    """Part of the moving averages, of codes and of tokens, that an update leaves."""
    expire_below: float = 0.1
    """A code expires when it is chosen less than this part of an even share; 0 for never."""
    commitment: float = 0.05
    """Weight of the term that keeps tokens near their codes; 0 leaves it to the codes to follow."""

    def __post_init__(self) -> None:
        whole(2, n_codes=self.n_codes)
        whole(1, n_components=self.n_components, n_side=self.n_side, n_words=self.n_words)
        within(0, 1, decay=self.decay, expire_below=self.expire_below)
        at_least(0, commitment=self.commitment)
        if self.decay == 1.0:
            raise BadConfig("decay is 1: codes would never move; use less, such as 0.99")

    @property
    def must_learn(self) -> tuple[str, ...]:
        """Towers that it cannot do without: those that are to come nearer to the codes."""
        return BOTH if self.commitment else ()

    def build(self, sizes: FusionSizes) -> "SharedCodebook":
        """The fusion with these settings."""
        quantiser = VectorQuantiser(
            n_codes=self.n_codes,
            n_components=self.n_components,
            decay=self.decay,
            expire_below=self.expire_below,
        )
        weights = {COMMITMENT: self.commitment} if self.commitment else {}
        return SharedCodebook(
            quantiser,
            sizes,
            n_side=self.n_side,
            n_words=self.n_words,
            decay=self.decay,
            weights=weights,
        )


@dataclass(frozen=True, kw_only=True)
class FsqConfig:
    """Settings of SharedCodebook with codes that stand still, on a grid."""

    levels: tuple[int, ...] = (8, 5, 5, 5)
    """Levels of each component of a token; there are as many codes as their product."""
    n_side: int = 8
    """A picture becomes n_side x n_side tokens."""
    n_words: int = 4
    """A sentence becomes so many tokens."""
    decay: float = 0.99
    """Part of the moving averages, of tokens and of the use of codes, that an update leaves."""

    def __post_init__(self) -> None:
        if not self.levels:
            raise BadConfig("levels is empty; name two levels or more for each component")
        whole(2, levels=self.levels)
        whole(1, n_side=self.n_side, n_words=self.n_words)
        within(0, 1, decay=self.decay)
        if self.decay == 1.0:
            raise BadConfig("decay is 1: use would never be counted; use less, such as 0.99")

    @property
    def must_learn(self) -> tuple[str, ...]:
        """Towers that it cannot do without: the grid never comes to the tokens."""
        return BOTH

    def build(self, sizes: FusionSizes) -> "SharedCodebook":
        """The fusion with these settings."""
        return SharedCodebook(
            ScalarQuantiser(self.levels),
            sizes,
            n_side=self.n_side,
            n_words=self.n_words,
            decay=self.decay,
            weights={},
        )


class SharedCodebook(Fusion):
    """Tokens of both become codes, a code means the same wherever it is from, and then they meet.

    The words' codes look the picture's over: where in it lie the codes that belong to what was
    said. Only codes pass, so a moment is a few dozen small integers. Tokens of pictures and of
    words are standardised each by themselves: that far apart, they would share no code at all.

    Source:
        Section 5.5 of the chapter; arXiv 1711.00937 and 2309.15505 for the codes.
    """

    def __init__(
        self,
        quantiser: Quantiser,
        sizes: FusionSizes,
        *,
        n_side: int,
        n_words: int,
        decay: float,
        weights: Mapping[str, float],
    ) -> None:
        super().__init__()
        self.weights = weights
        self.quantiser, self.n_side, self.n_words = quantiser, n_side, n_words
        self.use = CodeUse(quantiser.n_codes, decay=decay)
        width = max(1, sizes.hidden // 4)
        n_components = quantiser.n_components
        self.of_picture = nn.Linear(sizes.n_map, n_components)
        self.of_words = nn.Linear(sizes.n_text, n_words * n_components)
        self.even_picture = Standardiser(n_components, decay=decay)
        self.even_words = Standardiser(n_components, decay=decay)
        self.meaning = nn.Linear(n_components, width)
        self.place_TH = nn.Parameter(torch.randn(n_side * n_side, width) * width**-0.5)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)  # a bias would count for all places alike
        n_in = 2 * n_words * width + sizes.n_known
        self.mlp = perceptron(n_in, sizes.hidden, sizes.n_embed)
        self._newest: tuple[list[Tensor], list[Tensor], Tensor] | None = None

    def tokens(self, moment: Moment) -> tuple[Tensor, Tensor]:
        """Tokens of the picture (B, T, D) and of the words (B, G, W, D), not evened yet."""
        n_pictures, n_cells, n_map = moment.map_BSC.shape
        side = isqrt(n_cells)
        map_BCYX = moment.map_BSC.transpose(1, 2).reshape(n_pictures, n_map, side, side)
        pooled_BCT = functional.adaptive_avg_pool2d(map_BCYX, self.n_side).flatten(2)
        words_BGWD = self.of_words(moment.text_BGD).unflatten(-1, (self.n_words, -1))
        return self.of_picture(pooled_BCT.transpose(1, 2)), words_BGWD

    def _joined(self, moment: Moment, picture_BTD: Tensor, words_BGWD: Tensor) -> Tensor:
        """The states of tokens that are codes, (B, G, E)."""
        seen_BTH = self.meaning(picture_BTD)
        said_BGWH = self.meaning(words_BGWD)
        asked_BNH = self.query(said_BGWH).flatten(1, 2)
        score_BNT = asked_BNH @ self.key(seen_BTH).transpose(1, 2) * seen_BTH.shape[-1] ** -0.5
        found_BNH = score_BNT.softmax(-1) @ (seen_BTH + self.place_TH)
        known_BGK = each_sentence(moment.known_BK, moment.text_BGD)
        found_BGX = found_BNH.view_as(said_BGWH).flatten(2)
        out_BGE: Tensor = self.mlp(torch.cat((found_BGX, said_BGWH.flatten(2), known_BGK), dim=-1))
        return out_BGE

    def _coded(self, token: Tensor) -> tuple[Tensor, Tensor]:
        """Even tokens as codes, of any shape (..., D), and which, (...)."""
        code_ND, code_N = self.quantiser(token.reshape(-1, token.shape[-1]))
        return code_ND.view_as(token), code_N.view(token.shape[:-1])

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        picture_BTD, words_BGWD = self.tokens(moment)
        seen_BTD, _ = self._coded(self.even_picture(picture_BTD))
        said_BGWD, _ = self._coded(self.even_words(words_BGWD))
        return self._joined(moment, seen_BTD, said_BGWD)

    def taught(self, moment: Moment, real_R: Tensor, action_RE: Tensor) -> Fused:
        """See `Fusion`."""
        raw_BTD, raw_BGWD = self.tokens(moment)
        picture_BTD, words_BGWD = self.even_picture(raw_BTD), self.even_words(raw_BGWD)
        (seen_BTD, code_BT), (said_BGWD, code_BGW) = (
            self._coded(picture_BTD),
            self._coded(words_BGWD),
        )

        def rows(of_picture: Tensor, of_words: Tensor) -> list[Tensor]:
            """What counts, a row a token: of the pictures, of the words."""
            return [of_picture.flatten(0, 1), of_words.flatten(0, 1)[real_R].flatten(0, 1)]

        codes = rows(code_BT, code_BGW)
        share_MK = self.use.with_more(codes)
        if self.training:
            raw = [token_ND.detach() for token_ND in rows(raw_BTD, raw_BGWD)]
            self._newest = (raw, codes, share_MK)
        terms = {}
        if self.weights:
            token_ND, code_ND = torch.cat(rows(picture_BTD, words_BGWD)), rows(seen_BTD, said_BGWD)
            terms[COMMITMENT] = functional.mse_loss(token_ND, torch.cat(code_ND).detach())
        return Fused(
            state_BGE=self._joined(moment, seen_BTD, said_BGWD),
            terms=terms,
            watched=told_of(share_MK),
        )

    def settle(self, generator: torch.Generator) -> None:
        """See `Fusion`."""
        if self._newest is None:
            return
        ((picture_ND, words_ND), codes, share_MK), self._newest = self._newest, None
        # As they were when they became codes: what evens them moves last.
        even = (self.even_picture(picture_ND), self.even_words(words_ND))
        self.quantiser.follow(torch.cat(even), torch.cat(codes), generator)
        self.use.share_MK.copy_(share_MK)
        self.even_picture.follow(picture_ND)
        self.even_words.follow(words_ND)

    def give_up(self) -> None:
        """See `Fusion`."""
        self._newest = None
