"""Where the simulators run changes nothing but where they run."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from vla_sim.envs.plan import plan_episodes
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.loop.simulating.in_process import SimulatorsHere
from vla_sim.loop.simulating.places import open_simulators, spare_cores
from vla_sim.loop.simulating.pool import SimulatorPool
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.loop.simulating.worker import SimulatorProcess, WorkerDied, check_processes

REACH = "vla_sim/Reach-v1"
CONFIG = SimulatorsConfig(task_ids=(REACH,), stations=StationConfig(n_slots=3))
PLAN = {REACH: plan_episodes(REACH, range(3))}


@pytest.fixture(scope="module")
def child() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(CONFIG) as process:
        assert process._process.pid is not None
        # Ctrl-C in a terminal reaches the child too, at once: it is the parent's to handle.
        os.kill(process._process.pid, signal.SIGINT)
        yield process


def test_the_calling_process_gives_the_answers_of_a_child(child: SimulatorProcess) -> None:
    here = open_simulators(CONFIG, n_processes=0)
    assert isinstance(here, SimulatorsHere)
    for each in (child, here):
        each.ask_collect(None, expert_share=1.0, n_rows=6)
    one, other = child.harvest(), here.harvest()
    assert one.n_env_steps == other.n_env_steps
    for name, values in one.steps.items():
        np.testing.assert_array_equal(values, other.steps[name], err_msg=name)
    for each in (child, here):
        each.ask_evaluate("expert", PLAN)
    assert here.ready(0.0)
    for mine, theirs in zip(child.episodes(), here.episodes(), strict=True):
        np.testing.assert_array_equal(mine.actions, theirs.actions)
    for each in (child, here):
        each.ask_gallery(PLAN)
    np.testing.assert_array_equal(child.rows()["clip"], here.rows()["clip"])


THREE = ("vla_sim/Reach-v1", "vla_sim/DriveToGoal-v1", "vla_sim/Lift-v1")


def test_several_processes_give_the_answers_of_one() -> None:
    config = SimulatorsConfig(task_ids=THREE, stations=StationConfig(n_slots=2))
    plan = {task_id: plan_episodes(task_id, range(2)) for task_id in THREE[::-1]}
    with open_simulators(config, n_processes=2) as pool:
        assert isinstance(pool, SimulatorPool)
        here = SimulatorsHere(config)
        for each in (pool, here):
            each.ask_collect(None, expert_share=1.0, n_rows=60)
        one, other = pool.harvest(), here.harvest()
        assert one.n_env_steps == other.n_env_steps and one.n_episodes == other.n_episodes
        assert one.segments is not None and other.segments is not None
        for mine, theirs in ((one.steps, other.steps), (one.segments, other.segments)):
            for name, values in theirs.items():
                np.testing.assert_array_equal(mine[name], values, err_msg=name)
        for each in (pool, here):
            each.ask_evaluate("zero", plan)
        episodes = pool.episodes()
        assert [e.spec for e in episodes] == [e.spec for e in here.episodes()]
        # A gallery of a task that one process alone has.
        pool.ask_gallery({REACH: plan[REACH]})
        np.testing.assert_array_equal(pool.rows()["seed"], range(2))
        pool.ask_evaluate("nobody", plan)
        with pytest.raises(UnknownName, match="'nobody'"):
            pool.episodes()
        pool.ask_evaluate("zero", {REACH: plan[REACH]})  # and each can be asked again
        assert len(pool.episodes()) == 2


def test_there_is_a_process_for_each_core_but_the_trainers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vla_sim.loop.simulating.places.usable_cores", lambda: 8)
    assert spare_cores() == 7
    monkeypatch.setattr("vla_sim.loop.simulating.places.usable_cores", lambda: 1)
    assert spare_cores() == 1


def test_refusals_cross_the_pipe_and_the_death_of_a_child_is_told(child: SimulatorProcess) -> None:
    for each in (child, SimulatorsHere(CONFIG)):
        each.ask_evaluate("nobody", PLAN)
        with pytest.raises(UnknownName, match="no policy, and no folder, 'nobody'"):
            each.episodes()
    child.ask_evaluate("expert", PLAN)
    child._process.kill()
    with pytest.raises(WorkerDied, match="was ended by SIGKILL, as happens where memory runs out"):
        child.episodes()
    with pytest.raises(WorkerDied, match="was ended by SIGKILL"):
        child.ask_gallery(PLAN)


def test_a_script_without_a_main_guard_and_from_stdin_has_its_child() -> None:
    script = (
        "from vla_sim.envs.plan import plan_episodes\n"
        "from vla_sim.loop.simulating.simulators import SimulatorsConfig\n"
        "from vla_sim.loop.simulating.worker import SimulatorProcess\n"
        f"with SimulatorProcess(SimulatorsConfig(task_ids=({REACH!r},))) as child:\n"
        f"    child.ask_evaluate('zero', {{{REACH!r}: plan_episodes({REACH!r}, range(1))}})\n"
        "    print(len(child.episodes()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-"], input=script, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_where_no_process_can_start_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here = multiprocessing.current_process()
    monkeypatch.setattr(here, "_inheriting", True, raising=False)
    with pytest.raises(BadConfig, match=r"under `if __name__ == '__main__':`.*n_processes=0"):
        SimulatorProcess(CONFIG)
    monkeypatch.delattr(here, "_inheriting")
    monkeypatch.setitem(here.__dict__["_config"], "daemon", True)
    with pytest.raises(BadConfig, match=r"is a daemon, .*n_processes=0"):
        check_processes(2)
    check_processes(0)
    with pytest.raises(BadConfig, match="n_processes is -1; use 0 or more"):
        check_processes(-1)
    monkeypatch.undo()
    with pytest.raises(BadConfig, match=r"n_processes is 100000; .* usable cores"):
        check_processes(100_000)
