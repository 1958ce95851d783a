"""Storing: a dataset as rows that stay on disk, in files beside its decoded pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.triple import N_CLIP, Rows
from vla_sim.triples.lerobot.array_cache import cached, state_of
from vla_sim.triples.lerobot.folder import LeRobotFolder
from vla_sim.triples.lerobot.reader import (
    frame_rows,
    pictures,
    segment_rows,
    segment_tasks,
    step_tasks,
)
from vla_sim.triples.row_file import RowFile
from vla_sim.triples.spec import Spec, segment_spec, step_spec
from vla_sim.triples.stored_rows import StoredPart, StoredRows

Records: TypeAlias = NDArray[np.void]
LAYOUT = 1
"""Of the files, beside their columns: count it up when rows are made otherwise of equal data."""
FRAMES = "frames"
"""Where a record of a segment says which pictures its clip shows."""


def stored_steps(
    roots: Sequence[Path], tasks: Sequence[str], *, cache: Path | None = None
) -> StoredRows:
    """All frames of datasets as `StepTriples` rows that stay on disk.

    The first reader writes them a data file at a time, and needs memory for one.

    Args:
        roots: The datasets, one or more, of pictures of one size.
        tasks: Task ids; the column "task" counts by them.
        cache: Folder for the files, see `cached`.

    Raises:
        RunFolderError: If a folder is no finished dataset of ours, or the cache is unwritable.
        DamagedFile: If a file is missing or does not hold what it should.
        UnknownName: If a dataset has a task or a meaning that is not among ours.
    """
    datasets = [LeRobotFolder.open(root) for root in roots]
    config = datasets[0].config
    spec = step_spec(config.image_height, config.image_width)
    kind = _record({name: c for name, c in spec.items() if name not in ("image", "task")})

    def part(dataset: LeRobotFolder) -> StoredPart:
        task = step_tasks(dataset, tasks)
        records = cached(
            dataset.root,
            "steps",
            state_of(dataset.files(), LAYOUT, kind.descr),
            lambda: _records(frame_rows(dataset), kind),
            shape=(dataset.n_frames,),
            dtype=kind,
            cache=cache,
        )
        return StoredPart(
            records=RowFile(records),
            task=task,
            pictures=RowFile(pictures(dataset, cache)),
            shown=("image", None),
        )

    return StoredRows([part(dataset) for dataset in datasets], spec)


def stored_segments(
    roots: Sequence[Path], tasks: Sequence[str], *, cache: Path | None = None
) -> StoredRows:
    """The successful episodes of datasets as `SegmentTriples` rows that stay on disk.

    Clips are not written once more: a row says which of the decoded pictures its own are.

    Args:
        roots: As in `stored_steps`, like all that follow.
        tasks: As in `stored_steps`.
        cache: As in `stored_steps`.

    Raises:
        RunFolderError: As in `stored_steps`.
        DamagedFile: As in `stored_steps`.
        UnknownName: As in `stored_steps`.
    """
    datasets = [LeRobotFolder.open(root) for root in roots]
    config = datasets[0].config
    spec = segment_spec(config.image_height, config.image_width)
    small = {name: c for name, c in spec.items() if name not in ("clip", "task")}
    kind = _record(small, (FRAMES, "int64", (N_CLIP,)))

    def part(dataset: LeRobotFolder) -> StoredPart:
        task = segment_tasks(dataset, tasks)
        of_episodes = ("success", "goal", "meaning", "seed")
        told = [[row[name] for name in of_episodes] for row in dataset.episodes]
        records = cached(
            dataset.root,
            "segments",
            state_of(dataset.files(), LAYOUT, kind.descr, told),
            lambda: _records(_with_frames(dataset), kind),
            shape=(len(task),),
            dtype=kind,
            cache=cache,
        )
        return StoredPart(
            records=RowFile(records),
            task=task,
            pictures=RowFile(pictures(dataset, cache)),
            shown=("clip", FRAMES),
        )

    return StoredRows([part(dataset) for dataset in datasets], spec)


def _record(spec: Spec, *more: tuple[str, str, tuple[int, ...]]) -> np.dtype[np.void]:
    """A row of small columns side by side, so that reading one touches one place of the disk."""
    return np.dtype([*((name, c.dtype, c.shape) for name, c in spec.items()), *more])


def _records(parts: Iterable[Rows], kind: np.dtype[np.void]) -> Iterator[Records]:
    for part in parts:
        made = np.empty(len(next(iter(part.values()))), kind)
        for name in kind.names or ():
            made[name] = part[name]
        yield made


def _with_frames(dataset: LeRobotFolder) -> Iterator[Mapping[str, NDArray[np.generic]]]:
    for frames, row in segment_rows(dataset):
        yield {**row, FRAMES: frames[None]}
