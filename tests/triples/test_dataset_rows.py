"""Rows from disk are the rows that were written."""

from pathlib import Path

import numpy as np
import pytest

from tests.triples.made import Made, Make, assert_equal, joined, write
from vla_sim.envs.language.codes import encode
from vla_sim.errors import UnknownName
from vla_sim.records.triple import THING
from vla_sim.triples.lerobot.reader import read_segments, read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.segment import segment
from vla_sim.triples.spec import count, segment_spec, step_spec


def test_steps_come_back_bit_for_bit(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    steps = read_steps(root, tasks)
    assert count(steps, step_spec(config.image_height, config.image_width)) == sum(
        episode.n_steps for episode, _ in episodes
    )
    assert_equal(steps, joined(episodes))
    # The second time from the decoded pictures, and then for another order of tasks.
    assert_equal(read_steps(root, tasks), joined(episodes))
    swapped = read_steps(root, tasks[::-1])
    np.testing.assert_array_equal(swapped["task"], 1 - joined(episodes)["task"].astype(int))
    assert verify(root) == []


def test_segments_equal_those_cut_from_the_episodes(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], make: Make, tasks: tuple[str, ...]
) -> None:
    failed = make(100, 10, "en", None)
    # The first episode, of nine steps, succeeds in its last: its outcome has no picture on disk.
    write(tmp_path / "data", config, [*episodes[1:], failed])
    segments = read_segments(tmp_path / "data", tasks)
    assert count(segments, segment_spec(config.image_height, config.image_width)) == 7
    for i, (episode, labels) in enumerate(episodes[1:]):
        goal = episode.spec.goal
        cell = np.concatenate([labels["cell"][:, goal, THING], np.zeros((1, 2))]).astype(np.float32)
        seen = np.append(labels["cell_visible"][:, goal, THING], False).astype(np.bool_)
        expected = segment(
            episode,
            task=tasks.index(episode.spec.task_id),
            meaning=encode(episode.instruction.meaning),
            cell=cell,
            cell_visible=seen,
        )
        assert_equal({k: v[i : i + 1] for k, v in segments.items()}, vars(expected))


def test_a_dataset_without_a_success_has_no_segments(
    tmp_path: Path, config: LeRobotConfig, make: Make, tasks: tuple[str, ...]
) -> None:
    write(tmp_path / "data", config, [make(1, 9, "en", None)])
    segments = read_segments(tmp_path / "data", tasks)
    assert count(segments, segment_spec(config.image_height, config.image_width)) == 0


def test_unknown_tasks_are_named(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    write(tmp_path / "data", config, [make(0)])
    with pytest.raises(UnknownName, match=r"Reach-v1.*Fly-v0"):
        read_steps(tmp_path / "data", ("vla_sim/Fly-v0",))
