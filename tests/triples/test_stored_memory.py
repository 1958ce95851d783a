"""Rows that stay on disk are drawn as the ring draws them, and memory holds hardly any of them."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.triples.made import Made, Make, assert_equal, write
from vla_sim.errors import BadRows, DamagedFile, RunFolderError, UnknownName
from vla_sim.records.triple import Rows
from vla_sim.triples.buffer import TripleBufferConfig
from vla_sim.triples.lerobot import storing
from vla_sim.triples.lerobot.folder import LeRobotFolder
from vla_sim.triples.lerobot.reader import frame_rows, read_segments, read_steps
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.storing import stored_segments, stored_steps
from vla_sim.triples.lerobot.writer import LeRobotWriter
from vla_sim.triples.spec import segment_spec, step_spec
from vla_sim.triples.stored_memory import StoredMemory

STEPS = TripleBufferConfig(capacity=1_000)
SEGMENTS = TripleBufferConfig(capacity=100, within="meaning", max_duplicates=2)


@pytest.fixture
def roots(tmp_path: Path, config: LeRobotConfig, episodes: list[Made], make: Make) -> list[Path]:
    """Two datasets, of eight episodes and of three with one that failed."""
    more = [make(20, 11), make(21, 9, success_from=None), make(23, 14)]
    write(tmp_path / "one", config, episodes)
    write(tmp_path / "two", config, more)
    return [tmp_path / "one", tmp_path / "two"]


def both(roots: list[Path], tasks: tuple[str, ...]) -> tuple[Rows, Rows]:
    steps = [read_steps(root, tasks) for root in roots]
    segments = [read_segments(root, tasks) for root in roots]
    return (
        {name: np.concatenate([part[name] for part in steps]) for name in steps[0]},
        {name: np.concatenate([part[name] for part in segments]) for name in segments[0]},
    )


def test_rows_from_files_are_the_rows_that_were_read(
    roots: list[Path], tasks: tuple[str, ...]
) -> None:
    steps, segments = both(roots, tasks)
    for stored, rows in (
        (stored_steps(roots, tasks), steps),
        (stored_segments(roots, tasks), segments),
    ):
        n = len(rows["task"])
        assert len(stored) == n and stored.n_bytes == sum(v.nbytes for v in rows.values())
        assert_equal(stored.rows(np.arange(n)), rows)
        places = np.array([n - 1, 0, 0, n // 2])
        assert_equal(stored.rows(places), {name: v[places] for name, v in rows.items()})


@pytest.mark.parametrize("weights", [None, {0: 3.0, 1: 1.0}])
def test_batches_are_those_of_a_ring_that_has_room_for_all(
    roots: list[Path], tasks: tuple[str, ...], weights: Mapping[int, float] | None
) -> None:
    steps, segments = both(roots, tasks)
    for config, spec, stored, rows in (
        (STEPS, step_spec(16, 16), stored_steps(roots, tasks), steps),
        (SEGMENTS, segment_spec(16, 16), stored_segments(roots, tasks), segments),
    ):
        ring, memory = config.build(spec), StoredMemory(config, stored)
        ring.add(rows)
        told = weights if config is STEPS else None
        assert len(memory) == len(ring) and memory.held == ring.held
        assert (memory.n_groups, memory.largest_batch) == (ring.n_groups, ring.largest_batch)
        one, other = np.random.default_rng(4), np.random.default_rng(4)
        for size in (1, 5, 10):
            assert_equal(memory.sample(size, one, told), ring.sample(size, other, told))
        left_out = ("image", "clip")
        drawn = memory.sample(4, one, told, without=left_out)
        assert_equal(drawn, ring.sample(4, other, told, without=left_out))
        assert not drawn["image" if config is STEPS else "clip"].any()
        assert one.bit_generator.state == other.bit_generator.state
        with pytest.raises(BadRows, match=r"cannot draw|takes no rows in"):
            memory.add(rows) if config is STEPS else memory.sample(500, one)


def test_tasks_count_by_the_runs_own_table(roots: list[Path], tasks: tuple[str, ...]) -> None:
    there, back = stored_steps(roots, tasks), stored_steps(roots, tasks[::-1])
    np.testing.assert_array_equal(there.task, 1 - back.task)
    with pytest.raises(UnknownName, match="Lift"):
        stored_steps(roots, tasks[:1])


def test_a_state_is_a_few_bytes_and_knows_its_rows(
    roots: list[Path], tasks: tuple[str, ...]
) -> None:
    memory = StoredMemory(STEPS, stored_steps(roots, tasks))
    state = memory.state()
    assert sum(values.nbytes for values in state.values()) < 100
    StoredMemory(STEPS, stored_steps(roots, tasks)).load_state(state)
    for other in (roots[:1], roots[::-1]):
        with pytest.raises(BadRows, match="memory of other rows"):
            StoredMemory(STEPS, stored_steps(other, tasks)).load_state(state)
    ring = STEPS.build(step_spec(16, 16))
    with pytest.raises(BadRows, match="--data-memory ring"):
        memory.load_state(ring.state())


def test_two_readers_at_once_read_the_same_and_one_writes(
    roots: list[Path], tasks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def counted(dataset: LeRobotFolder) -> object:
        calls.append(dataset.root)
        return frame_rows(dataset)

    monkeypatch.setattr(storing, "frame_rows", counted)
    read: list[Rows] = []

    def reads() -> None:
        read.append(stored_steps(roots, tasks).rows(np.arange(40)))

    threads = [threading.Thread(target=reads) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls) == roots
    for rows in read[1:]:
        assert_equal(rows, read[0])


def test_what_was_written_of_an_older_state_is_replaced(
    roots: list[Path], tasks: tuple[str, ...], make: Make
) -> None:
    before = stored_steps(roots[1:], tasks)
    first = before.rows(np.arange(9))
    with LeRobotWriter.resume(roots[1]) as writer:
        writer.add_episode(*make(31))
    after = stored_steps(roots[1:], tasks)
    assert len(after) == len(before) + make(31)[0].n_steps
    assert_equal(after.rows(np.arange(9)), first)
    assert_equal(before.rows(np.arange(9)), first)  # what is open stays
    assert len(list((roots[1] / ".cache").glob("steps-*"))) == 1


@pytest.mark.parametrize("kind", ["steps", "segments", "pictures"])
def test_a_damaged_file_is_named(roots: list[Path], tasks: tuple[str, ...], kind: str) -> None:
    stored_steps(roots[:1], tasks)
    stored_segments(roots[:1], tasks)
    (place,) = (roots[0] / ".cache").glob(f"{kind}-*")
    whole = place.read_bytes()
    other = np.zeros(3, np.float32)
    for spoil in (lambda: place.write_bytes(whole[:-5]), lambda: np.save(place, other)):
        spoil()
        with pytest.raises(DamagedFile, match=rf"{place.name} .*delete it"):
            (stored_segments if kind == "segments" else stored_steps)(roots[:1], tasks)
    place.unlink()
    stored_steps(roots[:1], tasks)


def test_a_place_that_cannot_be_written_names_the_way_out(
    roots: list[Path], tasks: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunFolderError, match=r"steps of .* have no place.*--picture-cache"):
        stored_steps(roots, tasks, cache=tmp_path / "file")


_LARGE = """
import sys
from pathlib import Path
import numpy as np
from benchmarks.peak_memory import peak_bytes
from vla_sim.triples.buffer import TripleBufferConfig
from vla_sim.triples.row_file import RowFile
from vla_sim.triples.stored_memory import StoredMemory
from vla_sim.triples.stored_rows import StoredPart, StoredRows
from vla_sim.triples.spec import step_spec

n, side = int(sys.argv[2]), 64
spec = step_spec(side, side)
small = {k: c for k, c in spec.items() if k not in ("image", "task")}
kind = np.dtype([(k, c.dtype, c.shape) for k, c in small.items()])
folder = Path(sys.argv[1])
for name, dtype, shape in (("records", kind, ()), ("pictures", np.uint8, (side, side, 3))):
    with (folder / f"{name}.npy").open("wb") as file:
        descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
        head = {"descr": descr, "fortran_order": False, "shape": (n, *shape)}
        np.lib.format.write_array_header_1_0(file, head)
        for _ in range(n // 1000):
            file.write(np.ones((1000, *shape), np.uint8 if shape else kind).tobytes())
held = {k: RowFile(np.load(folder / f"{k}.npy", mmap_mode="r")) for k in ("records", "pictures")}
task = np.arange(n, dtype=np.int64) % 3
rows = StoredRows([StoredPart(task=task, shown=("image", None), **held)], spec)
before = peak_bytes()
memory, rng, seen = StoredMemory(TripleBufferConfig(capacity=1), rows), np.random.default_rng(0), 0
for _ in range(n // 250):
    seen += int(memory.sample(500, rng)["image"].any(axis=(1, 2, 3)).sum())
grown = peak_bytes() - before
assert seen == 500 * (n // 250), seen
print(rows.n_bytes, grown)
"""


def test_a_file_that_is_cut_short_meanwhile_is_named(
    roots: list[Path], tasks: tuple[str, ...]
) -> None:
    stored = stored_steps(roots[:1], tasks)
    (place,) = (roots[0] / ".cache").glob("steps-*")
    with place.open("rb+") as file:
        file.truncate(5_000)
    with pytest.raises(DamagedFile, match=rf"{place.name} was cut short"):
        stored.rows(np.arange(len(stored)), without=("image",))


@pytest.mark.skipif(sys.platform != "linux", reason="counts the pages of a Linux process")
def test_memory_holds_a_small_part_of_what_is_drawn(tmp_path: Path) -> None:
    """Twice as many rows are drawn as there are, so that nearly all of them were looked at."""
    told = subprocess.run(
        [sys.executable, "-c", _LARGE, str(tmp_path), "20000"],
        capture_output=True,
        text=True,
        check=True,
    )
    n_bytes, grown = map(int, told.stdout.split())
    assert n_bytes > 250e6 and grown < 0.1 * n_bytes
