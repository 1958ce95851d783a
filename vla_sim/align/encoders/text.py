"""Sentences to features: a small transformer that is trained here, English and Chinese together.

Legend: N sentences, T tokens, D features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from vla_sim.align.encoders.tokenizer import (
    MAX_TOKENS,
    PAD,
    START,
    Tokenizer,
    drop_tokens,
    own_lots,
)
from vla_sim.align.encoders.tower import Tower
from vla_sim.errors import BadConfig
from vla_sim.ranges import whole, within

STEADY_BLOCK = 32
"""Sentences encoded at once where bits must not depend on the company."""
STEADY_TOKENS = 8
"""There, too, sentences are filled up to the next multiple of so many tokens: their length alone
decides which, and few of them come near the longest."""


def mean_of_tokens(token_NTD: Tensor, real_NT: Tensor) -> Tensor:
    """Mean over the real tokens, shape (N, D).

    Args:
        token_NTD: Token features.
        real_NT: bool, False for padding; every row has at least one True.
    """
    weight_NT1 = real_NT.unsqueeze(-1).to(token_NTD.dtype)
    return (token_NTD * weight_NT1).sum(1) / weight_NT1.sum(1)


Reading = Callable[[Sequence[int]], Tensor]
"""From places in a list of sentences to their features, (N, D)."""


class TextEncoder(Tower):
    """What every text tower offers: `width` features for each of a list of sentences."""

    width: int

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, float32 (N, D). In training mode words may be dropped."""
        raise NotImplementedError

    def reading(self, texts: Sequence[str]) -> Reading:
        """What gives the features of any of the sentences, now or later, and each time alike.

        The words that are dropped in training are those that `forward` of all of them would drop.
        """
        return lambda places: self([texts[place] for place in places])

    def steady(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences of which each one's bits do not depend on its company.

        Which words are dropped in training follows from the sentence: of one half of them none, of
        the others each time the same ones.
        """
        return torch.cat([self([text]) for text in texts])


@dataclass(frozen=True, kw_only=True)
class TokenTextConfig:
    """Settings of every text tower that learns its own tokens."""

    width: int = 64
    unknown_dropout: float = 0.05
    """Chance of a word to be read as unknown in training."""

    def __post_init__(self) -> None:
        whole(1, width=self.width)
        within(0, 1, unknown_dropout=self.unknown_dropout)


Settings = TypeVar("Settings", bound=TokenTextConfig)


class TokenText(TextEncoder, Generic[Settings]):
    """A text tower over the vocabulary of a tokenizer."""

    def __init__(self, config: Settings, tokenizer: Tokenizer, generator: torch.Generator) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.generator = generator
        self.width = config.width

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, float32 (N, D)."""
        return self.encoded(self.tokens(texts))

    def reading(self, texts: Sequence[str]) -> Reading:
        """See `TextEncoder.reading`."""
        ids_NT = self.tokens(texts)
        return lambda places: self.encoded(ids_NT[list(places)])

    def steady(self, texts: Sequence[str]) -> Tensor:
        """See `TextEncoder.steady`."""
        return torch.cat([self.encoded(self.steady_tokens([text])) for text in texts])

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Token ids, int64 (N, T), PAD behind each sentence; in training some are dropped."""
        ids_NT = self.tokenizer.batch(texts)
        if self.training:
            lot_NT = torch.rand(ids_NT.shape, generator=self.generator)
            ids_NT = drop_tokens(ids_NT, self.config.unknown_dropout, lot_NT)
        return ids_NT

    def steady_tokens(self, texts: Sequence[str]) -> Tensor:
        """The same, but of a sentence always the same ones are dropped, and of every other none.

        What reads kept features reads them for most of a training: it has to know unknown words,
        and to be sure of known ones.
        """
        ids_NT = self.tokenizer.batch(texts)
        if self.training:
            lot_NT = own_lots(texts, ids_NT.shape[1])
            ids_NT = drop_tokens(ids_NT, self.config.unknown_dropout, lot_NT)
        return ids_NT

    def encoded(self, ids_NT: Tensor) -> Tensor:
        """Features of token ids, float32 (N, D)."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class TransformerTextConfig(TokenTextConfig):
    """Settings of TransformerText."""

    n_layers: int = 1
    n_heads: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        whole(1, n_layers=self.n_layers, n_heads=self.n_heads)
        if self.width % self.n_heads:
            raise BadConfig(f"a width of {self.width} does not divide into {self.n_heads} heads")

    def build(self, tokenizer: Tokenizer, generator: torch.Generator) -> "TransformerText":
        """The encoder with these settings, over a vocabulary."""
        return TransformerText(self, tokenizer, generator)


class TransformerText(TokenText[TransformerTextConfig]):
    """A BERT of our own size, from `transformers`, mean pooled."""

    def __init__(
        self, config: TransformerTextConfig, tokenizer: Tokenizer, generator: torch.Generator
    ) -> None:
        super().__init__(config, tokenizer, generator)
        # Here, because transformers takes seconds to import, and other towers do without it.
        from transformers import BertConfig, BertModel

        self.bert = BertModel(
            BertConfig(
                vocab_size=len(tokenizer),
                hidden_size=config.width,
                num_hidden_layers=config.n_layers,
                num_attention_heads=config.n_heads,
                intermediate_size=config.width,
                hidden_act="relu",
                max_position_embeddings=MAX_TOKENS,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
                type_vocab_size=1,
                pad_token_id=PAD,
            ),
            add_pooling_layer=False,
        )

    def steady(self, texts: Sequence[str]) -> Tensor:
        """As `TextEncoder.steady`, in blocks of a few shapes: much faster than one by one."""
        device = self.bert.device
        ids_NT = self.steady_tokens(texts)
        n_blocks_N = ((ids_NT != PAD).sum(1) + STEADY_TOKENS - 1) // STEADY_TOKENS
        features, order = [], []
        for n_blocks in sorted(set(n_blocks_N.tolist())):
            n_tokens = STEADY_TOKENS * n_blocks
            for rows in (n_blocks_N == n_blocks).nonzero().squeeze(1).split(STEADY_BLOCK):
                block_XT = torch.full((STEADY_BLOCK, n_tokens), PAD)
                block_XT[len(rows) :, 0] = START
                block_XT[: len(rows), : ids_NT.shape[1]] = ids_NT[rows, :n_tokens]
                features.append(self.encoded(block_XT)[: len(rows)])
                order.append(rows)
        return torch.cat(features)[torch.cat(order).argsort().to(device)]

    def encoded(self, ids_NT: Tensor) -> Tensor:
        """See `TokenText.encoded`."""
        ids_NT = ids_NT.to(self.bert.device)
        real_NT = ids_NT != PAD
        token_NTD = self.bert(input_ids=ids_NT, attention_mask=real_NT.long()).last_hidden_state
        return mean_of_tokens(token_NTD, real_NT)


@dataclass(frozen=True, kw_only=True)
class BagTextConfig(TokenTextConfig):
    """Settings of BagText."""

    def build(self, tokenizer: Tokenizer, generator: torch.Generator) -> "BagText":
        """The encoder with these settings, over a vocabulary."""
        return BagText(self, tokenizer, generator)


class BagText(TokenText[BagTextConfig]):
    """The mean of learned token embeddings through an MLP: order is lost, speed is won."""

    def __init__(
        self, config: BagTextConfig, tokenizer: Tokenizer, generator: torch.Generator
    ) -> None:
        super().__init__(config, tokenizer, generator)
        self.embedding = nn.Embedding(len(tokenizer), config.width, padding_idx=PAD)
        self.mlp = nn.Sequential(
            nn.Linear(config.width, 2 * config.width),
            nn.ReLU(),
            nn.Linear(2 * config.width, config.width),
        )

    def encoded(self, ids_NT: Tensor) -> Tensor:
        """See `TokenText.encoded`."""
        ids_NT = ids_NT.to(self.embedding.weight.device)
        mean_ND: Tensor = mean_of_tokens(self.embedding(ids_NT), ids_NT != PAD)
        out_ND: Tensor = mean_ND + self.mlp(mean_ND)
        return out_ND
