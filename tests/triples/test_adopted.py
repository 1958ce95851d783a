"""Datasets that LeRobot made of ours, or wrote into, can be read; others are told apart.

What LeRobot's own tools leave is written here by hand; `make test-lerobot` runs the tools.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.triples.made import Made, assert_equal, joined, write
from vla_sim.errors import RunFolderError
from vla_sim.triples.lerobot.contents import contents
from vla_sim.triples.lerobot.episode_rows import PLAN_COLUMNS
from vla_sim.triples.lerobot.reader import read_segments, read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter


def leave_out_what_lerobot_does(root: Path) -> None:
    """No card, and nothing of ours in the episodes' table."""
    (root / "meta/vla_sim.json").unlink()
    for path in root.glob("meta/episodes/*/*"):
        table = pq.read_table(path, partitioning=None)
        pq.write_table(table.drop_columns(list(PLAN_COLUMNS)), path)


def test_what_its_tools_make_of_ours_is_read_as_before(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    before, segments = contents(tmp_path), read_segments(root, tasks)
    leave_out_what_lerobot_does(root)
    assert contents(tmp_path) == before
    assert_equal(read_steps(root, tasks), joined(episodes))
    assert_equal(read_segments(root, tasks), segments)
    made, lacks = verify(root)
    assert made.endswith("has no meta/vla_sim.json: LeRobot made it of a dataset of vla-sim")
    assert "the episodes 0 to 7 lack success, success_at_end, task_id, seed" in lacks
    with pytest.raises(
        RunFolderError, match=r"made by LeRobot .*can be read and trained on, but not"
    ):
        LeRobotWriter.resume(root)


def test_episodes_that_it_appended_are_read_and_named(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    path = root / "meta/episodes/chunk-000/file-002.parquet"  # of the last two episodes
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.drop_columns(list(PLAN_COLUMNS)), path)
    assert_equal(read_steps(root, tasks), joined(episodes))
    assert contents(root).episodes == dict.fromkeys(tasks, 4)
    (problem,) = verify(root)
    assert "the episodes 6 to 7 lack success" in problem
    with pytest.raises(RunFolderError, match="gone on with: the episodes 6 to 7 lack success"):
        LeRobotWriter.resume(root)


def describe(root: Path, **changes: Any) -> None:
    """A dataset of LeRobot's own, as far as its info.json."""
    info = {
        "codebase_version": "v3.0",
        "robot_type": "so100",
        "total_episodes": 50,
        "total_frames": 900,
        "fps": 30,
        "features": {
            "observation.state": {"dtype": "float32", "shape": [6], "names": list("abcdef")},
            "action": {"dtype": "float32", "shape": [6], "names": list("abcdef")},
        },
    }
    (root / "meta").mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info | changes))


def test_others_are_told_what_they_are_and_what_is_missing(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    foreign, older, other_size = (tmp_path / name for name in ("foreign", "older", "video"))
    describe(foreign)
    describe(older, codebase_version="v2.1")
    write(other_size, config, episodes[:1])
    (other_size / "meta/vla_sim.json").unlink()
    info = json.loads((other_size / "meta/info.json").read_text())
    info["features"]["observation.images.main"]["dtype"] = "video"
    (other_size / "meta/info.json").write_text(json.dumps(info))
    for root, says in (
        (foreign, r"LeRobot dataset \(v3.0, robot 'so100', 50 episodes\).*lacks .*label\.meanings"),
        (older, r"LeRobot dataset \(v2.1, .*vla-sim reads v3.0: convert it"),
        (other_size, r"lacks observation.images.main as image \[16, 16, 3\], not video"),
    ):
        for call in (read_steps, read_segments):
            with pytest.raises(RunFolderError, match=says):
                call(root, tasks)
        with pytest.raises(RunFolderError, match=says):
            LeRobotWriter.resume(root)
        assert len(verify(root)) == 1
    with pytest.raises(RunFolderError, match=r"nothing to read.*so100.*v2\.1"):
        contents(tmp_path)
    write(tmp_path / "ours", config, episodes[:1])
    assert contents(tmp_path).roots == (tmp_path / "ours",)
    assert len(contents(tmp_path).left_out) == 3
