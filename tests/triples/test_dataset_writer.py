"""What was added is on disk, whatever interrupted the writer, and one writer writes."""

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

from tests.triples.made import Made, Make, assert_equal, joined, kill, write
from vla_sim.errors import BadRows, FolderInUse, RunFolderError
from vla_sim.triples.lerobot.journal import Journal
from vla_sim.triples.lerobot.reader import read_steps
from vla_sim.triples.lerobot.schema import TASKS, LeRobotConfig
from vla_sim.triples.lerobot.verify import verify
from vla_sim.triples.lerobot.writer import LeRobotWriter


def test_resumed_and_uninterrupted_datasets_are_equal(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    root = tmp_path / "data"
    writer = LeRobotWriter.create(root, config)
    for made in episodes[:5]:
        writer.add_episode(*made)
    kill(writer)  # one data file, and two episodes in the journal
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


@pytest.mark.parametrize(
    "step", ["data", "episodes", "tasks", "stats", "info", "journal", "exact statistics"]
)
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
    n_stats = []

    def replace_or_die(self: Path, target: Path) -> Path:
        names = {
            "data": "/data/chunk",
            "episodes": "/episodes/",
            "tasks": "tasks.",
            "stats": "stats.",
            "info": "info.",
        }
        n_stats.extend(["stats."] if "stats." in str(target) else [])
        if step == "exact statistics" and len(n_stats) == 2:
            raise Killed
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
    n_seen = 5 if step in ("journal", "exact statistics") else 3
    assert_equal(read_steps(root, tasks), joined(episodes[:n_seen]))
    if again == "resume":
        kill(writer)
        writer = LeRobotWriter.resume(root)
    # Otherwise it was an interrupt, and the same process tries again.
    writer.close()
    assert writer.n_episodes == 5
    writer = LeRobotWriter.resume(root)
    for made in episodes[5:]:
        writer.add_episode(*made)
    writer.close()
    write(tmp_path / "whole", config, episodes)
    stats = [json.loads((tmp_path / d / "meta/stats.json").read_text()) for d in ("data", "whole")]
    assert stats[0]["action"].pop("mean") == pytest.approx(stats[1]["action"].pop("mean"))
    assert stats[0]["action"].pop("std") == pytest.approx(stats[1]["action"].pop("std"))
    assert stats[0]["action"] == stats[1]["action"]
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
    (root / ".journal/.00000004.parquet.1-00.partial").write_bytes(b"half")
    assert any("wait in its journal" in problem for problem in verify(root))
    with LeRobotWriter.resume(root) as writer:
        assert writer.n_episodes == 4
    assert_equal(read_steps(root, tasks), joined([make(seed) for seed in range(4)]))
    assert verify(root) == []


def test_a_folder_that_cannot_be_written_says_so(
    tmp_path: Path, config: LeRobotConfig, make: Make
) -> None:
    writer = LeRobotWriter.create(tmp_path / "data", config)
    # A file where the journal's folder should be fails for every user, root too.
    (tmp_path / "data/.journal").write_bytes(b"")
    with pytest.raises(RunFolderError, match="journal"):
        writer.add_episode(*make(0))
    assert writer.n_episodes == 0


def test_who_could_not_close_a_dataset_keeps_nobody_out(
    tmp_path: Path, config: LeRobotConfig, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook holds on to what raised, and the writer with it."""

    def full(*_: object) -> None:
        raise RunFolderError("No space left on device")

    with monkeypatch.context() as patched, pytest.raises(RunFolderError, match="No space"):
        patched.setattr(LeRobotWriter, "_merge", full)
        with LeRobotWriter.create(tmp_path / "data", config) as writer:
            writer.add_episode(*make(0))
    with LeRobotWriter.resume(tmp_path / "data") as again:
        assert again.n_episodes == writer.n_episodes == 1
    assert verify(tmp_path / "data") == []


def test_an_episode_that_found_no_place_leaves_no_instruction_behind(
    tmp_path: Path, config: LeRobotConfig, episodes: list[Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "data"
    writer = LeRobotWriter.create(root, config)
    writer.add_episode(*episodes[0])

    def full(*_: object) -> None:
        raise RunFolderError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "add", full)
        with pytest.raises(RunFolderError, match="No space"):
            writer.add_episode(*episodes[1])
    writer.add_episode(*episodes[2])
    writer.close()
    with LeRobotWriter.resume(root) as writer:
        writer.add_episode(*episodes[3])
    texts = dict(zip(*pq.read_table(root / TASKS).to_pydict().values(), strict=True))
    said = [texts[k] for path in sorted(root.glob("data/*/*")) for k in _task_indices(path)]
    assert said == [episodes[k][0].instruction.text for k in (0, 2, 3)]


def _task_indices(path: Path) -> list[int]:
    """Of each episode in a data file, in order."""
    table = pq.read_table(path, columns=["episode_index", "task_index"]).to_pydict()
    return list(dict(zip(table["episode_index"], table["task_index"], strict=True)).values())


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


def test_one_writer_at_a_time(tmp_path: Path, config: LeRobotConfig, make: Make) -> None:
    root = tmp_path / "data"
    with LeRobotWriter.create(root, config) as writer:
        writer.add_episode(*make(0))
        writer.flush()
        with pytest.raises(FolderInUse, match=rf"data is being written by process {os.getpid()}"):
            LeRobotWriter.resume(root)
        assert verify(root) == []  # readers need no lock
    with pytest.raises(RunFolderError, match=r"was closed; .*resume"):
        writer.add_episode(*make(1))
    LeRobotWriter.resume(root).close()
    assert not (root / ".lock").exists()
