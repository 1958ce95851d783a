"""The layout on disk is LeRobot's, and its statistics are those of all frames."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.triples.made import Made, Make, joined, write
from vla_sim.triples.lerobot.features import features, numbers, with_statistics
from vla_sim.triples.lerobot.schema import IMAGE_KEY, LeRobotConfig
from vla_sim.triples.lerobot.stats import QUANTILES


def test_layout_is_lerobots(tmp_path: Path, config: LeRobotConfig, episodes: list[Made]) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    info = json.loads((root / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["robot_type"]) == ("v3.0", 20, "panda")
    assert info["total_episodes"] == 8
    assert info["video_path"] is None
    assert info["features"]["label.chunk"]["shape"] == [4 * 8 * 7]
    card = json.loads((root / "meta/vla_sim.json").read_text())
    assert card["shapes"]["label.chunk"] == [4, 8, 7]
    files = sorted(root.glob("data/*/*.parquet"))
    assert [f.relative_to(root).as_posix() for f in files] == [
        f"data/chunk-000/file-{i:03d}.parquet" for i in range(3)
    ]
    frame = 0
    for path in files:
        file = pq.ParquetFile(path)
        assert set(file.schema_arrow.names) == set(info["features"])
        table = file.read()
        np.testing.assert_array_equal(table["index"], frame + np.arange(table.num_rows))
        frame += table.num_rows
        lengths = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        assert sum(lengths) == table.num_rows
        assert file.num_row_groups == len(set(table["episode_index"].to_pylist()))
    assert frame == info["total_frames"]
    png = pq.read_table(files[0])["observation.images.main"][0].as_py()["bytes"]
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(png))), episodes[0][1]["image"][0]
    )

    tasks = pq.read_table(root / "meta/tasks.parquet")
    assert tasks["task"].to_pylist() == list(
        dict.fromkeys(episode.instruction.text for episode, _ in episodes)
    )
    assert any(letter >= "\u4e00" for text in tasks["task"].to_pylist() for letter in text)
    # Without this LeRobot would silently give row numbers for instructions.
    pandas = json.loads(tasks.schema.metadata[b"pandas"])
    assert pandas["index_columns"] == ["task"]

    table = pq.read_table(root / "meta/episodes", partitioning=None)
    assert table["success"].to_pylist() == [True] * 8
    assert table["seed"].to_pylist() == list(range(8))
    assert table["tasks"].to_pylist() == [[e.instruction.text] for e, _ in episodes]
    assert table["language"].to_pylist() == ["en", "zh"] * 4


def test_every_feature_but_text_has_the_statistics_of_all_its_rows(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long datasets are read: some components at a time.
    monkeypatch.setattr("vla_sim.triples.lerobot.quantiles._MOST_NUMBERS", 1500)
    root = tmp_path / "data"
    write(root, config, episodes)
    stats = json.loads((root / "meta/stats.json").read_text())
    assert list(stats) == with_statistics(config)
    for name, feature in numbers(config).items():
        column = [
            c for p in sorted(root.glob("data/*/*")) for c in pq.read_table(p)[name].to_pylist()
        ]
        rows = np.array(column, np.float64).reshape(len(column), feature.size)
        said = stats[name]
        assert said["count"] == [len(rows)]
        for statistic in ("min", "max", "mean", "std"):
            expected = getattr(rows, statistic)(axis=0)
            np.testing.assert_allclose(said[statistic], expected, rtol=1e-6, atol=1e-9)
        for statistic, share in QUANTILES.items():
            np.testing.assert_array_equal(said[statistic], np.quantile(rows, share, axis=0), name)


def test_quantiles_are_not_the_means_of_the_episodes(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    made = []
    for seed in range(8):
        episode, labels = make(seed)
        gripper = np.full(episode.n_steps, -1.0 if seed < 2 else 1.0, np.float32)
        actions = np.column_stack([episode.actions[:, :-1], gripper])
        made.append((replace(episode, actions=actions), labels))
    write(tmp_path / "data", config, made)
    stats = json.loads((tmp_path / "data/meta/stats.json").read_text())
    assert (stats["action"]["q01"][-1], stats["action"]["q99"][-1]) == (-1.0, 1.0)


def test_pictures_have_the_statistics_of_all_their_pixels(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made]
) -> None:
    write(tmp_path / "data", config, episodes)
    said = json.loads((tmp_path / "data/meta/stats.json").read_text())[IMAGE_KEY]
    pixels = joined(episodes)["image"].astype(np.float64) / 255.0
    assert said["count"] == [len(pixels)]
    assert np.shape(said["mean"]) == (3, 1, 1)
    for statistic in ("min", "max", "mean", "std"):
        expected = getattr(pixels, statistic)(axis=(0, 1, 2))
        np.testing.assert_allclose(np.ravel(said[statistic]), expected, rtol=1e-9)
    np.testing.assert_allclose(np.ravel(said["q50"]), np.median(pixels, axis=(0, 1, 2)), atol=0.15)


def test_names_say_to_lerobot_what_is_what(config: LeRobotConfig) -> None:
    names = list(features(config))
    assert [name for name in names if name.startswith("action")] == ["action"]
    # LeRobot wants the statistics of whatever has "image" in its name in a picture's shape.
    assert [name for name in names if "image" in name] == [IMAGE_KEY]
    assert all(len(feature.shape_on_disk) == 1 for feature in numbers(config).values())


def test_actions_ahead_repeat_the_last_one(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    episode, labels = make(0)
    write(tmp_path / "data", config, [(episode, labels)])
    table = pq.read_table(tmp_path / "data/data/chunk-000/file-000.parquet")
    chunks = np.array(table["label.actions_ahead"].to_pylist(), np.float32).reshape(-1, 8, 7)
    np.testing.assert_array_equal(chunks[0], episode.actions[:8])
    np.testing.assert_array_equal(chunks[-1], np.tile(episode.actions[-1], (8, 1)))
