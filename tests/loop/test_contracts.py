"""Contracts: there and back is what it was, and what differs is told with both sides."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.errors import BadConfig, BadMessage, UnknownName
from vla_sim.loop.serving.contracts import (
    LIBERO,
    check_contract,
    contract_of,
    native,
    of_plain,
    read_contract,
)
from vla_sim.loop.serving.self_test import ContractRun, self_test
from vla_sim.loop.serving.translation import Translation
from vla_sim.records.contract import ActionTerms, Contract, differences

SMALL = CrankConfig(image_size=16)
ARM = Crank("vla_sim/Reach-v1", 1, SMALL)
CAR = Crank("vla_sim/DriveToGoal-v1", 1, SMALL)
TOOL = np.array([0.45, 0.02, 0.3, 0.02, 0.99, 0.1, 0.05])
TOOL[3:] /= np.linalg.norm(TOOL[3:])
TERMS: list[dict[str, Any]] = [
    {"motion": "velocity"},
    {
        "motion": "delta",
        "linear": 0.05,
        "angular": 0.5,
        "gripper_open": -1.0,
        "gripper_closed": 1.0,
    },
    {"motion": "delta", "frame": "tool", "dtype": "float64"},
    {"motion": "velocity", "frame": "tool", "gripper_open": 1.0, "gripper_closed": 0.0},
    {"motion": "pose", "linear": 0.5},
    {"motion": "native"},
]


@pytest.mark.parametrize("terms", TERMS, ids=str)
def test_actions_come_back(terms: dict[str, Any]) -> None:
    contract = Contract(name="mine", actions=ActionTerms(rate_hz=20.0, **terms))
    between = Translation(contract, ARM.embodiment)
    chunk = np.random.default_rng(0).uniform(-1, 1, (8, 7)).astype(np.float32)
    answer = between.answer(chunk, TOOL)
    assert between.chunk(answer, TOOL) == pytest.approx(chunk, abs=1e-4)


def test_a_delta_of_libero_is_the_twist_that_takes_it_there_in_a_step() -> None:
    between = Translation(LIBERO, ARM.embodiment)
    ones = {"actions": np.ones((1, 7), dtype=np.float32)}
    (action,) = between.chunk(ones, TOOL)
    si = action * ARM.embodiment.action_scale
    assert si[:3] * ARM.embodiment.control_dt_s == pytest.approx(0.05)
    assert si[3:6] * ARM.embodiment.control_dt_s == pytest.approx(0.5)
    assert action[6] == -1.0, "robosuite closes at +1, we open"


def test_a_pose_is_where_the_tool_is_to_be_at_the_next_step() -> None:
    contract = Contract(name="mine", actions=ActionTerms(motion="pose", rate_hz=20.0))
    between = Translation(contract, ARM.embodiment)
    still = between.answer(np.zeros((3, 7), dtype=np.float32), TOOL)["actions"]
    assert still[:, :3] == pytest.approx(np.tile(TOOL[:3], (3, 1)), abs=1e-6)
    there = still.copy()
    there[1:, 0] += 0.01
    chunk = between.chunk({"actions": there}, TOOL)
    assert chunk[:, 0] == pytest.approx([0.0, 0.01 / 0.05 / 0.8, 0.0], abs=1e-5)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({}, "says 'actions'; the answer holds"),
        ([1], "the answer holds <class 'list'>"),
        ({"actions": [[0.0] * 7]}, "float in the contract, list came"),
        ({"actions": np.zeros((4, 7), dtype=np.int64)}, "int64 came"),
        ({"actions": np.zeros(7)}, r"the shape \(k, 7\) in the contract, \(7,\) came"),
        ({"actions": np.zeros((4, 8))}, r"\(4, 8\) came"),
        ({"actions": np.zeros((0, 7))}, r"\(0, 7\) came"),
        ({"actions": np.full((4, 7), np.nan)}, "nan came"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_both_sides(answer: object, complaint: str) -> None:
    with pytest.raises(BadMessage, match=complaint):
        Translation(LIBERO, ARM.embodiment).chunk(answer, TOOL)


def test_a_mismatch_is_told_with_both_sides() -> None:
    with pytest.raises(BadConfig) as caught:
        check_contract(LIBERO, CAR)
    said = str(caught.value)
    for part in ("has no wrist", "ackermann_car has x, y, z", "20 actions a second", "10 control"):
        assert part in said
    with pytest.raises(BadConfig, match=r"224 x 224 px in the contract, 16 x 16 drawn here"):
        check_contract(LIBERO, ARM)
    check_contract(native(CAR.embodiment), CAR)
    told = differences(LIBERO, native(ARM.embodiment))
    assert "actions.gripper_open: -1.0 here, 1.0 there" in told
    assert differences(LIBERO, of_plain(LIBERO.plain, where="x")) == []


def test_a_contract_is_read_from_a_file_and_what_is_wrong_in_it_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[cameras]]\nkey = "image"\nsize = 16\n[state]\ncomponents = ["joint1", "tool_x"]\n'
        '[actions]\nmotion = "delta"\nlinear = 0.1\nrate_hz = 20\n'
    )
    mine = contract_of(str(file), ARM.embodiment)
    assert mine.name == "mine" and mine.actions.linear == 0.1 and mine.actions.rate_hz == 20.0
    check_contract(mine, ARM)
    (tmp_path / "mine.json").write_text(json.dumps(mine.plain))
    assert read_contract(tmp_path / "mine.json") == mine
    for text, kind, complaint in (
        ("nonsense", BadConfig, "cannot be read"),
        ("[actions]\nmotion = 'delta'", BadConfig, "lacks rate_hz"),
        ("[actions]\nrate_hz = 'often'", BadConfig, "rate_hz is 'often', no float"),
        ("[actions]\nrate_hz = 20\nspeed = 3", UnknownName, "no term in .* 'speed'"),
        ("[actions]\nrate_hz = 20\nmotion = 'jump'", BadConfig, "motion is 'jump'"),
        ("[actions]\nrate_hz = 20\ngripper_open = -1", BadConfig, "opens and closes at -1"),
        ("cameras = [{key = 'prompt'}]\n[actions]\nrate_hz = 20", BadConfig, "a key twice"),
    ):
        file.write_text(text)
        with pytest.raises(kind, match=complaint):
            read_contract(file)
    (tmp_path / "mine.json").write_text("[1, 2]")
    with pytest.raises(BadConfig, match="holds a list: write terms by name"):
        read_contract(tmp_path / "mine.json")
    with pytest.raises(UnknownName, match="no contract 'droid'"):
        contract_of("droid", ARM.embodiment)


@pytest.mark.parametrize(("name", "task", "px"), [("libero", "Lift", 224), ("native", "Park", 16)])
def test_the_experts_actions_go_through_a_contract_and_back_and_succeed(
    name: str, task: str, px: int
) -> None:
    crank = CrankConfig(image_size=px)
    tested = self_test(ContractRun(name=name, task=task, episodes=2, crank=crank))
    assert tested.holds and tested.through.value == 1.0
    assert tested.action_error < 1e-6 and not tested.unread
    if name == "native":
        assert set(tested.proprio_error.values()) == {0.0}
    else:
        assert max(tested.proprio_error[k] for k in ("tcp_x", "cos_yaw", "gripper_width")) < 1e-4


def test_the_command_line_says_what_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "libero", "--task", "Park"]) == 2
    assert "has no wrist" in capsys.readouterr().err
