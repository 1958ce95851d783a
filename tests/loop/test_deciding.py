"""A policy against another until it is known who is better."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from rich.console import Console

from tests.loop.results import killed_after_first_rows
from vla_sim.errors import BadConfig, ProtocolMismatch, RunFolderError
from vla_sim.loop.benching import deciding
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.deciding import decide, schedule
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.benching.row_store import PARTS, RowStore
from vla_sim.loop.benching.until import UntilConfig

QUIET = Console(quiet=True)
RUN = BenchRun(
    policy="expert",
    tasks=("Reach",),
    episodes=20,
    arms=("correct",),
    gallery=0,
    n_processes=0,
    n_slots=8,
    until=UntilConfig(decided="zero"),
)


def test_the_better_one_is_found_early(tmp_path: Path) -> None:
    found = decide(replace(RUN, out=tmp_path / "d"), QUIET)
    assert found.side == "better"
    assert RUN.until.test.fewest_pairs <= found.n_pairs <= 10
    assert found.differences == (1.0,) * found.n_pairs
    assert found.sentence.startswith("expert is better than zero on success: decided after")
    said = json.loads((tmp_path / "d" / "decision.json").read_text())
    assert said["sentence"] == found.sentence
    for name, policy in (("policy", "expert"), ("other", "zero")):
        result = read_result(tmp_path / "d" / name)
        assert result.policy == policy
        assert len(result.rows) == found.n_pairs
        assert "decided on success" in result.protocol.stopping
    assert not (tmp_path / "d" / "run.json").exists()
    with pytest.raises(RunFolderError, match="already holds"):
        decide(replace(RUN, out=tmp_path / "d"), QUIET)
    assert decide(replace(RUN, out=tmp_path / "d", resume=True), QUIET) == found
    with pytest.raises(RunFolderError, match="for another question give --out"):
        decide(replace(RUN, episodes=21, out=tmp_path / "d", resume=True), QUIET)


def test_an_interrupted_decision_goes_on_to_the_same_end_in_rounds_of_another_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = replace(RUN, episodes=7, out=tmp_path / "cut")
    with killed_after_first_rows(monkeypatch):
        decide(run, QUIET)
    assert decide(replace(run, resume=True, n_slots=5), QUIET) == decide(
        replace(RUN, episodes=7), QUIET
    )


def test_a_decision_that_was_cut_as_it_was_written_down_runs_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = replace(RUN, episodes=7, out=tmp_path / "cut")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(deciding, "_write", Mock(side_effect=KeyboardInterrupt))
        decide(run, QUIET)
    monkeypatch.setattr(RowStore, "add", Mock(side_effect=AssertionError("was run again")))
    found = decide(replace(run, resume=True), QUIET)
    assert found.side == "better"
    assert not list(tmp_path.rglob(PARTS))
    assert len(read_result(tmp_path / "cut" / "policy").rows) == found.n_pairs


def test_no_rule_runs_into_the_scenes_that_choose_checkpoints() -> None:
    with pytest.raises(BadConfig, match="cap is 90001; use a whole number, 1 to 90000"):
        UntilConfig(width=0.01, cap=90_001)
    for setting in ({"cap": 50}, {"fewest": 20}, {"on": "progress"}, {"alpha": 0.1}):
        (name,) = setting
        with pytest.raises(BadConfig, match=rf"until.{name} is .*, which says how --until-"):
            UntilConfig(**setting)


def test_a_policy_against_itself_is_not_shown_to_differ() -> None:
    run = replace(RUN, policy="zero", episodes=6, n_slots=6)
    found = decide(run, QUIET)
    assert (found.side, found.n_pairs, found.cap) == ("", 6, 6)
    assert "are not shown to differ on success: undecided after 6 pairs" in found.sentence


def test_a_result_takes_the_place_of_the_other_policy(tmp_path: Path) -> None:
    plain = replace(RUN, until=UntilConfig(), policy="zero", episodes=8, out=tmp_path / "zero")
    bench(plain, QUIET)
    until = UntilConfig(decided=str(tmp_path / "zero"), on="progress")
    found = decide(replace(RUN, until=until), QUIET)
    assert found.side == "better"
    assert found.cap == 8, "the result holds no more"
    assert 0.0 < min(found.differences) <= max(found.differences) <= 1.0
    other = replace(RUN, until=until, crank=replace(RUN.crank, image_size=32))
    with pytest.raises(ProtocolMismatch, match="image_size"):
        decide(other, QUIET)


def test_tasks_come_in_an_order_that_was_drawn_beforehand() -> None:
    plan = replace(RUN, tasks=("Reach", "PressButton", "Lift")).measurement.plan
    pairs = schedule(plan, None)
    assert pairs == schedule(plan, None)
    counted = Counter(spec.task_id for spec in pairs)
    assert max(counted.values()) == RUN.episodes, "it ends where a task is used up"
    assert min(counted.values()) > RUN.episodes // 3
    for task_id, specs in plan.items():
        assert [spec for spec in pairs if spec.task_id == task_id] == specs[: counted[task_id]]
    assert len({spec.task_id for spec in pairs[:8]}) > 1, "tasks are not taken one by one"
