"""Any text model of `transformers` as text tower, from a local folder or the hub.

Legend: N sentences, T tokens, X features of the base, D features.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vla_sim.align.encoders.base import Base, BaseConfig
from vla_sim.align.encoders.hub import load_model, reading
from vla_sim.align.encoders.minilm import MINILM, minilm_folder
from vla_sim.align.encoders.text import TextEncoder, mean_of_tokens
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.encoders.tower import ForeignTower
from vla_sim.ranges import whole


@dataclass(frozen=True, kw_only=True)
class HuggingFaceTextConfig(BaseConfig):
    """Settings of HuggingFaceText."""

    name: str = ""
    """A local folder, a hub id, or "minilm"."""
    width: int = 64
    n_cached: int = 4096
    """Sentences whose frozen features are kept."""

    def __post_init__(self) -> None:
        super().__post_init__()
        whole(1, width=self.width, n_cached=self.n_cached)

    def build(self, tokenizer: Tokenizer, generator: torch.Generator) -> "HuggingFaceText":
        """The encoder with these settings; the base brings its own vocabulary.

        Raises:
            BadConfig: If there is no such model, or it reads no words.
            MissingExtra: If it comes with an extra that is not installed.
        """
        return HuggingFaceText(self)


class HuggingFaceText(ForeignTower, TextEncoder):
    """A base, mean pooled and projected.

    Features of a frozen base are kept by text, so that it runs once for each distinct sentence.
    """

    def __init__(self, config: HuggingFaceTextConfig) -> None:
        super().__init__()
        self.config = config
        self.width = config.width
        place = str(minilm_folder()) if config.name == MINILM else config.name
        loaded = load_model(place, "text")
        self.words = _words(place)
        self.nothing = "" if self.words("")["input_ids"] else str(self.words.eos_token)
        self.base = Base(config, loaded.model, name=config.name, drawn=loaded.drawn)
        n_in = int(loaded.model.config.hidden_size)  # type: ignore[union-attr,arg-type]
        self.project = nn.Sequential(nn.LayerNorm(n_in), nn.Linear(n_in, config.width))
        self._cache: OrderedDict[str, Tensor] = OrderedDict()

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, float32 (N, D)."""
        if self.base.changes:
            pooled_NX = self._pooled(list(texts))
        else:
            pooled_NX = torch.stack([self._remembered(text) for text in texts])
        out_ND: Tensor = self.project(pooled_NX)
        return out_ND.float()

    def _remembered(self, text: str) -> Tensor:
        found = self._cache.get(text)
        if found is None:
            # One at a time: padding would let the other sentences of a batch change the bits.
            with torch.no_grad():
                found = self._pooled([text])[0]
            self._cache[text] = found
            if len(self._cache) > self.config.n_cached:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(text)
        return found

    def _pooled(self, texts: list[str]) -> Tensor:
        said = [text or self.nothing for text in texts]
        words = self.words(said, padding=True, truncation=True, return_tensors="pt")
        device = self.device
        ids_NT, real_NT = words["input_ids"].to(device), words["attention_mask"].to(device)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.base.gradients):
            out = self.base.model(input_ids=ids_NT, attention_mask=real_NT)
        token_NTX: Tensor = out.last_hidden_state
        return mean_of_tokens(token_NTX, real_NT.bool())

    @property
    def device(self) -> torch.device:
        """The device that its weights are on."""
        return next(self.project.parameters()).device


def _words(place: str) -> Any:
    """The vocabulary of a model; sentences are filled up behind their end."""
    from transformers import AutoTokenizer

    with reading(place, "vocabulary of", "tokenizer.json or what else makes its tokenizer"):
        words = AutoTokenizer.from_pretrained(place, padding_side="right")
    if words.pad_token is None:
        words.pad_token = words.eos_token
    return words
