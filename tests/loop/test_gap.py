"""Laws of the gap between engines: pairs are pairs, and equal motion has no drift."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from vla_sim.cli.gap import show
from vla_sim.cli.main import main
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.benching import gap as module
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.benching.gap import GapRun, gap
from vla_sim.physics import engines

QUIET = Console(quiet=True)


def test_the_gap_is_measured_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "gap.json"
    words = ["gap", "--tasks", "Reach", "DriveToGoal", "--episodes", "2", "--n-slots", "2"]
    assert main([*words, "--drift-steps", "10", "40", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "DriveToGoal" in printed
    assert "after 40 steps" in printed
    assert "by a teacher, which is given the true state and goal" in printed
    read = json.loads(out.read_text(encoding="utf-8"))
    assert read["first_seed"] == BENCH_SEEDS_FROM
    assert [task["task_id"] for task in read["tasks"]] == [
        "vla_sim/Reach-v1",
        "vla_sim/DriveToGoal-v1",
    ]
    for task in read["tasks"]:
        assert {name: rate["n"] for name, rate in task["success"].items()} == {
            "mujoco": 2,
            "pybullet": 2,
        }
        assert task["difference"]["low"] <= task["difference"]["value"]
        assert [drift["step"] for drift in task["drift"]] == [10, 40]
        for drift in task["drift"]:
            # The tool follows its reference on either engine; the car slides a little.
            assert 0.0 <= drift["median_m"] <= drift["p95_m"] < 0.5


def test_an_engine_has_no_gap_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engines.ENGINES, "pybullet", engines.ENGINES["mujoco"])
    report = gap(GapRun(tasks=("Reach",), episodes=5, n_slots=3, drift_steps=(1, 60)), QUIET)
    assert report.tasks[0].role == "teacher"
    task = report.tasks[0]
    assert task.difference.value == 0.0
    assert task.p_value == 1.0
    assert [(drift.median_m, drift.p95_m, drift.n) for drift in task.drift] == [(0.0, 0.0, 5)] * 2
    show(report, QUIET)


def test_recorded_actions_end_in_zeros() -> None:
    actions = np.ones((3, 2), dtype=np.float32)
    assert module._padded(actions, 5).tolist() == [[1, 1]] * 3 + [[0, 0]] * 2
    assert module._padded(actions, 2).tolist() == [[1, 1]] * 2


def test_bad_settings_are_named() -> None:
    with pytest.raises(BadConfig, match="ChangeLane-v1 is not declared to run on pybullet"):
        GapRun(tasks=("ChangeLane",))
    with pytest.raises(BadConfig, match="both engines are 'mujoco'"):
        GapRun(engines=("mujoco", "mujoco"))
    with pytest.raises(UnknownName, match="no engine 'havok'"):
        GapRun(engines=("mujoco", "havok"))
    with pytest.raises(BadConfig, match="drift_steps"):
        GapRun(drift_steps=(0,))
    with pytest.raises(BadConfig, match="episodes is 0"):
        GapRun(episodes=0)
