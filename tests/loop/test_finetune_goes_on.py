"""A finetuning that was cut goes on as if it had not been, from what is still its own."""

import json
import shutil
from pathlib import Path

import pytest

from tests.loop.cut_short import assert_same_run, cut_short
from tests.loop.small_finetuning import QUIET, tiny
from tests.loop.untrained import untrained_run
from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_sac import SacConfig
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.loop.rl.finetune import CURVE, finetune
from vla_sim.loop.rl.rl_judge import DECISIONS
from vla_sim.loop.rl.rl_policy import INDEX, read_rl_policy
from vla_sim.loop.rl.rl_start import StartKind
from vla_sim.loop.run_folder import RunFolder


@pytest.mark.parametrize(
    ("start", "algorithm"),
    [
        ("residual", "ppo"),
        ("residual", "sac"),
        ("decoder", "ppo"),
        ("head", "ppo"),
        ("scratch", "ppo"),
    ],
)
def test_a_run_that_goes_on_is_the_run_that_was_not_interrupted(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: StartKind, algorithm: str
) -> None:
    asked = {
        "start": start,
        "algorithm": algorithm,
        "sac": SacConfig(
            n_steps=4,
            updates=3,
            batch_size=8,
            buffer=64,
            hidden=16,
            expert_env_steps=32,
            start_env_steps=32,
        ),
        "rounds_per_evaluation": 3,
        "online_episodes": 2,
        "max_env_steps": 192,
        "bounds": BoundsConfig(most={"collision": 0.1, "manner": 0.1}),
    }
    whole = finetune(tiny(encoder, tmp_path / "whole", **asked), QUIET)
    out = tmp_path / "cut"
    cut_short(tiny(encoder, out, **asked), at=5, monkeypatch=monkeypatch)
    assert read_rl_policy(out / "latest")[2]["budget"]["n_spent"] == 128
    cut = finetune(tiny(encoder, out, resume=True, **asked), QUIET)
    assert cut.n_env_steps == whole.n_env_steps == 192
    assert_same_run(cut.folder, whole.folder)
    said = [decision["reason"] for decision in cut.folder.read_json(DECISIONS)]
    assert all("(bound 10.0 %)" in reason.partition("manner ")[2] for reason in said)
    first = next(iter(cut.folder.rows(CURVE)))
    assert first["price/manner"] == pytest.approx(2.0 * 3 * 0.9), (
        "by what is judged, before a round"
    )


def test_a_run_killed_before_its_first_save_begins_again(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    finetune(tiny(encoder, out), QUIET)
    shutil.rmtree(out / "latest")
    shutil.rmtree(out / "encoder")
    assert finetune(tiny(encoder, out, resume=True), QUIET).n_env_steps == 128
    rows = list(RunFolder.open(out).rows(CURVE))
    assert [row["env_steps"] for row in rows] == [32, 64, 96, 128]


def test_a_finished_run_resumed_does_nothing(copy: Path, encoder: Path) -> None:
    before = (copy / INDEX).read_bytes()
    assert finetune(tiny(encoder, copy, resume=True), QUIET).n_env_steps == 128
    assert (copy / INDEX).read_bytes() == before


def test_resuming_from_garbled_notes_is_refused(copy: Path, encoder: Path) -> None:
    path = copy / "latest" / INDEX
    index = json.loads(path.read_text())
    del index["notes"]["n_begun"]
    path.write_text(json.dumps(index))
    with pytest.raises(DamagedFile, match="lacks or garbles 'n_begun'"):
        finetune(tiny(encoder, copy, resume=True), QUIET)


def test_resuming_with_other_settings_is_refused(copy: Path, encoder: Path) -> None:
    with pytest.raises(RunFolderError, match="begun with seed = 0, not 1"):
        finetune(tiny(encoder, copy, resume=True, seed=1), QUIET)
    with pytest.raises(RunFolderError, match="already holds"):
        finetune(tiny(encoder, copy), QUIET)


def test_an_encoder_may_move_and_not_be_another(copy: Path, encoder: Path, tmp_path: Path) -> None:
    moved, other = tmp_path / "moved", tmp_path / "other"
    shutil.copytree(encoder, moved)
    untrained_run(other, seed=1)
    for same in (moved, tmp_path / "gone"):
        assert finetune(tiny(same, copy, resume=True), QUIET).folder.path == copy
    with pytest.raises(RunFolderError, match=r"its own copy .*other holds another: leave --enc"):
        finetune(tiny(other, copy, resume=True), QUIET)
