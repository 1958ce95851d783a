"""Numbers of several episodes come from rows, and those of paths from running them again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank
from vla_sim.envs.rollout import run_all
from vla_sim.errors import BadConfig, DamagedFile, RunFolderError
from vla_sim.eval.across.expert_distance import average_displacement
from vla_sim.eval.across.table import ACROSS
from vla_sim.eval.comparison import ALL
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.benching.spanning import AcrossRun, across
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.outsiders import acting_for

QUIET = Console(quiet=True)
TASK = "vla_sim/KeepLane-v0"
RUN = BenchRun(
    policy="random",
    tasks=("KeepLane", "ChangeLane"),
    episodes=4,
    arms=("correct", "held_out"),
    gallery=0,
    n_processes=0,
    n_slots=8,
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("spanning") / "r"
    bench(replace(RUN, out=out), QUIET)
    return out


def test_rows_give_what_the_episodes_give(result: Path) -> None:
    found = across(AcrossRun(result=result), QUIET)
    assert set(found) == {TASK, "vla_sim/ChangeLane-v1", ALL}
    crank = Crank(TASK, 4)
    rows = [row for row in read_result(result).rows if row.spec.task_id == TASK]
    ran = run_all(crank, acting_for("random", crank), [row.spec for row in rows])
    told = [episode for episode in ran if episode.spec.arm == "correct"]
    body_of = bodies([TASK])
    names = ("pass_power_4", "manner_ordering", "paraphrase_score")
    assert set(found[TASK]) == set(names)
    for name in names:
        episodes = ran if name == "paraphrase_score" else told
        assert found[TASK][name] == ACROSS[name].of(episodes, body_of)


def test_distances_are_those_of_the_paths(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    assert main(["across", str(result), "--distances", "--n-slots", "3", "--out", str(path)]) == 0
    assert "dtw" in capsys.readouterr().out
    found = json.loads(path.read_text())["numbers"][TASK]
    specs = [
        row.spec
        for row in read_result(result).rows
        if (row.spec.task_id, row.spec.arm) == (TASK, "correct")
    ]
    crank = Crank(TASK, 4)
    ours, theirs = (run_all(crank, acting_for(who, crank), specs) for who in ("random", "expert"))
    apart = [average_displacement(a.point, b.point) for a, b in zip(ours, theirs, strict=True)]
    assert found["expert_ade"]["value"] == pytest.approx(np.mean(apart))
    assert found["expert_ade"]["n"] == len(specs)
    assert found["expert_dtw"]["value"] <= found["expert_fde"]["value"] + np.max(apart)


def test_another_policy_than_the_one_that_was_measured_is_noticed(result: Path) -> None:
    with pytest.raises(DamagedFile, match=r"did not come out as it was measured: .*n_steps"):
        across(AcrossRun(result=result, distances=True, policy="zero"), QUIET)


def test_what_cannot_be_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="holds no result"):
        across(AcrossRun(result=tmp_path), QUIET)
    with pytest.raises(BadConfig, match="nobody acts where only rows are read"):
        AcrossRun(policy="zero")
    taught = replace(RUN, policy="expert", tasks=("KeepLane",), episodes=1, out=tmp_path / "e")
    bench(replace(taught, arms=("correct",)), QUIET)
    with pytest.raises(BadConfig, match="of expert, a teacher"):
        across(AcrossRun(result=tmp_path / "e", distances=True), QUIET)
