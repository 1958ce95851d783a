"""Words and single Chinese characters to integers, with a vocabulary built from a corpus."""

import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from vla_sim.errors import DamagedFile

PAD, UNKNOWN, START = 0, 1, 2
SPECIAL = ("<pad>", "<unknown>", "<start>")
MAX_TOKENS = 40
"""Longer sentences are cut; the instructions of a scene stay well below."""

# Chinese has no spaces: each character is a token, and the encoder learns the words.
_TOKEN = re.compile(r"[a-z]+|[0-9]+|[\u3400-\u9fff]")


def split_tokens(text: str) -> list[str]:
    """Lower-case words, numbers and Chinese characters of a text; punctuation is dropped."""
    return _TOKEN.findall(text.lower())


def thinned(text: str, drops: Callable[[], bool]) -> str:
    """A text in lower case without some of its words, numbers and Chinese characters.

    Args:
        text: What was said.
        drops: Asked for each of them in turn.
    """
    return _TOKEN.sub(lambda token: "" if drops() else token[0], text.lower())


class Tokenizer:
    """A fixed vocabulary. Every sentence begins with <start>, so that no sentence is empty."""

    def __init__(self, words: Sequence[str]) -> None:
        if tuple(words[: len(SPECIAL)]) != SPECIAL or len(set(words)) != len(words):
            raise DamagedFile(
                f"this is no vocabulary: it must begin with {', '.join(SPECIAL)} and hold"
                " each word once; save it again from the run that made it"
            )
        self.words = tuple(words)
        self._index = {word: i for i, word in enumerate(self.words)}

    @classmethod
    def from_corpus(cls, corpus: Iterable[str]) -> Self:
        """The vocabulary of a corpus, in sorted order so that equal corpora give equal tables.

        Give it the sentences that training shows: a word that is only in held-out sentences would
        get a row that is never trained, where <unknown> is trained.
        """
        words = {word for text in corpus for word in split_tokens(text)}
        return cls([*SPECIAL, *sorted(words)])

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        """Token ids of one sentence, <start> first."""
        ids = [self._index.get(word, UNKNOWN) for word in split_tokens(text)]
        return [START, *ids][:MAX_TOKENS]

    def batch(self, texts: Sequence[str]) -> Tensor:
        """Ids of several sentences, int64 (n, longest), filled up with <pad>."""
        rows = [self.encode(text) for text in texts]
        longest = max(map(len, rows), default=1)
        return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows]).view(-1, longest)


def drop_tokens(ids_NT: Tensor, probability: float, lot_NT: Tensor) -> Tensor:
    """Replace words by <unknown> at random, so that an unknown word means something.

    Args:
        ids_NT: Token ids, shape (N, T).
        probability: Chance of each word.
        lot_NT: Numbers drawn from [0, 1), one for each token.
    """
    return ids_NT.masked_fill((lot_NT < probability) & (ids_NT > START), UNKNOWN)


def own_lots(texts: Sequence[str], n_tokens: int) -> Tensor:
    """Lots that follow from the sentences, (N, n_tokens); every other sentence has none below 1."""
    lots = np.ones((len(texts), n_tokens))
    for row, text in zip(lots, texts, strict=True):
        drawn = np.random.default_rng(zlib.crc32(text.encode())).random(1 + n_tokens)
        row[:] = drawn[1:] if drawn[0] < 0.5 else 1.0
    return torch.as_tensor(lots)
