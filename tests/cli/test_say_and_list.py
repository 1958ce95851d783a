"""What `say`, `list` and `doctor` print."""

import json
import re

import pytest

from vla_sim.cli.listing import KINDS
from vla_sim.cli.main import main
from vla_sim.envs.language.arms import ARMS
from vla_sim.envs.language.reader import parse
from vla_sim.envs.language.tool_call import from_tool_call
from vla_sim.envs.registration import IDS
from vla_sim.envs.suites import SUITES
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.envs.tasks import make_task
from vla_sim.errors import RetiredName, UnknownName
from vla_sim.physics import doctor
from vla_sim.physics.doctor import Check
from vla_sim.recipes.table import recipes_of

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables without line breaks."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("task_id", IDS)
def test_a_task_is_found_by_all_its_names(task_id: str) -> None:
    short = short_name(task_id)
    names = (short, short.lower(), task_id, task_id.removeprefix("vla_sim/"), task_id.upper())
    assert {task_id_of(name) for name in names} == {task_id}


def test_a_name_without_version_means_the_newest() -> None:
    ids = ("vla_sim/Reach-v2", "vla_sim/Reach-v10", "vla_sim/Reach-v9", "vla_sim/Lift-v1")
    assert task_id_of("Reach", ids) == "vla_sim/Reach-v10"
    assert task_id_of("Reach-v2", ids) == "vla_sim/Reach-v2"
    with pytest.raises(UnknownName, match="no task 'Fly'; there are 'Lift', 'Reach'"):
        task_id_of("Fly", ids)


def test_a_mistyped_name_is_told_its_nearest_and_a_retired_one_what_replaced_it() -> None:
    with pytest.raises(UnknownName, match=r"^no task 'raech'; did you mean 'Reach'"):
        task_id_of("raech")
    for name in ("Reach-v0", "vla_sim/Reach-v0", "reach-v0"):
        with pytest.raises(RetiredName, match="is retired; 'vla_sim/Reach-v1' replaced it"):
            task_id_of(name)
    with pytest.raises(RetiredName, match="'vla_sim/Lift-v1' replaced it"):
        make_task("vla_sim/Lift-v0")
    with pytest.raises(UnknownName, match="no task 'Reach-v7'"):
        task_id_of("Reach-v7")


@pytest.mark.parametrize("task_id", IDS)
def test_say_speaks_of_every_goal_in_both_languages(task_id: str, capsys: Capture) -> None:
    assert main(["say", short_name(task_id), "--seed", "3", "--n", "4"]) == 0
    said = capsys.readouterr().out
    assert task_id in said
    assert any(ord(letter) > 0x4E00 for letter in said)
    assert all(arm in said for arm in ARMS)
    assert "(nothing)" in said


def test_say_draws_what_the_grammar_can_read(capsys: Capture) -> None:
    assert main(["say", "Reach", "--n", "5", "--language", "en", "--split", "held_out"]) == 0
    said = capsys.readouterr().out
    drawn = said.partition("of its instructions")[2].partition("as an episode")[0]
    rows = [re.split(r"\s{2,}", line.strip()) for line in drawn.splitlines() if " reach-" in line]
    assert len({row[4] for row in rows}) == 5
    for row in rows:
        assert parse(row[4]).key == row[5]


def test_say_prints_calls_of_tools_and_their_schemas(capsys: Capture) -> None:
    assert main(["say", "ReachRelations", "--seed", "3", "--form", "tool"]) == 0
    lines = capsys.readouterr().out.splitlines()
    calls, schema = lines[:4], "".join(lines[4:])
    asked = [from_tool_call(call) for call in calls]
    assert {meaning.intent_id for meaning in asked} == {"reach"}
    (tool,) = json.loads(schema)
    assert tool["function"]["name"] == "reach"


def test_say_is_the_same_twice(capsys: Capture) -> None:
    main(["say", "Lift", "--seed", "5"])
    first = capsys.readouterr().out
    main(["say", "Lift", "--seed", "5"])
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("kind", KINDS)
def test_list_shows_each_kind_alone(kind: str, capsys: Capture) -> None:
    assert main(["list", kind]) == 0
    out = capsys.readouterr().out
    assert out.startswith(kind)
    assert len(out.splitlines()) > 4


def test_list_shows_everything(capsys: Capture) -> None:
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    for name in (*KINDS, *IDS, "panda", "ackermann_car", "20 Hz", "raycast", "random", "glance"):
        assert name in out


def test_suites_are_listed_and_every_recipe_says_what_it_runs(capsys: Capture) -> None:
    main(["list", "suites"])
    listed = capsys.readouterr().out
    assert all(name in listed for name in SUITES)
    assert "The core along the axis camera, severities 1 to 3." in listed
    for name, recipe in recipes_of("bench").items():
        assert recipe.__doc__ and "partial" not in recipe.__doc__, name


@pytest.mark.parametrize(("required", "status"), [(True, 1), (False, 0)])
def test_doctor_fails_for_what_the_defaults_need_only(
    required: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    checks = [
        Check(name="python", ok=True, detail="3.11"),
        Check(name="thing", ok=False, detail="[gone]", remedy="get a thing", required=required),
    ]
    monkeypatch.setattr(doctor, "probe", lambda: checks)
    assert main(["doctor"]) == status
    out = capsys.readouterr().out
    assert "get a thing" in out
    assert "[gone]" in out
    assert ("not ready: thing" in out) == required
