"""Laws of the dataset on disk: what is read is what was written, whatever happened in between."""

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.triples.made import Made, Make, assert_equal, joined, write
from vla_sim.envs.language.codes import encode
from vla_sim.errors import BadRows, DamagedFile, RunFolderError, UnknownName
from vla_sim.triples.lerobot.folder import datasets_in
from vla_sim.triples.lerobot.reader import read_segments, read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter
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
        cell = np.concatenate([labels["cell"][:, goal], np.zeros((1, 2))]).astype(np.float32)
        seen = np.append(labels["cell_visible"][:, goal], False).astype(np.bool_)
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


def test_layout_is_lerobots(tmp_path: Path, config: LeRobotConfig, episodes: list[Made]) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    info = json.loads((root / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["robot_type"]) == ("v3.0", 20, "panda")
    assert info["total_episodes"] == 8
    assert info["video_path"] is None
    assert info["features"]["action_chunk"]["shape"] == [8, 7]
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
    png = pq.read_table(files[0])["observation.images.front"][0].as_py()["bytes"]
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


def test_stats_are_those_of_all_frames(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made]
) -> None:
    write(tmp_path / "data", config, episodes)
    stats = json.loads((tmp_path / "data/meta/stats.json").read_text())
    actions = np.concatenate([episode.actions for episode, _ in episodes]).astype(np.float64)
    pixels = joined(episodes)["image"].astype(np.float64) / 255.0
    for values, name, axes in (
        (actions, "action", (0,)),
        (pixels, "observation.images.front", (0, 1, 2)),
    ):
        said = stats[name]
        assert said["count"] == [len(values)]
        for statistic in ("min", "max", "mean"):
            expected = getattr(values, statistic)(axis=axes)
            np.testing.assert_allclose(np.ravel(said[statistic]), expected, rtol=1e-9)
        np.testing.assert_allclose(np.ravel(said["q50"]), np.median(values, axis=axes), atol=0.15)
    assert np.shape(stats["observation.images.front"]["mean"]) == (3, 1, 1)


def test_actions_ahead_repeat_the_last_one(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    episode, labels = make(0)
    write(tmp_path / "data", config, [(episode, labels)])
    table = pq.read_table(tmp_path / "data/data/chunk-000/file-000.parquet")
    chunks = np.array(table["action_chunk"].to_pylist(), np.float32)
    np.testing.assert_array_equal(chunks[0], episode.actions[:8])
    np.testing.assert_array_equal(chunks[-1], np.tile(episode.actions[-1], (8, 1)))


def test_resumed_and_uninterrupted_datasets_are_equal(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    writer = LeRobotWriter.create(root, config)
    for made in episodes[:5]:
        writer.add_episode(*made)
    # Dropped without close, as by a kill: one data file, and two episodes in the journal.
    writer = LeRobotWriter.resume(root)
    assert writer.n_episodes == 5
    assert writer.specs == tuple(episode.spec for episode, _ in episodes[:5])
    for made in episodes[5:]:
        writer.add_episode(*made)
    writer.close()
    assert_equal(read_steps(root, tasks), joined(episodes))
    assert verify(root) == []
    write(tmp_path / "whole", config, episodes)
    for path in sorted((tmp_path / "whole").glob("**/*.parquet")):
        other = root / path.relative_to(tmp_path / "whole")
        assert pq.read_table(path).equals(pq.read_table(other)), path


def test_a_closed_dataset_grows(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes[:2])
    assert_equal(read_steps(root, tasks), joined(episodes[:2]))
    with LeRobotWriter.resume(root) as writer:
        writer.add_episode(*episodes[2])
    assert_equal(read_steps(root, tasks), joined(episodes[:3]))
    assert len(list((root / ".cache").iterdir())) == 1, "older decoded pictures pile up"
    assert verify(root) == []


@pytest.mark.parametrize("step", ["data", "episodes", "tasks", "stats", "info", "journal"])
@pytest.mark.parametrize("again", ["resume", "close"])
def test_a_kill_between_any_two_writes_loses_nothing(
    tmp_path: Path,
    config: LeRobotConfig,
    episodes: list[Made],
    tasks: tuple[str, ...],
    step: str,
    again: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    root = tmp_path / "data"
    writer = LeRobotWriter.create(root, config)
    for made in episodes[:3]:
        writer.add_episode(*made)
    for made in episodes[3:5]:
        writer.add_episode(*made)
    renamed = Path.replace

    def replace_or_die(self: Path, target: Path) -> Path:
        names = {
            "data": "/data/chunk",
            "episodes": "/episodes/",
            "tasks": "tasks.",
            "stats": "stats.",
            "info": "info.",
        }
        if names.get(step, "\0") in str(target).removeprefix(str(tmp_path / "data")):
            raise Killed
        return renamed(self, target)

    def die(self: object, indices: list[int]) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "replace", replace_or_die)
        if step == "journal":
            patch.setattr("vla_sim.triples.lerobot.journal.Journal.drop", die)
        writer.close()
    # A reader sees whole data files only, before the resume too.
    n_seen = 5 if step == "journal" else 3
    assert_equal(read_steps(root, tasks), joined(episodes[:n_seen]))
    if again == "resume":
        writer = LeRobotWriter.resume(root)
    # Otherwise it was an interrupt, and the same process tries again.
    writer.close()
    assert writer.n_episodes == 5
    for made in episodes[5:]:
        writer.add_episode(*made)
    writer.close()
    stats = json.loads((root / "meta/stats.json").read_text())
    assert stats["action"]["count"] == [sum(episode.n_steps for episode, _ in episodes)]
    assert_equal(read_steps(root, tasks), joined(episodes))
    assert verify(root) == []
    assert list(root.glob("**/*.partial")) == []


KILLED_PROCESS = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.triples.made import made_episode
from pathlib import Path
from vla_sim.triples.lerobot.writer import LeRobotWriter
from vla_sim.triples.lerobot import frames, pictures

writer = LeRobotWriter.resume(Path(sys.argv[1]))
for seed in range(4):
    writer.add_episode(*made_episode(seed))

encode, calls = pictures.encode, []
def slow(picture):
    calls.append(0)
    if len(calls) == 5:
        print("in flight", flush=True)
        sys.stdin.read()
    return encode(picture)
frames.encode = slow
writer.add_episode(*made_episode(4))
"""


def test_a_killed_process_loses_only_the_episode_in_flight(
    tmp_path: Path, config: LeRobotConfig, make: Make, tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    LeRobotWriter.create(root, config)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_PROCESS, str(root), str(Path(__file__).parents[2])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"in flight\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (root / ".journal/00000004.parquet.partial").write_bytes(b"half")
    assert any("wait in its journal" in problem for problem in verify(root))
    with LeRobotWriter.resume(root) as writer:
        assert writer.n_episodes == 4
    assert_equal(read_steps(root, tasks), joined([make(seed) for seed in range(4)]))
    assert verify(root) == []


def test_foreign_and_filled_folders_are_refused(
    tmp_path: Path, config: LeRobotConfig, make: Make, tasks: tuple[str, ...]
) -> None:
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.png").write_bytes(b"meow")
    for call in (
        lambda: LeRobotWriter.create(foreign, config),
        lambda: LeRobotWriter.resume(foreign),
        lambda: LeRobotWriter.create(foreign / "cat.png", config),
        lambda: LeRobotWriter.create(foreign / "cat.png/data", config),
        lambda: read_steps(foreign, tasks),
        lambda: read_steps(tmp_path / "nowhere", tasks),
        lambda: datasets_in(foreign),
    ):
        with pytest.raises(RunFolderError, match=r"photos|nowhere"):
            call()
    assert [p.name for p in foreign.iterdir()] == ["cat.png"]
    root = tmp_path / "data"
    writer = LeRobotWriter.create(root, config)
    with pytest.raises(RunFolderError, match="resume"):
        LeRobotWriter.create(root, config)
    writer.add_episode(*make(0))
    with pytest.raises(RunFolderError, match=r"1 episodes wait.*resume"):
        read_steps(root, tasks)
    (root / "meta/vla_sim.json").write_text('{"schema_version": 99}')
    with pytest.raises(RunFolderError, match="99"):
        LeRobotWriter.resume(root)


def test_a_folder_that_cannot_be_written_says_so(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    writer = LeRobotWriter.create(tmp_path / "data", config)
    # A file where the journal's folder should be fails for every user, root too.
    (tmp_path / "data/.journal").write_bytes(b"")
    with pytest.raises(RunFolderError, match="journal"):
        writer.add_episode(*make(0))
    assert writer.n_episodes == 0


@pytest.mark.parametrize(
    "name",
    [
        "meta/info.json",
        "meta/vla_sim.json",
        "meta/episodes/chunk-000/file-000.parquet",
        "data/chunk-000/file-001.parquet",
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...], name: str
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    whole = (root / name).read_bytes()
    (root / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedFile, match=name):
        read_steps(root, tasks)
    assert any(name in problem for problem in verify(root))


def test_a_missing_data_file_is_named(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    (root / "data/chunk-000/file-002.parquet").unlink()
    with pytest.raises(DamagedFile, match=r"file-002\.parquet"):
        read_steps(root, tasks)
    assert any("file-002.parquet" in problem for problem in verify(root))


def test_a_damaged_journal_is_named(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    root = tmp_path / "data"
    writer = LeRobotWriter.create(root, config)
    for seed in range(2):
        writer.add_episode(*make(seed))
    second = root / ".journal/00000001.parquet"
    second.write_bytes(second.read_bytes()[:100])
    with pytest.raises(DamagedFile, match=r"00000001\.parquet"):
        LeRobotWriter.resume(root)
    second.unlink()
    assert LeRobotWriter.resume(root).n_episodes == 1
    (root / ".journal/00000000.parquet").rename(second)
    with pytest.raises(RunFolderError, match="0 comes next"):
        LeRobotWriter.resume(root)


def test_verify_sees_wrong_numbers(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    path = root / "data/chunk-000/file-001.parquet"
    table = pq.read_table(path, partitioning=None)
    place = table.schema.get_field_index("index")
    pq.write_table(table.set_column(place, table.schema.field(place), [table["frame_index"]]), path)
    assert [p for p in verify(root) if "'index'" in p and "file-001" in p] == verify(root) != []
    pq.write_table(table.slice(1), path)
    assert any("rows" in problem for problem in verify(root))


def test_episodes_that_do_not_belong_are_refused(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    episode, labels = make(0)
    writer = LeRobotWriter.create(tmp_path / "data", config)
    other = make(1)[1]
    shorter = {name: values[1:] for name, values in labels.items()}
    no_image = {name: values for name, values in labels.items() if name != "image"}
    bad_meaning = {**labels, "meaning": labels["meaning"] - 10_000}
    bad_chunk = {**labels, "chunk": np.full_like(labels["chunk"], np.nan)}
    for bad_episode, bad_labels, says in (
        (replace(episode, embodiment="car"), labels, "one dataset per robot"),
        (replace(episode, control_dt_s=0.1), labels, "10 Hz"),
        (replace(episode, proprio=episode.proprio[:, :8]), labels, "8 components of state"),
        (episode, shorter, "labels for 11"),
        (episode, no_image, "image"),
        (episode, other, "different episodes"),
        (episode, bad_meaning, "meaning that is none"),
        (episode, bad_chunk, "NaN.*'chunk'"),
        (replace(episode, spec=replace(episode.spec, goal=4)), labels, "the goal 4"),
    ):
        with pytest.raises(BadRows, match=says):
            writer.add_episode(bad_episode, bad_labels)
    assert writer.n_episodes == 0


def test_unknown_tasks_are_named(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    write(tmp_path / "data", config, [make(0)])
    with pytest.raises(UnknownName, match=r"Reach-v1.*Fly-v0"):
        read_steps(tmp_path / "data", ("vla_sim/Fly-v0",))


def test_datasets_are_found_one_folder_down(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    for name in ("panda", "car"):
        write(tmp_path / name, config, [make(0)])
    assert [p.name for p in datasets_in(tmp_path)] == ["car", "panda"]
    assert datasets_in(tmp_path / "car") == [tmp_path / "car"]
