"""A task of the user's own goes where ours go; what is none is refused before a folder is made."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from vla_sim.agents import taught
from vla_sim.agents.experts.table import EXPERTS, expert_config_for
from vla_sim.agents.rl_sac import SacConfig
from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank
from vla_sim.envs.own_task_check import check_own_task
from vla_sim.envs.suites import names_of, tasks_of
from vla_sim.envs.task_names import short_name
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS, check_engine, family_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.run_card import own_task_lines
from vla_sim.loop.benching.gap import GapRun
from vla_sim.loop.learned import LearnedModel
from vla_sim.loop.model_bodies import bodies_of, body_of_task
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.run_folder import RunFolder
from vla_sim.triples.lerobot.contents import contents
from vla_sim.triples.lerobot.verify import verify

MODULE = "own_reaches"
CODE = """
from dataclasses import dataclass, replace
from types import SimpleNamespace

from vla_sim.agents.experts.change_lane import ChangeLaneExpertConfig
from vla_sim.agents.experts.reach import ReachExpertConfig
from vla_sim.envs.tasks.reach import Reach, ReachConfig
from vla_sim.protocols.task import Goal
from vla_sim.records.camera import CameraSpec

TwoThings = ReachConfig(n_objects=2, horizon_s=4.0)
TooMany = ReachConfig(n_objects=5)
NUMBER = 3


@dataclass(frozen=True, kw_only=True)
class High(ReachConfig):
    hover_m: float = 0.08
    horizon_s: float = 4.0
    expert: object = ReachExpertConfig(clearance_m=0.08)
    engines = ("pybullet",)


def seen_from_above(**options):
    camera = CameraSpec(position=(0.6, 0.0, 1.4), target=(0.5, 0.0, 0.0), fov_y_deg=40.0)
    return Wrapped(lambda: Changed(camera))


def needy(size):
    return ReachConfig()


class Wrapped:
    def __init__(self, build, **more):
        self.build = build
        vars(self).update(more)


class Changed(Reach):
    def __init__(self, camera):
        super().__init__(ReachConfig())
        self.camera = camera


class Wordless(Reach):
    def sample(self, rng, *more):
        scene = super().sample(rng, *more)
        goal = scene.goals[0]
        return replace(scene, goals=(replace(goal, intent_id="juggle"),))


class Pointless(Reach):
    def sample(self, rng, *more):
        scene = super().sample(rng, *more)
        return replace(scene, goals=(replace(scene.goals[0], intent_id="place_relative"),))


class OtherArm(Reach):
    def __init__(self):
        super().__init__(ReachConfig())
        ours = self.robot.embodiment
        self.robot = SimpleNamespace(embodiment=replace(ours, control_dt_s=0.1))


SomethingElse = Wrapped(lambda: "a task")
Unsayable = Wrapped(lambda: Wordless(ReachConfig()))
Targetless = Wrapped(lambda: Pointless(ReachConfig()))
OtherPanda = Wrapped(OtherArm)
Untaught = Wrapped(lambda: Reach(ReachConfig()))
Mistaught = Wrapped(lambda: Reach(ReachConfig()), expert=ReachExpertConfig)
Blind = Wrapped(lambda: Reach(ReachConfig()), expert=ChangeLaneExpertConfig())
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is not on the path, with a file of tasks in it; we stand beside it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "far"
    folder.mkdir()
    (folder / f"{MODULE}.py").write_text(CODE)
    yield folder
    forget()


def forget() -> None:
    """As in a new process."""
    sys.modules.pop(MODULE, None)
    check_own_task.cache_clear()
    taught._check.cache_clear()
    bodies_of.cache_clear()


def test_from_the_command_line_to_a_benchmark_and_back(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few, high = (f"far/{MODULE}.py:{name}" for name in ("TwoThings", "High"))
    ids = (f"{MODULE}:TwoThings", f"{MODULE}:High")
    size = ["--n-slots", "2", "--crank.image-size", "64"]
    assert main(["collect", "--tasks", few, high, "--episodes", "2", "--out", "data", *size]) == 0
    assert contents(Path("data")).task_ids == ids and not verify(Path("data/panda"))
    words = ["align", "glance", "--data", "data", "--tasks", high, "--out", "run", "--n-processes"]
    words += ["0", "--updates-per-round", "2", "--updates-per-evaluation", "2", "--max-updates"]
    words += ["2", "--online-episodes", "1", "--gallery-per-task", "2", "--simulators.n-slots", "1"]
    assert main(words) == 0
    run = RunFolder.open(Path("run"))
    assert run.read_json("run.json")["config"]["tasks"] == [high]
    assert run.read_json("run.json")["run_card"][f"task/{ids[1]}"].startswith("High(")
    model = LearnedModel.load(best_checkpoint(Path("run")))
    # Evaluated tasks first, then what only the data has; the body is that of Reach.
    assert model.table.own == ids[::-1]
    assert model.body_of(ids[0]) == model.body_of(ids[1]) == model.body_of(TASK_IDS[0])
    forget()  # going on finds the file by what run.json holds
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(place)])
    assert main(["align", "--resume", "--out", "run", "--max-updates", "3"]) == 0
    words = ["bench", "--policy", "run", "--tasks", few, "--episodes", "1", "--arms", "correct"]
    # In a process of its own, which has to find the module too; retrieval counts tasks otherwise.
    assert main([*words, "--gallery", "2", "--n-processes", "1", "--out", "bench.json"]) == 0
    assert ids[0] in capsys.readouterr().out
    assert json.loads(Path("bench.json").read_text())["tasks"][0]["task_id"] == ids[0]
    # Somebody else, who has the data and not the module.
    shutil.rmtree(place)
    forget()
    assert main(["align", "--data", "data", "--out", "other"]) == 2
    said = capsys.readouterr().err
    assert f"data holds a task of somebody's own: the task {ids[0]!r} cannot be loaded" in said
    assert "work from its folder, name its file" in said
    assert not Path("other").exists()


REFUSED = {
    "nowhere_at_all:Task": "cannot be loaded: No module named 'nowhere_at_all'; work from",
    "far/gone.py:Task": "there is no file far/gone.py to load a task from",
    f"far/{MODULE}.py:TwoThing": "did you mean 'TwoThings'",
    f"far/{MODULE}.py:NUMBER": "names no task: a int has no build(); name settings",
    f"far/{MODULE}.py:needy": "names no task: it needs size; name settings",
    f"far/{MODULE}.py:SomethingElse": "build() gives a str, which lacks robot, manners",
    f"far/{MODULE}.py:TooMany": "has 5 goals; a scene has 1 to 4",
    f"far/{MODULE}.py:Unsayable": "cannot be asked for: no intent 'juggle'",
    f"far/{MODULE}.py:Targetless": "'place_relative' needs a ",
    f"far/{MODULE}.py:OtherPanda": "is called 'panda' and is another than ours",
    f"far/{MODULE}.py:Untaught": f"no expert teaches {MODULE}:Untaught: give its settings one",
    f"far/{MODULE}.py:Mistaught": "it has to be settings with build(embodiment, manners)",
    f"far/{MODULE}.py:Blind": "ChangeLaneExpert, reads ",
    "far/json.py:Task": "another module is called 'json'",
    f"far/two/{MODULE}.py:TwoThings": f"another module is called '{MODULE}'",
}


@pytest.mark.parametrize(("name", "said"), REFUSED.items(), ids=list(REFUSED))
@pytest.mark.parametrize("verb", ["collect", "align"])
def test_what_is_no_task_is_refused_before_anything_is_made(
    verb: str, name: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "json.py").write_text("Task = 1\n")
    (place / "two").mkdir()
    (place / "two" / f"{MODULE}.py").write_text(CODE)
    tasks_of([f"far/{MODULE}.py:TwoThings"])
    assert main([verb, "--tasks", name, "--out", "out"]) == 2
    assert said in capsys.readouterr().err
    assert not Path("out").exists()


def test_demonstrations_of_an_expert_that_is_not_there_are_refused(place: Path) -> None:
    tasks = (f"far/{MODULE}.py:Untaught",)
    with pytest.raises(BadConfig, match=f"no expert teaches {MODULE}:Untaught"):
        FinetuneRun(algorithm="sac", tasks=tasks)
    alone = SacConfig(expert_env_steps=0)
    assert FinetuneRun(algorithm="sac", tasks=tasks, sac=alone).task_ids == (f"{MODULE}:Untaught",)
    assert FinetuneRun(tasks=tasks).task_ids == (f"{MODULE}:Untaught",)


def test_an_id_does_not_depend_on_where_the_file_lies(place: Path) -> None:
    typed = f"far/{MODULE}.py:TwoThings"
    ways = (typed, f"{place}/{MODULE}.py:TwoThings", f"{MODULE}:TwoThings")
    (task_id,) = tasks_of(ways)
    assert task_id == short_name(task_id) == f"{MODULE}:TwoThings"
    assert names_of((TASK_IDS[0], task_id), ("Reach", typed)) == ("Reach", typed)
    assert Crank(typed, 1).task_id == task_id


def test_family_expert_and_engine_follow_from_the_settings(place: Path) -> None:
    few, high, above = tasks_of(
        f"far/{MODULE}.py:{name}" for name in ("TwoThings", "High", "seen_from_above")
    )
    assert (family_of(few), family_of(high)) == ("Reach", "Reach")
    assert family_of(above) == "seen_from_above"
    assert expert_config_for(few) is EXPERTS["Reach"] != expert_config_for(high)
    assert GapRun(tasks=(high,)).task_ids == (high,)
    with pytest.raises(BadConfig, match=r"not declared to run on pybullet; .* engines = "):
        check_engine(few, "pybullet")


def test_tables_count_our_tasks_first_and_bodies_grow_at_the_end(place: Path) -> None:
    few, above = tasks_of(f"far/{MODULE}.py:{name}" for name in ("TwoThings", "seen_from_above"))
    table = TaskTable.of((few, TASK_IDS[3], above, few))
    assert table.ids == (*TASK_IDS, few, above) and table.index(TASK_IDS[3]) == 3
    with pytest.raises(UnknownName, match="no task 'own_reaches:Hig'"):
        table.index(f"{MODULE}:Hig")
    ours, grown = bodies_of(TaskTable()), bodies_of(table)
    assert grown.keys[:-1] == ours.keys
    assert grown.task_body == (*ours.task_body, ours.task_body[0], len(ours.keys))
    # A model that never met a task acts in it with the body of ours that is like it, if there is.
    assert body_of_task(few, TaskTable(), ours.task_body) == ours.task_body[0]
    assert body_of_task(above, table, grown.task_body) == len(ours.keys)
    with pytest.raises(BadConfig, match="does not know the robot and camera of"):
        body_of_task(above, TaskTable(), ours.task_body)
    with pytest.raises(UnknownName, match="no task 'vla_sim/Fly-v0'"):
        body_of_task("vla_sim/Fly-v0", TaskTable(), ours.task_body)


def test_settings_are_said_alike_by_every_process_and_a_result_of_others_is_not_its_match(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = f"far/{MODULE}.py:TwoThings"
    assert " at 0x" not in own_task_lines(tasks_of([task]))[f"task/{MODULE}:TwoThings"]
    words = ["bench", "--tasks", task, "--episodes", "6", "--arms", "correct", "--gallery", "0"]
    words += ["--n-processes", "0", "--policy", "zero"]
    assert main([*words, "--out", "there"]) == 0
    source = place / f"{MODULE}.py"
    source.write_text(source.read_text().replace("horizon_s=4.0)", "horizon_s=3.0)"))
    forget()
    for more in (["--resume", "--out", "there"], ["--until-decided", "there"]):
        capsys.readouterr()
        assert main([*words, *more]) == 2
        said = capsys.readouterr().err
        assert "differs: " in said or "changed meanwhile: " in said
        assert "horizon_s=4.0 against " in said and "MotionGroup" not in said


def test_gymnasium_makes_it(place: Path) -> None:
    name = f"far/{MODULE}.py:TwoThings"
    one = gymnasium.make("vla_sim/Own-v0", task_id=name, image_size=16)
    batch = gymnasium.make_vec("vla_sim/Own-v0", num_envs=2, task_id=name, image_size=16)
    single, _ = one.reset(seed=4)
    both, _ = batch.reset(seed=4)
    np.testing.assert_array_equal(single["proprio"], both["proprio"][0])
    assert one.unwrapped.get_wrapper_attr("task") == f"{MODULE}:TwoThings"
