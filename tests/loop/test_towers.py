"""Foreign towers from the command line to a benchmark, and runs that end on what is no number."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file

from tests.align import tiny_models
from tests.align.squares import CORPUS
from vla_sim.align.encoders.hugging_face_text import HuggingFaceTextConfig
from vla_sim.align.objective import LossReport
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.cli.main import main
from vla_sim.errors import BadConfig, LossNotFinite
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.aligning.preflight import check_trainer
from vla_sim.loop.calls import train
from vla_sim.loop.run_folder import RunFolder
from vla_sim.recipes import align as recipes

Capture = pytest.CaptureFixture[str]
FEW = {
    "max-updates": 6,
    "updates-per-round": 2,
    "updates-per-evaluation": 2,
    "warm-up-rows": 32,
    "rows-per-round": 8,
    "online-episodes": 1,
    "gallery-per-task": 4,
    "n-processes": 0,
    "learner.memory.batch-steps": 2,
    "learner.memory.batch-rehearsal": 2,
}


def few(out: Path) -> AlignRun:
    """A run of six updates."""
    run = recipes.glance()
    memory = replace(run.learner.memory, batch_steps=2, batch_rehearsal=2)
    changes = {name.replace("-", "_"): value for name, value in FEW.items() if "." not in name}
    return replace(
        run,
        out=out,
        tasks=("Reach",),
        learner=replace(run.learner, memory=memory),
        **changes,  # type: ignore[arg-type]
    )


def with_loss(run: AlignRun, name: str) -> AlignRun:
    trainer = replace(run.learner.trainer, own_losses={name: 1.0})
    return replace(run, learner=replace(run.learner, trainer=trainer))


def test_foreign_towers_from_the_command_line_are_resumed_and_benched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out, vit = str(tmp_path / "run"), tiny_models.vit(tmp_path / "vit")
    bert = tiny_models.bert(tmp_path / "bert", corpus=CORPUS)
    words = [word for name, value in FEW.items() for word in (f"--{name}", str(value))]
    towers = ["--vision", "hf", "--vision.name", str(vit), "--vision.train", "lora"]
    towers += ["--vision.lora-rank", "1", "--text", "hf", "--text.name", str(bert)]
    fusion = ["--fusion", "film", "--learner.trainer.weights.contrast-step", "0.3"]
    begun = ["align", "glance", "--tasks", "Reach", "--out", out, *words, *towers, *fusion]
    assert main(begun) == 0, capsys.readouterr().err
    assert main(["align", "--resume", "--out", out, "--max-updates", "8"]) == 0
    steps = [row["step"] for row in RunFolder(Path(out)).rows("losses.jsonl")]
    assert steps[-1] == 8
    (weights,) = (Path(out) / "latest" / "trainer").glob("model-*.safetensors")
    kept = [name for name in load_file(weights) if ".base." in name]
    assert kept and all("lora_" in name for name in kept)
    bench = ["bench", "--policy", out, "--tasks", "Reach", "--episodes", "1", "--arms", "correct"]
    assert main([*bench, "--gallery", "2", "--n-processes", "0"]) == 0
    tiny_models.vit(vit, seed=1)
    capsys.readouterr()
    assert main(["align", "--resume", "--out", out, "--max-updates", "9"]) == 2
    assert "was learnt on" in (said := capsys.readouterr().err) and said.count(str(vit)) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--vision", "hf", "--vision.name", "nobody/nothing"], "no vision model 'nobody/nothing'"),
        (["--text", "hf"], "the text tower 'hf' needs a model"),
        (["--text", "hf", "--text.lora-rank", "4"], "say train 'lora'"),
        (
            ["--fusion", "film", "--learner.trainer.weights.contrast-step", "0"],
            "fusion is 'film', and weights.contrast_step is 0",
        ),
        (["--device", "cuda:99"], "device is 'cuda:99', and torch cannot compute there"),
        (["--device", "warp"], "device is 'warp'"),
        (["--simulators.crank.image-size", "96"], "the picture tower is for 64"),
    ],
)
def test_what_cannot_be_built_is_refused_before_anything_is_made(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["align", "glance", "--out", str(tmp_path / "run"), *words]) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_layers_that_would_wake_in_a_frozen_tower_are_refused() -> None:
    model = recipes.glance().learner.trainer.model
    text = HuggingFaceTextConfig(name="x", train="unfrozen", unfreeze_until=0.9)
    with pytest.raises(
        BadConfig, match=r"unfreeze_until is 0\.9, and from freeze_text_after, 0\.5"
    ):
        TrainerConfig(model=replace(model, text=text))


OWN = """
def loss(model, batch, out):
    value = out.chunk_BGKA.square().mean()
    {spoil}
    return value

calls = []
"""


def test_a_loss_that_is_no_number_ends_the_run_which_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "own_loss_of_a_tower_test.py"
    spoil = "calls.append(1); value = value * (float('nan') if len(calls) == 7 else 1.0)"
    place.write_text(OWN.format(spoil=spoil))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    seen: list[tuple[int, LossReport]] = []

    def note(update: int, losses: LossReport) -> None:
        seen.append((update, losses))

    name = "own_loss_of_a_tower_test:loss"
    run = replace(with_loss(few(tmp_path / "run"), name), max_updates=8)
    with pytest.raises(LossNotFinite, match=rf"not finite \({name}\) at update 7; .*--resume"):
        train(run, progress=False, on_update=note)
    assert [update for update, _ in seen] == [1, 2, 3, 4, 5, 6]
    assert {"behaviour", name} <= seen[-1][1].terms.keys()
    (path,) = (run.out / "not_finite").iterdir()
    assert path.name == "update_000007.safetensors"
    with safe_open(path, framework="np") as file:
        assert len(json.loads(file.metadata()["step_texts"])) == 2 * 4
        assert {"steps/image", "steps/chunk"} <= set(file.keys())
    place.write_text(OWN.format(spoil=""))
    monkeypatch.delitem(sys.modules, place.stem)
    seen.clear()
    folder = align(replace(run, resume=True), Monitor(on_update=note))
    assert seen[0][0] == 7, "from the last evaluation on, not from the beginning"
    assert [row["step"] for row in folder.rows("losses.jsonl")][-1] == 8


def test_preflight_lets_the_recipes_pass() -> None:
    before = torch.get_rng_state()
    for name in ("default", "bag-of-words", "glance"):
        check_trainer(recipes.RECIPES[name]().learner.trainer, image_size=64, saved=None)
    assert torch.equal(before, torch.get_rng_state())
