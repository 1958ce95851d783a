"""One call measures a policy, and its stamp knows what the simulations ran on."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from vla_sim.agents.controls import RandomPolicy, expert_policy
from vla_sim.cli.bench import show
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadAction, BadConfig, ProtocolMismatch, UnknownName
from vla_sim.eval.aggregate import eval_report
from vla_sim.eval.protocol import Protocol, require_comparable
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.evaluate import evaluate
from vla_sim.loop.evaluation import bodies, make_protocol, planned
from vla_sim.loop.policies import check_policy, policy_of
from vla_sim.records.observation import PolicyInput
from vla_sim.records.reports import EvalReport

CAR = "vla_sim/DriveToGoal-v1"
BROUGHT = """
import numpy as np

class Still:
    needs_images, n_action_steps = False, 1
    def __init__(self, size=2):
        self.size = size
    def chunk(self, told):
        return np.zeros((len(told), 1, self.size))

def make(task_id):
    return Still(7 if "Reach" in task_id else 2)

def hollow():
    return 3

STILL = Still()
"""


class Still:
    """Does nothing, whatever the size of its pictures."""

    needs_images = False
    n_action_steps = 4

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        return np.zeros((len(told), 4, told.embodiment.n_act), dtype=np.float32)


def measured(policy: Any = None, **changes: Any) -> EvalReport:
    """Two episodes of a car that stands still."""
    return evaluate(
        policy or Still(), "DriveToGoal", **{"episodes": 2, "image_size": 16, **changes}
    )


def test_one_call_gives_rates_a_card_and_the_stamp_of_bench() -> None:
    report = measured(arms=("correct", "empty"))
    assert [(t.task_id, t.arm) for t in report.tasks] == [(CAR, "correct"), (CAR, "empty")]
    assert report.tasks[0].rates["success_at_end"].n == 2
    assert report.run_card["role"] == "policy"
    assert report.run_card["policy"].endswith("test_evaluate:Still")
    run = BenchRun(
        policy="zero",
        tasks=(CAR,),
        episodes=2,
        arms=("correct", "empty"),
        gallery=0,
        n_processes=0,
        crank=CrankConfig(image_size=16),
    )
    same = bench(run, Console(quiet=True))
    require_comparable(report, same)
    assert same.tasks == report.tasks


def test_pictures_of_another_size_are_another_protocol() -> None:
    with pytest.raises(ProtocolMismatch, match=r"image_size: \[16, 16\] against \[20, 20\]"):
        require_comparable(measured(), measured(image_size=20))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"image_size": (20, 20)}, r"ran with image_size \(16, 16\)"),
        ({"engine": "pybullet 3"}, "ran with engine 'mujoco "),
        ({"renderer": "gl"}, "ran with renderer 'raycast"),
        ({"axis": "light", "severity": 1}, "ran with axis ''"),
        ({"languages": ("zh",)}, "in en, which protocol"),
        ({"n_episodes": 2}, r"plans 2 episodes, and 1 were run; 1 differ, for example .*, 1\)"),
        ({"arms": ("empty",)}, "plans 1 episodes, and 1 were run; 2 differ"),
    ],
)
def test_episodes_are_not_called_the_result_of_a_protocol_they_did_not_run_under(
    one: tuple[Protocol, Any], change: dict[str, Any], complaint: str
) -> None:
    protocol, episodes = one
    sure = partial(eval_report, episodes, bodies([CAR]), step=0, elapsed_s=0.0)
    sure(protocol=protocol)
    with pytest.raises(ProtocolMismatch, match=complaint):
        sure(protocol=replace(protocol, **change))


@pytest.fixture(scope="module")
def one() -> tuple[Protocol, Any]:
    crank = CrankConfig(image_size=16)
    protocol = make_protocol(
        "p", tasks=(CAR,), first_seed=0, n_episodes=1, languages=("en",), crank=crank
    )
    return protocol, run_all(Crank(CAR, 1, crank), Still(), planned(protocol)[CAR])


def test_a_teacher_is_named_in_card_and_table() -> None:
    console = Console(width=100)
    for policy, taught in (
        ("expert", True),
        (expert_policy(CAR, make_task(CAR)), True),
        (None, False),
    ):
        report = measured(policy, episodes=1)
        with console.capture() as capture:
            show(report, console)
        assert ("by a teacher, which is given the true state" in capture.get()) == taught
        assert report.run_card["role"] == ("teacher" if taught else "policy")


def test_a_random_policy_draws_the_same_in_any_batch() -> None:
    plan = plan_episodes(CAR, range(3))
    runs = [run_all(Crank(CAR, n), RandomPolicy(n_act=2), plan) for n in (1, 3)]
    for alone, together in zip(*runs, strict=True):
        assert np.array_equal(alone.actions, together.actions)


@pytest.mark.parametrize(
    ("changes", "kind", "complaint"),
    [
        ({"policy": "genius"}, UnknownName, "no policy, and no folder, 'genius'"),
        ({"policy": Still}, BadConfig, "Still is a class"),
        ({"arms": ("upside_down",)}, UnknownName, "no arm 'upside_down'"),
        ({"axis": "camera"}, BadConfig, "axis 'camera' has no severity"),
        ({"axis": "fog", "severity": 1}, UnknownName, "no axis 'fog'"),
        ({"engine": "pen"}, UnknownName, "no engine 'pen'"),
        ({"episodes": 0}, BadConfig, "episodes is 0"),
        ({"first_seed": -1}, BadConfig, "first_seed is -1"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    changes: dict[str, Any], kind: type[Exception], complaint: str
) -> None:
    with pytest.raises(kind, match=complaint):
        measured(**changes)


def test_policies_come_by_the_place_where_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "brought_still.py"
    file.write_text(BROUGHT)
    car, arm = (Crank(task, 1, CrankConfig(image_size=16)) for task in (CAR, "vla_sim/Reach-v1"))
    for name in (
        "brought_still:Still",
        "brought_still:STILL",
        "brought_still:make",
        f"{file}:make",
    ):
        check_policy(name)
        assert vars(policy_of(name, car)) == {"size": 2}
    assert vars(policy_of("brought_still:make", arm)) == {"size": 7}
    with pytest.raises(
        BadConfig, match="'brought_still:hollow' names no policy: what it made: int"
    ):
        policy_of("brought_still:hollow", car)
    with pytest.raises(UnknownName, match="no policy in brought_still 'maker'"):
        policy_of("brought_still:maker", car)
    # In processes of their own too; what they return is checked there and refused here.
    run = BenchRun(
        policy=f"{file}:make", tasks=(CAR,), episodes=1, arms=("correct",), n_processes=1
    )
    assert bench(run, Console(quiet=True)).run_card["policy"] == f"{file}:make"
    with pytest.raises(BadAction, match=r"Still returned a chunk of shape \(1, 1, 2\)"):
        bench(replace(run, policy="brought_still:Still", tasks=("Reach",)), Console(quiet=True))
