"""Decoded pictures are the same for all readers, whoever fills the file and wherever it lies."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.triples.made import Made, joined, write
from vla_sim.disk.folder_lock import FolderLock
from vla_sim.errors import DamagedFile, RunFolderError
from vla_sim.triples.lerobot import picture_cache, pictures
from vla_sim.triples.lerobot.reader import read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.writer import LeRobotWriter


@pytest.fixture
def root(tmp_path: Path, config: LeRobotConfig, episodes: list[Made]) -> Path:
    write(tmp_path / "data", config, episodes[:3])
    return tmp_path / "data"


def test_two_readers_at_once_read_the_same_and_one_decodes(
    root: Path, episodes: list[Made], tasks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, n_decoded = pictures.decode_file, []

    def counted(
        path: Path, shape: tuple[int, int, int], n_rows: int
    ) -> Iterator[NDArray[np.uint8]]:
        n_decoded.append(path)
        return decode(path, shape, n_rows)

    monkeypatch.setattr(picture_cache, "decode_file", counted)
    read = []
    threads = [
        threading.Thread(target=lambda: read.append(read_steps(root, tasks)["image"]))
        for _ in range(3)
    ]
    with FolderLock.take(root / ".cache", purpose="test"):
        for thread in threads:
            thread.start()  # all of them find no file, and wait
    for thread in threads:
        thread.join()
    assert len(n_decoded) == 1
    for image in read:
        np.testing.assert_array_equal(image, joined(episodes[:3])["image"])
    assert len(list((root / ".cache").iterdir())) == 1


def test_what_is_mapped_stays_when_the_dataset_grows(
    root: Path, episodes: list[Made], tasks: tuple[str, ...]
) -> None:
    before = read_steps(root, tasks)["image"]
    (root / ".cache/.pictures-0-1.npy.1-00.partial").write_bytes(b"half")  # of a killed reader
    with LeRobotWriter.resume(root) as writer:
        writer.add_episode(*episodes[3])
    np.testing.assert_array_equal(read_steps(root, tasks)["image"], joined(episodes[:4])["image"])
    np.testing.assert_array_equal(before, joined(episodes[:3])["image"])
    assert len(list((root / ".cache").iterdir())) == 1, "older decoded pictures pile up"


def test_datasets_share_a_named_folder(
    root: Path,
    config: LeRobotConfig,
    episodes: list[Made],
    tasks: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path / "other", config, episodes[3:6])
    monkeypatch.setenv("VLA_SIM_PICTURE_CACHE", str(tmp_path / "named"))
    for _ in range(2):
        for place, made in ((root, episodes[:3]), (tmp_path / "other", episodes[3:6])):
            image = read_steps(place, tasks)["image"]
            np.testing.assert_array_equal(image, joined(made)["image"])
    assert len(list((tmp_path / "named").iterdir())) == 2
    assert not (root / ".cache").exists()
    read_steps(root, tasks, cache=tmp_path / "given")
    assert len(list((tmp_path / "given").iterdir())) == 1


def test_a_cache_that_cannot_be_written_names_the_way_out(
    root: Path, tasks: tuple[str, ...]
) -> None:
    (root / ".cache").write_bytes(b"")  # fails for every user, root too
    with pytest.raises(RunFolderError, match=r"\.cache.*set VLA_SIM_PICTURE_CACHE to a folder"):
        read_steps(root, tasks)


def test_a_damaged_cache_is_named(root: Path, tasks: tuple[str, ...]) -> None:
    read_steps(root, tasks)
    (place,) = (root / ".cache").iterdir()
    place.write_bytes(place.read_bytes()[:200])
    with pytest.raises(DamagedFile, match=rf"{place.name} .*delete it"):
        read_steps(root, tasks)
