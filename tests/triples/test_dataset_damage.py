"""What is damaged or foreign is named, and refused or told."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.triples.made import Made, Make, kill, write
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.triples.lerobot.folder import datasets_in
from vla_sim.triples.lerobot.reader import read_steps
from vla_sim.triples.lerobot.schema import SCHEMA_VERSION, TASKS, LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter


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
    kill(LeRobotWriter.create(root, config))
    with pytest.raises(RunFolderError, match="resume"):
        LeRobotWriter.create(root, config)
    writer = LeRobotWriter.resume(root)
    writer.add_episode(*make(0))
    kill(writer)
    with pytest.raises(RunFolderError, match=r"1 episodes wait.*resume"):
        read_steps(root, tasks)
    (root / "meta/vla_sim.json").write_text('{"schema_version": 99}')
    with pytest.raises(RunFolderError, match="99"):
        LeRobotWriter.resume(root)


def test_a_dataset_of_an_older_schema_is_refused_by_number(
    tmp_path: Path, config: LeRobotConfig, make: Make, tasks: tuple[str, ...]
) -> None:
    """Before schema 3 a goal had one point and one cell."""
    write(tmp_path, config, [make(0)])
    card = tmp_path / "meta/vla_sim.json"
    old = json.loads(card.read_text()) | {"schema_version": SCHEMA_VERSION - 1}
    card.write_text(json.dumps(old))
    with pytest.raises(RunFolderError, match=r"2.*reads 3: collect again"):
        read_steps(tmp_path, tasks)


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
    kill(writer)
    second = root / ".journal/00000001.parquet"
    second.write_bytes(second.read_bytes()[:100])
    with pytest.raises(DamagedFile, match=r"00000001\.parquet"):
        LeRobotWriter.resume(root)
    second.unlink()
    writer = LeRobotWriter.resume(root)
    assert writer.n_episodes == 1
    kill(writer)
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


def test_verify_sees_frames_that_are_told_something_else(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made]
) -> None:
    write(tmp_path, config, episodes)
    table = pq.read_table(tmp_path / TASKS)
    texts = table.column("task").to_pylist()
    turned = pa.array([*texts[1:], texts[0]], pa.string())
    pq.write_table(table.set_column(1, "task", turned), tmp_path / TASKS)
    problems = verify(tmp_path)
    assert len(problems) == len(episodes)
    assert f"is about {episodes[0][0].instruction.text!r}, and its frames are told" in problems[0]
    pq.write_table(table.slice(1), tmp_path / TASKS)
    assert any("a task_index, 0, is not among" in problem for problem in verify(tmp_path))


def test_verify_sees_another_rate(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    write(tmp_path, config, [make(0)])
    info = tmp_path / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"fps": config.fps + 1}))
    (problem,) = verify(tmp_path)
    assert f"says {config.fps + 1} frames a second" in problem


def test_datasets_are_found_one_folder_down(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    for name in ("panda", "car"):
        write(tmp_path / name, config, [make(0)])
    assert [p.name for p in datasets_in(tmp_path)] == ["car", "panda"]
    assert datasets_in(tmp_path / "car") == [tmp_path / "car"]


def test_verify_sees_missing_statistics(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made]
) -> None:
    root = tmp_path / "data"
    write(root, config, episodes)
    path = root / "meta/episodes/chunk-000/file-001.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.drop_columns(["stats/action/q01", "stats/next.done/min"]), path)
    (problem,) = verify(root)
    assert problem.endswith(
        "file-001.parquet lacks statistics: stats/action/q01, stats/next.done/min"
    )
    with pytest.raises(DamagedFile, match=r"file-001\.parquet lacks statistics"):
        LeRobotWriter.resume(root)
    pq.write_table(table, path)
    stats = json.loads((root / "meta/stats.json").read_text())
    del stats["timestamp"]["q99"]
    (root / "meta/stats.json").write_text(json.dumps(stats))
    assert any("stats.json lacks statistics of 'timestamp'" in problem for problem in verify(root))
