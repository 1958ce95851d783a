"""LeRobot itself reads what we write, and we read what its tools make of that.

Run by `make test-lerobot`, in an environment of its own: LeRobot's pins do not fit ours.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lerobot.datasets.dataset_tools import delete_episodes, merge_datasets, split_dataset
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.utils import dataset_to_policy_features
from torch.utils.data import DataLoader

from tests.triples.made import Made, assert_equal, joined, made_episode, write
from vla_sim.errors import RunFolderError
from vla_sim.records.triple import N_ACT, N_PROPRIO
from vla_sim.triples.lerobot.contents import contents
from vla_sim.triples.lerobot.reader import read_segments, read_steps
from vla_sim.triples.lerobot.schema import IMAGE_KEY, LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter

TASKS = ("vla_sim/Reach-v1", "vla_sim/Lift-v1")
SIDE = 32
CONFIG = LeRobotConfig(
    robot="panda",
    fps=20,
    state_names=tuple(f"s{i}" for i in range(N_PROPRIO)),
    action_names=tuple(f"a{i}" for i in range(N_ACT)),
    image_height=SIDE,
    image_width=SIDE,
    episodes_per_shard=3,
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf")


@pytest.fixture
def made() -> list[Made]:
    return [made_episode(seed, 10 + seed, ("en", "zh")[seed % 2], 8, SIDE) for seed in range(5)]


@pytest.fixture
def dataset(tmp_path: Path, made: list[Made]) -> Any:
    write(tmp_path / "ours", CONFIG, made)
    return LeRobotDataset("ours", root=tmp_path / "ours")


def read_as_ours(root: Path, made: list[Made]) -> None:
    """Both LeRobot and we read a dataset that LeRobot made, and nobody goes on with it."""
    theirs = LeRobotDataset("theirs", root=root)
    assert theirs.num_frames == sum(episode.n_steps for episode, _ in made)
    assert theirs[0]["label.task_id"] == made[0][0].spec.task_id
    assert_equal(read_steps(root, TASKS), joined(made))
    assert len(read_segments(root, TASKS)["seed"]) == len(made)
    assert sum(contents(root).episodes.values()) == len(made)
    problems = verify(root)
    assert len(problems) == 2, problems
    assert "LeRobot made it of a dataset of vla-sim" in problems[0]
    assert "lack success" in problems[1]
    with pytest.raises(RunFolderError, match="made by LeRobot"):
        LeRobotWriter.resume(root)


def test_it_reads_frames_words_and_what_comes_next(
    dataset: Any, made: list[Made], tmp_path: Path
) -> None:
    assert dataset.num_episodes == len(made)
    item = dataset[3]
    episode, labels = made[0]
    np.testing.assert_array_equal(item["action"], episode.actions[3])
    np.testing.assert_array_equal(item["observation.state"], episode.proprio[3])
    pixels = (item[IMAGE_KEY].numpy() * 255).round().astype(np.uint8).transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels, labels["image"][3])
    assert item["task"] == episode.instruction.text
    assert dataset[episode.n_steps]["task"] == made[1][0].instruction.text  # Chinese
    np.testing.assert_array_equal(item["label.chunk"], labels["chunk"][3].reshape(-1))
    ahead = LeRobotDataset(
        "ours", root=tmp_path / "ours", delta_timestamps={"action": [i / 20 for i in range(8)]}
    )
    last = ahead[episode.n_steps - 2]
    np.testing.assert_array_equal(last["label.actions_ahead"].reshape(8, 7), last["action"])
    assert last["action_is_pad"].tolist() == [False] * 2 + [True] * 6
    batch = next(iter(DataLoader(dataset, batch_size=4)))
    assert batch[IMAGE_KEY].shape == (4, 3, SIDE, SIDE)
    assert dataset.meta.stats["action"]["q01"].shape == (N_ACT,)


def test_it_finds_one_action_one_state_and_one_picture(dataset: Any) -> None:
    found = dataset_to_policy_features(dataset.meta.features)
    assert {name: feature.type.name for name, feature in found.items()} == {
        IMAGE_KEY: "VISUAL",
        "observation.state": "STATE",
        "action": "ACTION",
    }


def test_what_it_deletes_splits_and_merges_is_still_ours(
    dataset: Any, made: list[Made], tmp_path: Path
) -> None:
    delete_episodes(dataset, [1, 3], output_dir=tmp_path / "deleted", repo_id="deleted")
    read_as_ours(tmp_path / "deleted", [made[0], made[2], made[4]])
    halves = split_dataset(dataset, {"a": [0, 1], "b": [2, 3, 4]}, output_dir=tmp_path / "split")
    read_as_ours(tmp_path / "split" / "a", made[:2])
    merge_datasets([halves["b"], halves["a"]], "merged", output_dir=tmp_path / "merged")
    read_as_ours(tmp_path / "merged", [*made[2:], *made[:2]])


def test_what_it_appends_is_read_and_named(dataset: Any, made: list[Made], tmp_path: Path) -> None:
    root = tmp_path / "ours"
    episode, labels = made[0]
    items = [dataset[step] for step in range(episode.n_steps)]
    automatic = {"timestamp", "frame_index", "episode_index", "index", "task_index"}
    for step, item in enumerate(items):
        frame = {}
        for name, feature in dataset.meta.features.items():
            value = item[name]
            if name in automatic:
                continue
            if name == IMAGE_KEY:
                frame[name] = labels["image"][step]
            elif feature["dtype"] == "string":
                frame[name] = value
            else:
                frame[name] = np.asarray(value, feature["dtype"]).reshape(feature["shape"])
        dataset.add_frame({**frame, "task": item["task"]})
    dataset.save_episode()
    dataset.finalize()
    assert LeRobotDataset("ours", root=root).num_episodes == len(made) + 1
    assert_equal(read_steps(root, TASKS), joined([*made, made[0]]))
    (problem,) = verify(root)
    assert "the episodes 5 to 5 lack success" in problem
    with pytest.raises(RunFolderError, match="the episodes 5 to 5 lack success"):
        LeRobotWriter.resume(root)
