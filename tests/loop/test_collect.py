"""Collections: what is on disk is what happened, once, whatever interrupted it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces
from rich.console import Console

from vla_sim.agents.controls import POLICIES
from vla_sim.agents.experts.table import expert_for
from vla_sim.cli.main import main
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.faces.observation_modes import LeRobotMode
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.envs.suites import SPINE, tasks_of
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadRows, RunFolderError, VlaSimError
from vla_sim.loop.collecting import collect as room
from vla_sim.loop.collecting.collect import CollectRun, Tally, collect, even_slots
from vla_sim.loop.collecting.collect_labelled import labelled_episodes
from vla_sim.loop.collecting.collect_writer import BackgroundWriter
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.recipes.collect import RECIPES
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot.contents import contents
from vla_sim.triples.lerobot.features import features
from vla_sim.triples.lerobot.folder import LeRobotFolder, datasets_in
from vla_sim.triples.lerobot.reader import read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter

QUIET = Console(quiet=True)
SMALL = CrankConfig(image_size=16)
TASK = "ChangeLane"
ROBOT = "ackermann_car"
FRAMES = (*SPINE, *tasks_of(("PickPlace", "PressButton", "OpenDrawer", "StopAtLine")))
"""A task of every frame, and all that are like no other."""


def small(out: Path, **changes: object) -> CollectRun:
    """Two short episodes of one task."""
    config = CollectRun(out=out, tasks=(TASK,), episodes=2, n_slots=2, crank=SMALL)
    return replace(config, **changes)  # type: ignore[arg-type]  # names are checked by replace


def specs_in(root: Path) -> list[EpisodeSpec]:
    with LeRobotWriter.resume(root) as writer:
        return list(writer.specs)


def steps_by_seed(root: Path) -> dict[int, Rows]:
    """Each episode's rows, whatever their order on disk."""
    rows = read_steps(root, TASK_IDS)
    found: dict[int, Rows] = {}
    for row in LeRobotFolder.open(root).episodes:
        start, end, seed = row["dataset_from_index"], row["dataset_to_index"], row["seed"]
        assert isinstance(start, int) and isinstance(end, int) and isinstance(seed, int)
        found[seed] = {name: values[start:end] for name, values in rows.items()}
    return found


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[CollectRun, dict[str, Tally]]:
    config = small(tmp_path_factory.mktemp("collected") / "data", episodes=3)
    return config, collect(config, QUIET)


def test_the_datasets_hold_the_plan_and_nothing_else(
    collected: tuple[CollectRun, dict[str, Tally]],
) -> None:
    config, tallies = collected
    task_id = task_id_of(TASK)
    assert datasets_in(config.out) == [config.out / ROBOT]
    assert set(specs_in(config.out / ROBOT)) == set(config.plan(task_id))
    assert verify(config.out / ROBOT) == []
    tally = tallies[task_id]
    assert (tally.episodes, tally.successes) == (3, 3)
    assert tally.frames == LeRobotFolder.open(config.out / ROBOT).n_frames


@pytest.mark.parametrize("task_id", FRAMES)
def test_labels_belong_to_the_states_of_their_episode(task_id: str) -> None:
    crank = Crank(task_id, 2, SMALL)
    policy = POLICIES["expert"](task_id, crank.task)
    labeller = Labeller(crank, expert_for(task_id, crank.embodiment, crank.task.manners))
    plan = [draw_spec(task_id, seed) for seed in range(3)]
    found: dict[int, tuple[Episode, Rows]] = {}
    for _, ended in labelled_episodes(crank, policy, labeller, plan, teaches=True):
        found |= {episode.spec.seed: (episode, rows) for episode, rows in ended}
    alone = run_all(Crank(task_id, 1, SMALL), policy, plan[:1], keep_images=True)[0]
    assert sorted(found) == [0, 1, 2]
    for episode, rows in found.values():
        n, width = episode.n_steps, crank.embodiment.n_proprio
        assert {len(values) for values in rows.values()} == {n}
        assert np.array_equal(rows["proprio"][:, :width], episode.proprio[:n])
        assert not rows["on_policy"].any()
    assert alone.images is not None
    assert np.array_equal(found[0][1]["image"], alone.images[:-1])


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_what_a_policy_learns_from_is_what_lerobot_shows_it(task_id: str) -> None:
    crank = Crank(task_id, 1, SMALL)
    shown = LeRobotMode(crank).space
    on_disk = features(
        LeRobotConfig.of(
            crank.embodiment, image_height=SMALL.image_size, image_width=SMALL.image_size
        )
    )
    pictures, state = shown["pixels"], shown["agent_pos"]
    assert isinstance(pictures, spaces.Dict)
    assert {
        "observation.state": state.shape,
        **{f"observation.images.{name}": box.shape for name, box in pictures.items()},
    } == {k: f.shape for k, f in on_disk.items() if k.startswith("observation")}


def test_what_an_expert_does_is_its_own_label(
    collected: tuple[CollectRun, dict[str, Tally]],
) -> None:
    config, _ = collected
    for row in LeRobotFolder.open(config.out / ROBOT).episodes:
        rows = steps_by_seed(config.out / ROBOT)[int(str(row["seed"]))]
        assert rows["weight"].shape[1] == rows["chunk"].shape[1]
        goal = int(str(row["goal"])) % int(rows["weight"][0].sum())
        assert rows["weight"][:, goal].all()
        assert str(row["meaning"]).startswith(("change_lane", "follow"))


def test_a_second_call_with_resume_adds_only_what_is_missing(tmp_path: Path) -> None:
    first = small(tmp_path / "a")
    collect(first, QUIET)
    assert collect(replace(first, resume=True), QUIET)[task_id_of(TASK)].episodes == 0
    more = collect(replace(first, resume=True, episodes=3, n_slots=1), QUIET)
    assert more[task_id_of(TASK)].episodes == 1
    at_once = small(tmp_path / "b", episodes=3, n_slots=3)
    collect(at_once, QUIET)
    mine, theirs = (steps_by_seed(c.out / ROBOT) for c in (first, at_once))
    assert sorted(mine) == sorted(theirs) == [TRAIN_SEEDS_FROM + k for k in range(3)]
    for seed, rows in mine.items():
        for name, values in rows.items():
            assert np.array_equal(values, theirs[seed][name]), name


def test_states_of_other_policies_are_marked_as_such(tmp_path: Path) -> None:
    config = small(tmp_path / "a", policy="zero", episodes=1, seed=2)
    tally = collect(config, QUIET)[task_id_of(TASK)]
    rows = read_steps(config.out / ROBOT, TASK_IDS)
    assert rows["on_policy"].all()
    assert tally.successes == 0
    assert specs_in(config.out / ROBOT)[0].seed == 3 * TRAIN_SEEDS_FROM


HALTING = """
import numpy as np

class Halting:
    needs_images, n_action_steps = False, 1

    def chunk(self, told):
        out = np.zeros((len(told), 1, told.embodiment.n_act), np.float32)
        out[(told.row == 1) & (told.step == 3)] = np.nan
        return out
"""


def test_episodes_that_a_policy_could_not_go_on_with_are_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "halting.py").write_text(HALTING)
    out, policy = tmp_path / "a", f"{tmp_path / 'halting.py'}:Halting"
    words = ["--tasks", TASK, "--episodes", "2", "--crank.image-size", "16", "--policy", policy]
    assert main(["collect", "--out", str(out), *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "in 1 episodes of vla_sim/ChangeLane-v1 the policy could not go on" in said
    assert "returned nan" in said
    assert [spec.seed for spec in specs_in(out / ROBOT)] == [TRAIN_SEEDS_FROM]


def test_an_interrupt_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = labelled_episodes

    def cut_short(*words: object, **more: object):  # type: ignore[no-untyped-def]  # as it is
        for n_moved, ended in whole(*words, **more):  # type: ignore[arg-type]
            yield n_moved, ended
            if ended:
                raise KeyboardInterrupt

    config = small(tmp_path / "a", episodes=4)
    monkeypatch.setattr(room, "labelled_episodes", cut_short)
    with pytest.raises(KeyboardInterrupt):
        collect(config, QUIET)
    n_kept = len(LeRobotFolder.open(config.out / ROBOT).episodes)
    assert 1 <= n_kept < 4
    assert verify(config.out / ROBOT) == []
    monkeypatch.setattr(room, "labelled_episodes", whole)
    tallies = collect(replace(config, resume=True), QUIET)
    assert tallies[task_id_of(TASK)].episodes == 4 - n_kept
    assert set(specs_in(config.out / ROBOT)) == set(config.plan(task_id_of(TASK)))


def test_a_folder_that_holds_something_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["collect", "glance", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "already holds notes.txt" in error
    assert "--resume" in error
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["collect", "glance", "--out", str(tmp_path / "file" / "data")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_half_written_run_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"kind": ')
    with pytest.raises(ValueError, match=r"run\.json cannot be read as JSON"):
        collect(small(tmp_path, resume=True), QUIET)


def test_a_folder_without_a_checkpoint_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VlaSimError, match="empty"):
        collect(small(tmp_path / "a", policy=str(tmp_path / "empty")), QUIET)
    assert not (tmp_path / "a").exists()


def test_two_collections_in_one_folder_are_refused_before_either_is_harmed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a"
    words = ["collect", "glance", "--out", str(out)]
    with FolderLock.take(out, purpose="another collection"):
        for more in ([], ["--resume"]):
            assert main([*words, *more]) == 2
            assert f"process {os.getpid()} (another collection) since" in capsys.readouterr().err
        assert [path.name for path in out.iterdir()] == [".lock"]


def test_a_robot_whose_first_episode_was_interrupted_blocks_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = labelled_episodes

    def cut_short(crank: Crank, *words: object, **more: object):  # type: ignore[no-untyped-def]  # as it is
        if crank.embodiment.name != ROBOT:
            raise KeyboardInterrupt
        yield from whole(crank, *words, **more)  # type: ignore[arg-type]

    config = small(tmp_path / "a", episodes=1, tasks=(TASK, "Reach"))
    monkeypatch.setattr(room, "labelled_episodes", cut_short)
    with pytest.raises(KeyboardInterrupt):
        collect(config, QUIET)
    assert verify(config.out / "panda") == []
    held = contents(config.out)
    assert held.episodes == {task_id_of(TASK): 1}
    assert held.left_out == (f"{config.out / 'panda'} holds no episode yet",)
    monkeypatch.setattr(room, "labelled_episodes", whole)
    collect(replace(config, resume=True), QUIET)
    assert contents(config.out).robots == (ROBOT, "panda")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"policy": "zero"}, "begun with policy = expert, not zero"),
        ({"seed": 1}, "begun with seed = 0, not 1"),
        ({"crank": CrankConfig(image_size=32)}, "begun with crank"),
    ],
)
def test_resuming_with_other_settings_is_refused(
    collected: tuple[CollectRun, dict[str, Tally]], change: dict[str, object], says: str
) -> None:
    config, _ = collected
    with pytest.raises(RunFolderError, match=says):
        collect(replace(config, resume=True, **change), QUIET)  # type: ignore[arg-type]  # as above


def test_gl_where_there_is_none_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "voodoo")
    words = ["collect", "glance", "--out", str(tmp_path / "a"), "--crank.renderer", "gl"]
    assert main(words) == 2
    assert "MUJOCO_GL is 'voodoo'; use one of egl, osmesa, glfw" in capsys.readouterr().err
    assert main([*words[:-1], "crayon"]) == 2
    assert "no renderer 'crayon'; there are 'gl', 'raycast'" in capsys.readouterr().err


class Refusing:
    """A dataset that takes nothing."""

    closed = False

    def add_episode(self, episode: object, labels: object) -> None:
        raise BadRows("full")

    def __exit__(self, *how: object) -> None:
        self.closed = True


def test_what_goes_wrong_in_the_background_is_raised_and_the_dataset_closed() -> None:
    dataset = Refusing()
    with (
        pytest.raises(BadRows, match="full"),
        BackgroundWriter(dataset) as writer,  # type: ignore[arg-type]  # stands in for it
    ):
        writer.add_episode(None, {})  # type: ignore[arg-type]  # it is not looked at
    assert dataset.closed


@pytest.mark.parametrize(("n", "most", "slots"), [(50, 32, 25), (64, 32, 32), (3, 8, 3), (1, 1, 1)])
def test_slots_are_shared_out_evenly(n: int, most: int, slots: int) -> None:
    assert even_slots(n, most) == slots


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_valid_plan(name: str) -> None:
    config = RECIPES[name]()
    for task_id in config.task_ids:
        plan: Sequence[EpisodeSpec] = config.plan(task_id)
        assert len(set(plan)) == config.episodes
        assert min(spec.seed for spec in plan) >= TRAIN_SEEDS_FROM


@pytest.mark.slow
def test_ctrl_c_at_the_terminal(tmp_path: Path) -> None:
    out = tmp_path / "data"
    words = ["collect", "--out", str(out), "--tasks", TASK, "--episodes", "500", "--n-slots", "4"]
    command = [sys.executable, "-m", "vla_sim.cli.main", *words]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline_s = time.monotonic() + 120.0
    while not list(out.glob("*/.journal/*.parquet")) and time.monotonic() < deadline_s:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert err.rstrip().endswith("--resume")
    assert verify(out / ROBOT) == []
