"""Laws of the towers: shapes, independence of the company, and what they cannot read."""

import numpy as np
import pytest
import torch

from tests.align.squares import CORPUS
from vla_sim.align.encoders.action import ActionConfig
from vla_sim.align.encoders.table import ENCODERS, TEXT_KINDS, TextConfig, kind_of
from vla_sim.align.encoders.text import BagTextConfig, TransformerTextConfig
from vla_sim.align.encoders.tokenizer import (
    MAX_TOKENS,
    START,
    UNKNOWN,
    Tokenizer,
    drop_tokens,
    split_tokens,
)
from vla_sim.align.encoders.vision import N_CELLS, VisionConfig
from vla_sim.align.sentences import KeptTexts
from vla_sim.errors import BadConfig, DamagedFile
from vla_sim.records.triple import CHUNK_SIZE, N_ACT, N_PROPRIO

TOKENIZER = Tokenizer.from_corpus(CORPUS)


def test_words_and_characters() -> None:
    assert split_tokens("Go to the RED square, 2x!") == [
        "go",
        "to",
        "the",
        "red",
        "square",
        "2",
        "x",
    ]
    assert split_tokens("到红色方块。") == ["到", "红", "色", "方", "块"]
    assert TOKENIZER.encode("") == [START]
    assert TOKENIZER.encode("xylophone") == [START, UNKNOWN]
    assert len(TOKENIZER.encode("red " * 99)) == MAX_TOKENS
    assert Tokenizer.from_corpus(reversed(CORPUS)).words == TOKENIZER.words


def test_a_foreign_vocabulary_is_refused() -> None:
    with pytest.raises(DamagedFile, match="vocabulary"):
        Tokenizer(["red", "green"])


def test_dropping_spares_padding_and_start() -> None:
    ids = TOKENIZER.batch(["go to the red square", "红"])
    lots = torch.rand(ids.shape)
    dropped = drop_tokens(ids, 1.0, lots)
    assert (dropped[ids > START] == UNKNOWN).all()
    assert torch.equal(dropped[ids <= START], ids[ids <= START])
    assert torch.equal(drop_tokens(ids, 0.0, lots), ids)


@pytest.mark.parametrize("config", [TransformerTextConfig(), BagTextConfig()])
def test_own_text_encoders(config: TransformerTextConfig | BagTextConfig) -> None:
    encoder = config.build(TOKENIZER, torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        alone = [encoder([text])[0] for text in CORPUS]
        together = encoder(CORPUS)
        steady = encoder.steady(CORPUS)
        shifted = encoder.steady(CORPUS[3:])
    assert together.shape == (len(CORPUS), encoder.width)
    torch.testing.assert_close(torch.stack(alone), together, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(steady, together, atol=1e-5, rtol=1e-4)
    assert torch.equal(shifted, steady[3:])  # to the last bit
    assert torch.unique(steady, dim=0).shape[0] == len(CORPUS)
    assert torch.isfinite(encoder([""])).all()
    kept = KeptTexts()
    for text, own in zip(CORPUS, steady, strict=True):  # other words in every update
        assert torch.equal(kept.features(encoder, [text, ""], most=3)[0], own)
        assert len(kept) <= 3 + 2
    assert torch.equal(kept.features(encoder, CORPUS), steady) and len(kept) >= len(CORPUS)


def test_words_are_dropped_in_training_only() -> None:
    config = TransformerTextConfig(unknown_dropout=0.9)
    encoder = config.build(TOKENIZER, torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert not torch.equal(encoder(CORPUS), encoder(CORPUS))
        encoder.eval()
        assert torch.equal(encoder(CORPUS), encoder(CORPUS))


@pytest.mark.parametrize("kind", [TransformerTextConfig, BagTextConfig])
def test_sentences_that_are_kept_lack_words_in_training_too(
    kind: type[TransformerTextConfig | BagTextConfig],
) -> None:
    """What reads them, a decoder above all, has to meet unknown words while it learns."""
    whole, torn = (kind(unknown_dropout=p).build(TOKENIZER, torch.Generator()) for p in (0.0, 0.5))
    torn.load_state_dict(whole.state_dict())
    with torch.no_grad():
        kept = KeptTexts().features(torn, CORPUS)
        again = KeptTexts().features(torn, CORPUS[::-1]).flip(0)
        said = KeptTexts().features(whole, CORPUS)
        at_work = KeptTexts().features(torn.eval(), CORPUS)
    assert torch.equal(kept, again), "which words follows from the sentence"
    assert torch.equal(at_work, said)
    share = (kept != said).any(-1).float().mean()
    assert 0.2 < float(share) < 0.8


def test_the_table_of_encoders() -> None:
    for config in ENCODERS.values():
        assert TEXT_KINDS[kind_of(config)] is type(config)
    configs: list[TextConfig] = [TransformerTextConfig(), BagTextConfig()]
    assert [kind_of(config) for config in configs] == ["transformer", "bag"]
    with pytest.raises(BadConfig, match="heads"):
        TransformerTextConfig(width=30, n_heads=4)


@pytest.mark.parametrize("bf16", [False, True])
def test_vision_sees_each_picture_alone(bf16: bool) -> None:
    torch.manual_seed(0)
    encoder = VisionConfig(bf16=bf16).build()
    image = torch.randint(0, 255, (4, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        together, alone = encoder(image), encoder(image[2:3])
    assert together.shape == (4, N_CELLS, encoder.config.n_out)
    assert together.dtype == torch.float32
    torch.testing.assert_close(together[2:3], alone, atol=1e-5, rtol=1e-3)


def test_a_change_in_the_picture_shows_in_its_own_cell_first() -> None:
    torch.manual_seed(0)
    encoder = VisionConfig(bf16=False).build()
    image = torch.full((1, 64, 64, 3), 90, dtype=torch.uint8)
    changed = image.clone()
    changed[0, 20:24, 40:44] = 255  # row 5, column 10
    with torch.no_grad():
        difference = (encoder(changed) - encoder(image)).abs().sum(-1)[0]
    assert int(difference.argmax()) == 5 * 16 + 10


def test_vision_refuses_other_sizes() -> None:
    with pytest.raises(BadConfig, match=r"96, 96"):
        VisionConfig().build()(torch.zeros(1, 96, 96, 3, dtype=torch.uint8))
    with pytest.raises(BadConfig, match="multiple"):
        VisionConfig(image_px=70)
    assert VisionConfig(image_px=96).build()(
        torch.zeros(1, 96, 96, 3, dtype=torch.uint8)
    ).shape == (1, N_CELLS, 64)


def test_action_tower_tells_knots_durations_and_bodies_apart() -> None:
    torch.manual_seed(0)
    encoder = ActionConfig().build(n_bodies=2, n_embed=32)
    rng = np.random.default_rng(0)
    knots = torch.tensor(rng.normal(size=(1, CHUNK_SIZE, N_ACT)), dtype=torch.float32)
    start, code = torch.zeros(1, N_PROPRIO), torch.eye(2)
    base = encoder(knots, torch.ones(1), start, code[:1])
    assert base.shape == (1, 32)
    for other in (
        encoder(-knots, torch.ones(1), start, code[:1]),
        encoder(knots, 2.0 * torch.ones(1), start, code[:1]),
        encoder(knots, torch.ones(1), start + 1.0, code[:1]),
        encoder(knots, torch.ones(1), start, code[1:]),
    ):
        assert not torch.allclose(base, other)
