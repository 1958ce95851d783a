"""Laws of checkpoints: what is read is what was written, or an error that names the file."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.align import squares
from vla_sim.align.checkpoint import INDEX, load_checkpoint, save_checkpoint
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.inference import ModelPolicyCore
from vla_sim.align.model import ModelConfig
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import DamagedFile, RunFolderError


def trainer(config: TrainerConfig | None = None) -> AlignTrainer:
    torch.set_num_threads(1)
    return AlignTrainer(
        config or TrainerConfig(),
        corpus=squares.CORPUS,
        bodies=[squares.BODY],
        task_body=[0],
        seed=0,
    )


def teach(learner: AlignTrainer, seed: int) -> float:
    rng = np.random.default_rng(seed)
    rows = squares.steps(rng, 4)
    return learner.step(rows, squares.say_all(rng, rows)).total


@pytest.fixture(scope="module")
def learner() -> AlignTrainer:
    made = trainer()
    teach(made, 0)
    return made


@pytest.fixture
def saved(learner: AlignTrainer, tmp_path: Path) -> Path:
    return save_checkpoint(tmp_path / "run", learner.model, task_body=[0], notes={"n": [1, 0.1]})


def test_what_is_read_is_what_was_written(learner: AlignTrainer, saved: Path) -> None:
    found = load_checkpoint(saved)
    assert found.task_body == (0,)
    assert found.trainer is None
    assert found.notes == {"n": [1, 0.1]}
    assert found.model.config == learner.model.config
    assert found.model.bodies == learner.model.bodies
    assert found.model.tokenizer.words == learner.model.tokenizer.words
    rows = squares.steps(np.random.default_rng(1), 3)
    told = squares.CORPUS[:3]
    old = ModelPolicyCore(learner.model).decide(rows.image, rows.proprio, told, 0)
    new = ModelPolicyCore(found.model).decide(rows.image, rows.proprio, told, 0)
    assert np.array_equal(old.chunk, new.chunk)


def test_training_goes_on_from_disk_with_the_same_losses(tmp_path: Path) -> None:
    first = trainer()
    teach(first, 0)
    save_checkpoint(tmp_path, first.model, task_body=[0], trainer=first.state())
    expected = [teach(first, seed) for seed in (1, 2)]
    second = trainer()
    state = load_checkpoint(tmp_path).trainer
    assert state is not None
    second.load_state(state)
    assert [teach(second, seed) for seed in (1, 2)] == expected


def test_saving_again_replaces_and_leaves_nothing_behind(
    learner: AlignTrainer, saved: Path
) -> None:
    first = {path.name for path in saved.iterdir()}
    other = trainer()
    teach(other, 9)
    save_checkpoint(saved, other.model, task_body=[0])
    second = {path.name for path in saved.iterdir()}
    assert len(first) == len(second) == 2
    assert first & second == {INDEX}
    load_checkpoint(saved)


def test_an_interrupted_save_leaves_the_old_checkpoint_whole(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (saved / INDEX).read_text(encoding="utf-8")
    other = trainer()
    teach(other, 9)
    replaced = Path.replace

    def dies(self: Path, target: Path) -> Path:
        if Path(target).name == INDEX:
            raise KeyboardInterrupt
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(saved, other.model, task_body=[0])
    assert (saved / INDEX).read_text(encoding="utf-8") == before
    assert not list(saved.glob("*.tmp")) and not list(saved.glob(".*.tmp"))
    load_checkpoint(saved)


def test_a_checkpoint_that_is_saved_anew_while_it_is_read_is_read_anew(
    learner: AlignTrainer, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, read = trainer(), Path.read_text
    later = [lambda: save_checkpoint(saved, other.model, task_body=[0], trainer=other.state())]

    def slowly(path: Path, encoding: str | None = None) -> str:
        text = read(path, encoding=encoding)
        if path.name == INDEX and later:
            later.pop()()
        return text

    monkeypatch.setattr(Path, "read_text", slowly)
    found = load_checkpoint(saved)
    assert found.trainer is not None
    weights = other.model.state_dict()
    assert all(torch.equal(v, weights[k]) for k, v in found.model.state_dict().items())


def weights_of(folder: Path) -> Path:
    return next(folder.glob("model-*.safetensors"))


def test_a_flipped_bit_is_noticed(saved: Path) -> None:
    path = weights_of(saved)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedFile, match=path.name):
        load_checkpoint(saved)


def test_a_file_cut_short_is_noticed(saved: Path) -> None:
    path = weights_of(saved)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedFile, match=path.name):
        load_checkpoint(saved)


def test_a_missing_file_is_named(saved: Path) -> None:
    path = weights_of(saved)
    path.unlink()
    with pytest.raises(DamagedFile, match=path.name):
        load_checkpoint(saved)
    with pytest.raises(DamagedFile, match="holds no checkpoint"):
        load_checkpoint(saved / "elsewhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "someone else's"}, "is not a vla-sim checkpoint"),
        ({"version": 99}, "version 99"),
        ({"model": None}, "lacks or garbles"),
        ({"config": {"text": {"kind": "oracle"}}}, "lacks or garbles"),
        ({"vocabulary": ["red"]}, "vocabulary"),
        ({"bodies": [{"name": "ghost"}]}, "lacks or garbles"),
    ],
)
def test_a_foreign_index_is_refused(saved: Path, change: dict[str, object], message: str) -> None:
    path = saved / INDEX
    index = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(index | change), encoding="utf-8")
    with pytest.raises(DamagedFile, match=message):
        load_checkpoint(saved)


def test_an_index_that_is_no_json(saved: Path) -> None:
    (saved / INDEX).write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(DamagedFile, match=INDEX):
        load_checkpoint(saved)


def test_weights_of_other_settings_are_refused(saved: Path) -> None:
    path = saved / INDEX
    index = json.loads(path.read_text(encoding="utf-8"))
    index["config"]["hidden"] = 32
    path.write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(DamagedFile, match="do not fit"):
        load_checkpoint(saved)


def test_a_folder_that_cannot_be_written(learner: AlignTrainer, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.raises(RunFolderError, match="cannot write"):
        save_checkpoint(blocked / "run", learner.model, task_body=[0])


def test_other_text_encoders_travel_too(tmp_path: Path) -> None:
    config = TrainerConfig(model=ModelConfig(text=BagTextConfig(width=32)))
    save_checkpoint(tmp_path, trainer(config).model, task_body=[0])
    assert load_checkpoint(tmp_path).model.config.text == BagTextConfig(width=32)
