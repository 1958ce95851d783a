"""Finetuning runs, and leaves a policy that stands alone."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from tests.loop.small_finetuning import QUIET, SMALL, tiny
from vla_sim.agents.rl_bounds import BoundsConfig
from vla_sim.agents.rl_priced import PricedBuffer
from vla_sim.agents.rl_sac import SacConfig
from vla_sim.align.checkpoint import load_checkpoint
from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.shield.shield import Floats, Shield
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError, UnknownName
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.benching.bench import bench_into
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import Result
from vla_sim.loop.budget import Budget
from vla_sim.loop.policies import policy_of
from vla_sim.loop.rl import demonstrators, rl_measuring
from vla_sim.loop.rl.finetune import CURVE, finetune
from vla_sim.loop.rl.rl_features import FrozenFeatures, Kind
from vla_sim.loop.rl.rl_measuring import measured_after, measured_before
from vla_sim.loop.rl.rl_policy import (
    INDEX,
    RlPolicy,
    load_rl_policy,
    read_rl_policy,
    save_rl_policy,
)
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.rl_start import CORRECTING, StartKind
from vla_sim.loop.rl.sac_learner import SacLearner
from vla_sim.loop.run_folder import AFTER, BEFORE, RunFolder
from vla_sim.loop.showing.reporting import ReportRun, write_run_report
from vla_sim.loop.showing.showcase import ShowcaseConfig
from vla_sim.records.manner import Manner

REACH = task_id_of("Reach")


def model_of(run: Path) -> torch.nn.Module:
    features = load_rl_policy(run).features
    assert isinstance(features, FrozenFeatures)
    return features.model


def test_the_curve_counts_control_steps(tuned: Path) -> None:
    rows = list(RunFolder.open(tuned).rows(CURVE))
    assert [row["env_steps"] for row in rows] == [32, 64, 96, 128]
    assert all(row["elapsed_s"] > 0.0 and row["success"] is None for row in rows)


def test_where_nothing_learnt_is_better_the_start_is_kept_and_that_is_said(
    encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny(encoder, tmp_path / "run", rounds_per_evaluation=2, online_episodes=2)
    patient, impatient = StoppingConfig(patience=3), StoppingConfig(patience=1)
    begun = replace(run, stopping=patient, max_env_steps=64)
    for asked, more, spent in (
        (begun, "--max-env-steps", 64),
        (replace(begun, resume=True, stopping=impatient, max_env_steps=128), "--stopping", 64),
        (replace(begun, resume=True, max_env_steps=128), "--max-env-steps", 128),
    ):
        assert finetune(asked, Console(width=200)).n_env_steps == spent
        said = capsys.readouterr().out
        assert "the start is kept: on held-out scenes nothing that was learnt" in said
        assert f"--resume with a larger {more}" in said
    assert read_rl_policy(run.out)[2]["env_steps"] == 0


def test_a_report_of_it_has_its_curve_and_its_films(copy: Path) -> None:
    run = ReportRun(runs=(copy,), showcase=ShowcaseConfig(n_episodes=1))
    text = write_run_report(run, QUIET).read_text(encoding="utf-8")
    assert "Reach by reinforcement" in text
    assert "PPO practised for 128 control steps" in text
    assert "practice-success" in text and 'id="films"' in text
    (copy / INDEX).unlink()
    with pytest.raises(RunFolderError, match="let `vla-sim finetune` finish its first round"):
        write_run_report(run, QUIET)


def test_the_policy_stands_alone_and_acts_by_name(copy: Path, encoder: Path) -> None:
    policy = policy_of(str(copy), Crank(REACH, 1, SMALL))
    assert isinstance(policy, RlPolicy) and policy.n_action_steps == 2
    assert not [path for path in copy.rglob("*") if path.suffix in (".zip", ".pkl", ".pt")]
    crank = Crank(REACH, 2, SMALL)
    (episode,) = run_all(crank, policy, [draw_spec(REACH, 3)])
    assert episode.n_steps > 0 and np.abs(episode.actions).max() > 0.0


@pytest.mark.parametrize(
    ("start", "features"),
    [
        ("head", "space"),
        ("residual", "both"),
        ("scratch", "state"),
        ("residual", "state"),
        ("decoder", "state"),
    ],
)
def test_a_loaded_policy_gives_the_same_bits_in_any_company(
    encoder: Path, tmp_path: Path, start: StartKind, features: Kind
) -> None:
    out = tmp_path / "run"
    finetune(tiny(encoder, out, start=start, features=features, max_env_steps=64), QUIET)
    crank = Crank(REACH, 21, SMALL)
    ids = np.arange(crank.n)
    crank.start(ids, [draw_spec(REACH, seed) for seed in range(crank.n)])
    told = crank.told(ids, crank.observe(ids))
    together = load_rl_policy(out).chunk(told)
    assert together.shape == (21, 2, 7)
    assert start in CORRECTING or np.array_equal(together[:, 0], together[:, 1])
    for some in (np.array([0]), np.array([20, 3]), ids[::-1]):
        alone = load_rl_policy(out).chunk(crank.told(some, crank.observe(some)))
        assert np.array_equal(alone, together[some])


def test_from_scratch_the_encoder_learns_and_otherwise_it_does_not(
    encoder: Path, tmp_path: Path
) -> None:
    finetune(tiny(encoder, tmp_path / "learnt", start="scratch", max_env_steps=32), QUIET)
    _, weights, _ = read_rl_policy(tmp_path / "learnt")
    learnt = model_of(tmp_path / "learnt").state_dict()
    assert all(
        torch.equal(learnt[k.partition(".model.")[2]], v)
        for k, v in weights.items()
        if k.startswith("features_extractor.")
    )
    began = load_checkpoint(tmp_path / "learnt" / "encoder").model.state_dict()
    given = load_checkpoint(encoder).model.state_dict()
    name = "vision.stem.weight"
    assert not torch.equal(learnt[name], began[name]) and not torch.equal(began[name], given[name])

    finetune(tiny(encoder, tmp_path / "frozen", start="head", max_env_steps=32), QUIET)
    frozen = model_of(tmp_path / "frozen").state_dict()
    assert all(torch.equal(frozen[k], v) for k, v in given.items())


def test_practice_and_benchmark_are_under_the_shield_that_was_asked_for(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    guarded = Shield.guarded

    def counted(self: Shield, actions: Floats, manners: Sequence[Manner]) -> Floats:
        asked.append(len(actions))
        return guarded(self, actions, manners)

    monkeypatch.setattr(Shield, "guarded", counted)
    out = tmp_path / "run"
    crank = replace(SMALL, shield="limits")
    run = tiny(encoder, out, crank=crank, max_env_steps=64, episodes=2, n_processes=1)
    done = finetune(run, QUIET)
    assert done.n_env_steps == 4 * asked.count(4) == 64, "every control step of the four slots"
    for measured in (BEFORE, AFTER):
        assert "shield limits" in (out / measured / "report.json").read_text(encoding="utf-8")
    with pytest.raises(RunFolderError, match=r"crank\.shield"):
        finetune(tiny(encoder, out, max_env_steps=96, resume=True), QUIET)


def test_before_and_after_are_of_these_episodes_and_of_this_policy_wherever_they_lie(
    copy: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def here(asked: BenchRun, out: Path, console: Console) -> Result:
        begun.append(out.name)
        return bench_into(replace(asked, n_processes=0), out, console)

    def measured(out: Path, episodes: int) -> list[str]:
        """What is measured anew."""
        begun.clear()
        run, folder = tiny(encoder, out, episodes=episodes), RunFolder.open(out)
        for measure in (measured_before, measured_after):
            assert len(measure(run, folder, QUIET).rows) == episodes
        return list(begun)

    monkeypatch.setattr(rl_measuring, "bench_into", here)
    assert measured(copy, 1) == [BEFORE, AFTER]
    moved = Path(shutil.move(copy, tmp_path / "moved"))
    assert measured(moved, 1) == []
    assert measured(moved, 2) == [BEFORE, AFTER]
    form, weights, notes = read_rl_policy(moved)
    save_rl_policy(moved, {k: 0.5 * v for k, v in weights.items()}, form=form, notes=notes)
    assert measured(moved, 2) == [AFTER]


def test_a_missing_encoder_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="holds no checkpoint"):
        finetune(tiny(tmp_path / "none", tmp_path / "run"), QUIET)
    assert not (tmp_path / "run").exists()


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(UnknownName, match="no task 'Fly'; there are"):
        FinetuneRun(tasks=("Fly",))
    with pytest.raises(BadConfig, match="less than one round of 4096"):
        FinetuneRun(max_env_steps=100)


def test_demonstrations_of_no_decision_are_refused_before_anything_is_measured() -> None:
    few = SacConfig(expert_env_steps=40, start_env_steps=40)
    with pytest.raises(BadConfig, match="less than one decision of all slots, 64"):
        FinetuneRun(algorithm="sac", sac=few)
    FinetuneRun(algorithm="sac", sac=few, n_slots=16)
    FinetuneRun(algorithm="sac", sac=replace(few, demonstrations=0.0))
    FinetuneRun(sac=few)


def test_no_expert_is_asked_for_where_none_demonstrates(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise BadConfig("no expert teaches this")

    monkeypatch.setattr(demonstrators, "expert_policy", missing)
    sac = SacConfig(
        n_steps=4, updates=2, batch_size=8, hidden=16, expert_env_steps=0, start_env_steps=16
    )
    bounds = BoundsConfig(most={"collision": 0.1})
    run = tiny(encoder, tmp_path, algorithm="sac", sac=sac, bounds=bounds)
    learner = SacLearner(run, load_checkpoint(encoder), Budget(run.max_env_steps))
    learner.env.bounds[0].price["collision"] = 2.0
    learner.improve()
    shown = learner.memory.demonstrated
    assert isinstance(shown, PricedBuffer) and shown.size() == 2
    assert shown.prices.tolist() == learner.memory.prices.tolist() == [[2.0]]
    taught = replace(run, sac=replace(sac, expert_env_steps=16))
    learner = SacLearner(taught, load_checkpoint(encoder), Budget(run.max_env_steps))
    with pytest.raises(BadConfig, match="no expert teaches this"):
        learner._demonstrations()


def test_another_task_is_refused(tuned: Path) -> None:
    lift = task_id_of("Lift")
    crank = Crank(lift, 1, SMALL)
    with pytest.raises(BadConfig, match="trained on vla_sim/Reach-v1, not vla_sim/Lift-v1"):
        run_all(crank, load_rl_policy(tuned), [draw_spec(lift, 0)])


def test_damage_is_named(copy: Path) -> None:
    index = json.loads((copy / INDEX).read_text())
    weights = copy / index["weights"]["file"]
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DamagedFile, match="its hash differs"):
        load_rl_policy(copy)
    weights.unlink()
    with pytest.raises(DamagedFile, match="missing or unreadable"):
        load_rl_policy(copy)
    for text, says in (
        ("{", "cannot be read as JSON"),
        ('{"format": "other"}', "is not a vla-sim RL policy"),
        (json.dumps(index | {"version": 9}), "version 9"),
        (json.dumps({k: v for k, v in index.items() if k != "task_ids"}), "lacks or garbles"),
        (json.dumps(index | {"task_ids": ["Fly"]}), "no task 'Fly'"),
        (json.dumps(index | {"start": "residual", "scale": 0.0}), "a correction of no size"),
        (json.dumps(index | {"start": "decoder", "action_repeat": 3}), "of more than one plan"),
        (json.dumps(index | {"start": "decoder", "features": "space"}), "a decoder that is given"),
    ):
        (copy / INDEX).write_text(text)
        with pytest.raises((DamagedFile, UnknownName), match=says):
            load_rl_policy(copy)


def test_the_command_line_trains_on_a_task_of_the_users_own_and_measures(
    encoder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "run"
    own = tmp_path / "own_reach.py"  # the encoder was not trained on it, and knows its body
    own.write_text(
        "from vla_sim.envs.tasks.reach import ReachConfig\nFew = ReachConfig(n_objects=2)\n"
    )
    monkeypatch.setattr(sys, "path", list(sys.path))
    words = ["finetune", "glance", "--encoder", str(encoder), "--out", str(out)]
    words += ["--tasks", f"{own}:Few"]
    words += ["--max-env-steps", "128", "--crank.image-size", "16", "--episodes", "1"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "128 env steps" in said and "over 1 unseen scenes" in said
    assert '"own_reach:Few"' in (out / "after" / "protocol.json").read_text()
    assert main([*words[:1], "--encoder", str(tmp_path / "none"), "--out", str(out / "x")]) == 2
    assert "holds no checkpoint" in capsys.readouterr().err
