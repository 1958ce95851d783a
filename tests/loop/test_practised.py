"""What a model is asked that it was not trained on is said before it is measured."""

from pathlib import Path

import pytest
from rich.console import Console

from vla_sim.cli.bench import run
from vla_sim.envs.suites import CORE
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.practised import practised, said_of_new_tasks
from vla_sim.loop.run_folder import RunFolder

REACH, LIFT, PARK = map(task_id_of, ("Reach", "Lift", "Park"))


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The folder of an alignment on Reach, by its settings alone."""
    RunFolder.create(tmp_path / "run", {"tasks": ["Reach"], "data": None}, {}, verb="align")
    return tmp_path / "run"


def test_tasks_are_those_of_the_run_and_none_where_nobody_says(
    trained: Path, tmp_path: Path
) -> None:
    assert practised(trained) == (REACH,)
    (tmp_path / "checkpoint").mkdir()
    assert practised(tmp_path / "checkpoint") == practised(Path("expert")) == ()
    settings = {"tasks": ["Reach"], "data": "some/dataset"}
    RunFolder.create(tmp_path / "from_files", settings, {}, verb="align")
    assert practised(tmp_path / "from_files") == ()
    settings = {"tasks": ["core-arm", "my_tasks.py:Wipe"]}
    RunFolder.create(tmp_path / "suite", settings, {}, verb="finetune")
    assert len(practised(tmp_path / "suite")) == 12


def test_what_is_new_is_said_and_a_robot_that_it_never_moved(trained: Path) -> None:
    policy = str(trained)
    assert said_of_new_tasks(policy, (REACH,)) == said_of_new_tasks("expert", CORE) == ""
    assert said_of_new_tasks(policy, ("my_tasks.py:Wipe",)) == ""
    said = said_of_new_tasks(f"retrieval:{policy}", (REACH, LIFT))
    assert said.endswith("run was trained on Reach; Lift it was not")
    said = said_of_new_tasks(policy, (LIFT, PARK))
    assert said.endswith("; Lift, Park it was not, and never moved ackermann_car")
    assert " and 17 more it was not" in said_of_new_tasks(policy, CORE)


def test_a_benchmark_says_it_before_anything_is_run(trained: Path) -> None:
    console = Console(record=True, width=300)
    asked = BenchRun(policy=str(trained), tasks=("Reach", "Park"), episodes=1, gallery=0)
    with pytest.raises(BadConfig, match="was not evaluated yet"):  # there is no checkpoint in it
        run(asked, console)
    assert "Park it was not, and never moved ackermann_car" in console.export_text()
