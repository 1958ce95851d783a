"""What a folder of datasets holds is known before a frame is read, and one part blocks no other."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.triples.made import Make
from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.triples.lerobot.contents import contents
from vla_sim.triples.lerobot.reader import read_segments, read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter
from vla_sim.triples.spec import count, segment_spec, step_spec


def test_contents_count_by_task(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    for robot, seeds in (("car", (0, 1)), ("panda", (2, 3, 4))):
        with LeRobotWriter.create(tmp_path / robot, config) as writer:
            for seed in seeds:
                writer.add_episode(*make(seed, 9, "en", None if seed == 4 else 8))
    held = contents(tmp_path)
    assert held.roots == (tmp_path / "car", tmp_path / "panda")
    assert held.robots == ("panda",)
    assert held.task_ids == ("vla_sim/Reach-v1", "vla_sim/Lift-v1")
    assert held.episodes == {"vla_sim/Reach-v1": 3, "vla_sim/Lift-v1": 2}
    assert held.successes == {"vla_sim/Reach-v1": 2, "vla_sim/Lift-v1": 2}
    assert held.frames == {"vla_sim/Reach-v1": 27, "vla_sim/Lift-v1": 18}
    assert (held.image_size, held.left_out) == (16, ())
    assert contents(tmp_path / "car").episodes == dict.fromkeys(held.episodes, 1)


def test_an_empty_and_an_unfinished_dataset_block_no_other(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    LeRobotWriter.create(tmp_path / "begun", config)
    with pytest.raises(RunFolderError, match=r"nothing to read in .*begun holds no episode yet"):
        contents(tmp_path)
    LeRobotWriter.create(tmp_path / "killed", config).add_episode(*make(0))
    with LeRobotWriter.create(tmp_path / "panda", config) as writer:
        writer.add_episode(*make(1))
    held = contents(tmp_path)
    assert held.roots == (tmp_path / "panda",)
    assert [line.split(" wait")[0] for line in held.left_out] == [
        f"{tmp_path / 'begun'} holds no episode yet",
        "1 episodes",
    ]


def test_a_dataset_without_an_episode_reads_as_nothing(
    tmp_path: Path, config: LeRobotConfig, tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    LeRobotWriter.create(root, config)
    for _ in ("as Ctrl-C leaves it", "as resume and close leave it"):
        assert count(read_steps(root, tasks), step_spec(16, 16)) == 0
        assert count(read_segments(root, tasks), segment_spec(16, 16)) == 0
        assert verify(root) == []
        LeRobotWriter.resume(root).close()
    assert (root / "meta/info.json").exists()


def test_two_sizes_of_picture_are_named(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    small = {"car": config, "panda": replace(config, image_height=32, image_width=32)}
    for name, settings in small.items():
        with LeRobotWriter.create(tmp_path / name, settings) as writer:
            writer.add_episode(*make(0, side=settings.image_height))
    says = r"car holds pictures of 16 x 16 pixels, .*panda of 32 x 32; .*--crank\.image-size"
    with pytest.raises(BadConfig, match=says):
        contents(tmp_path)
