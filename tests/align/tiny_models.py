"""Models of `transformers` with a few random weights, saved to folders as their makers would."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    ResNetConfig,
    ResNetModel,
    SiglipConfig,
    SiglipModel,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
)

from vla_sim.align.encoders.tokenizer import split_tokens

PX = 32
SMALL = {"num_hidden_layers": 2, "num_attention_heads": 2}


def vit(folder: Path, *, seed: int = 0, patch: int = 4, dropout: float = 0.0) -> Path:
    """A ViT of two layers for pictures of 32 px, and its preprocessor."""
    config = ViTConfig(
        hidden_size=32,
        intermediate_size=64,
        image_size=PX,
        patch_size=patch,
        hidden_dropout_prob=dropout,
        **SMALL,
    )
    return _saved(ViTModel(_seeded(seed, config)), folder, sees=True)


def resnet(folder: Path, *, seed: int = 0) -> Path:
    """A ResNet of four stages, the last of which has a cell for every 32 pixels."""
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1])
    return _saved(ResNetModel(_seeded(seed, config)), folder, sees=True)


def siglip(folder: Path, *, corpus: list[str]) -> Path:
    """A model of pictures and words in two halves."""
    half = {"hidden_size": 32, "intermediate_size": 64, **SMALL}
    config = SiglipConfig(
        text_config={**half, "vocab_size": _vocabulary(folder, corpus)},
        vision_config={**half, "image_size": PX, "patch_size": 8},
    )
    return _saved(SiglipModel(_seeded(0, config)), folder, sees=True)


def bert(folder: Path, *, corpus: list[str], seed: int = 0, width: int = 32) -> Path:
    """A BERT of two layers that knows the words of a corpus."""
    config = BertConfig(
        vocab_size=_vocabulary(folder, corpus), hidden_size=width, intermediate_size=64, **SMALL
    )
    return _saved(BertModel(_seeded(seed, config)), folder, sees=False)


def _vocabulary(folder: Path, corpus: list[str]) -> int:
    """Writes a tokenizer; returns how many words it has."""
    folder.mkdir(parents=True, exist_ok=True)
    known = sorted(set(split_tokens(" ".join(corpus))))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return len(words)


def _seeded(seed: int, config: Any) -> Any:
    torch.manual_seed(seed)
    return config


def _saved(model: Any, folder: Path, *, sees: bool) -> Path:
    model.save_pretrained(folder)
    if sees:
        ViTImageProcessor(size={"height": PX, "width": PX}).save_pretrained(folder)
    return folder
