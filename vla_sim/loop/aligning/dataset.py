"""A dataset on disk as what an alignment learns from, and what follows from it for the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import SPINE
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import TASK_IDS
from vla_sim.errors import BadConfig, RunFolderError, UnknownName, VlaSimError
from vla_sim.foreign import is_foreign
from vla_sim.loop.aligning.given import DataMemory, Given, GivenFiles, GivenRows, on_disk
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.loop.run_folder import RunFolder
from vla_sim.loop.simulating.simulators import StationConfig, concatenated
from vla_sim.triples.lerobot.contents import Contents
from vla_sim.triples.lerobot.reader import read_segments, read_steps
from vla_sim.triples.lerobot.storing import stored_segments, stored_steps

_NOTE = "data"


def given_by(
    held: Contents,
    table: TaskTable,
    *,
    chosen: DataMemory,
    config: MemoryConfig,
    cache: Path | None = None,
) -> Given:
    """All step and segment triples of the datasets of a folder.

    Args:
        held: What the folder holds.
        table: The tasks that the rows count by.
        chosen: Whether they are held in memory, as far as they have room, or stay on disk.
        config: Has the room.
        cache: Folder for the decoded pictures and what else is cached, see `array_cache.cached`.

    Raises:
        RunFolderError: If a cache cannot be written.
        DamagedFile: If a file is damaged.
    """
    if on_disk(chosen, held, config):
        return GivenFiles(
            stored_steps(held.roots, table.ids, cache=cache),
            stored_segments(held.roots, table.ids, cache=cache),
            n_scaled_by=config.n_steps,
        )
    return GivenRows(
        concatenated([read_steps(root, table.ids, cache=cache) for root in held.roots]),
        concatenated([read_segments(root, table.ids, cache=cache) for root in held.roots]),
    )


def fitted(
    task_ids: tuple[str, ...], stations: StationConfig, held: Contents
) -> tuple[tuple[str, ...], StationConfig]:
    """What judges a model that learns from a dataset: its tasks, and pictures of its size.

    What was chosen otherwise than by default has to agree: tasks may be others than those of the
    dataset, but one of it is among them.

    Raises:
        UnknownName: If the dataset has a task that is not among ours.
        BadConfig: If a task of the user's own that the dataset has cannot be loaded, the pictures
            are of another size than was asked for, or no task is evaluated that the dataset has.
    """
    for task_id in held.task_ids:
        _check_known(task_id, held.roots[0].parent)
    if task_ids == SPINE:
        task_ids = held.task_ids
    elif not set(task_ids) & set(held.task_ids):
        raise BadConfig(
            f"the dataset holds {_names(held.task_ids)}, and none of the tasks to evaluate "
            f"({_names(task_ids)}); name one of the former, or none at all"
        )
    size = stations.crank.image_size
    if size not in (held.image_size, CrankConfig().image_size):
        raise BadConfig(
            f"simulators.crank.image_size is {size}, and the pictures of the dataset are of "
            f"{held.image_size} px; leave the setting away, or collect with that size"
        )
    crank = replace(stations.crank, image_size=held.image_size)
    return task_ids, replace(stations, crank=crank)


def _check_known(task_id: str, place: Path) -> None:
    if is_foreign(task_id):
        try:
            task_id_of(task_id)
        except VlaSimError as error:
            raise BadConfig(f"{place} holds a task of somebody's own: {error}") from error
    elif task_id not in TASK_IDS:
        raise UnknownName(f"task of {place}", task_id, TASK_IDS)


def note(held: Contents) -> dict[str, Any]:
    """What a run writes down about its dataset, for `require_same_data`."""
    return {_NOTE: dict(held.frames)}


def require_same_data(folder: RunFolder, held: Contents | None) -> None:
    """Let a run go on only with the dataset that it was begun with, wherever that lies now.

    Raises:
        RunFolderError: If the dataset holds other frames, or one of the two has none.
    """
    begun: Mapping[str, int] | None = folder.read_json("run.json").get(_NOTE)
    now = None if held is None else dict(held.frames)
    if begun != now:
        raise RunFolderError(
            f"{folder.path} was begun with {_counts(begun)}, not {_counts(now)}; resume with the "
            "same --data, or give another --out"
        )


def opening_remarks(task_ids: Sequence[str], held: Contents) -> list[str]:
    """What is to be known of a dataset before anything is learnt from it, a line each.

    Args:
        task_ids: The tasks that are evaluated.
        held: What the dataset holds.
    """
    said = [
        f"data: {_counts(held.frames)}, {held.image_size} px, of {', '.join(held.robots)}",
        *held.left_out,
    ]
    if silent := [task for task in held.task_ids if task not in task_ids]:
        said.append(f"learnt from and not evaluated: {_names(silent)}")
    if without := [task for task in task_ids if task not in held.task_ids]:
        said.append(f"evaluated, though the data holds nothing of them: {_names(without)}")
    if failing := [task for task, n in held.successes.items() if not n]:
        said.append(f"no episode succeeded, so that no segment is learnt from: {_names(failing)}")
    return said


def _names(task_ids: Iterable[str]) -> str:
    return ", ".join(map(short_name, task_ids))


def _counts(frames: Mapping[str, int] | None) -> str:
    if frames is None:
        return "no dataset"
    each = ", ".join(f"{short_name(task_id)} {n:,}" for task_id, n in frames.items())
    return f"{sum(frames.values()):,} frames ({each})"
