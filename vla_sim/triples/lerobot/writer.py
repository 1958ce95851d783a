"""LeRobotWriter: episodes to a LeRobotDataset, so that a kill loses only the one in flight."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import pyarrow.parquet as pq

from vla_sim.disk.atomic import replace_file, write_json
from vla_sim.disk.folder_lock import FolderLock, names_in
from vla_sim.errors import RunFolderError
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot import folder, frames, tables
from vla_sim.triples.lerobot.episode_rows import (
    EpisodeRow,
    as_int,
    data_files,
    file_of,
    lacking,
    read_episodes,
)
from vla_sim.triples.lerobot.features import data_schema, features
from vla_sim.triples.lerobot.journal import Journal
from vla_sim.triples.lerobot.parquet import write_table
from vla_sim.triples.lerobot.quantiles import with_exact_quantiles
from vla_sim.triples.lerobot.schema import (
    CARD,
    CODEBASE_VERSION,
    DATA_PATH,
    FILES_PER_CHUNK,
    INFO,
    STATS,
    TASKS,
    LeRobotConfig,
    data_path,
    episodes_path,
)
from vla_sim.triples.lerobot.stats import DatasetStats


class LeRobotWriter:
    """Appends episodes; `create` begins a dataset, `resume` goes on with one.

    A finished episode goes to the journal at once. When enough wait there, they become a data file
    with one row group each, then the episodes' table, the tasks and the statistics follow, and
    info.json comes last: readers see the dataset before or after, never between. From its making
    to `close` a writer alone writes to the folder.
    """

    def __init__(
        self, lock: FolderLock, config: LeRobotConfig, rows: list[EpisodeRow], n_merged: int
    ) -> None:
        self.root = lock.folder
        self.config = config
        self._lock = lock
        self._journal = Journal(self.root)
        self._rows = rows
        self._n_merged = n_merged
        self._task_index: dict[str, int] = {}
        for row in rows:
            self._note_task(str(row["instruction"]))
        self._n_files = file_of(rows[n_merged - 1]) + 1 if n_merged else 0
        self._n_frames = sum(as_int(row, "length") for row in rows)
        self._stats = tables.read_stats(self.root, n_merged, config)

    @classmethod
    def create(cls, root: Path, config: LeRobotConfig) -> "LeRobotWriter":
        """Begin a dataset in a new or empty folder, and lock it until `close`.

        Raises:
            RunFolderError: If the folder holds anything, or cannot be written.
            FolderInUse: If another writer has it.
        """
        with ExitStack() as held:
            lock = held.enter_context(FolderLock.take(root, purpose="writing a dataset"))
            if names_in(root):
                way_out = (
                    "go on with it by LeRobotWriter.resume(root)"
                    if (root / CARD).exists()
                    else "it is not a dataset of vla-sim"
                )
                raise RunFolderError(f"{root} is not empty: {way_out}; or give another folder")
            write_json(root / CARD, folder.card(config))
            writer = cls(lock, config, [], 0)
            held.pop_all()
        return writer

    @classmethod
    def resume(cls, root: Path) -> "LeRobotWriter":
        """Go on with a dataset, whether it was closed or its process was killed; locks it.

        Raises:
            RunFolderError: If the folder is no dataset of ours, or LeRobot wrote into it.
            FolderInUse: If another writer has it.
            DamagedFile: If a file that is needed cannot be read.
        """
        config = folder.read_card(root)
        with ExitStack() as held:
            lock = held.enter_context(FolderLock.take(root, purpose="writing a dataset"))
            n_merged, _ = folder.read_totals(root)
            rows = read_episodes(root, n_merged)
            for columns, episodes in lacking(rows):
                raise RunFolderError(
                    f"{root} cannot be gone on with: the episodes {episodes.start} to "
                    f"{episodes.stop - 1} lack {columns}, as LeRobot leaves them; it can be read "
                    "as it is, and more be collected into another folder"
                )
            journal = Journal(root)
            journal.sweep()
            kept = journal.indices()
            # Killed between info.json and the journal's end: these are in a data file already.
            journal.drop([index for index in kept if index < n_merged])
            waiting = [index for index in kept if index >= n_merged]
            if waiting != list(range(n_merged, n_merged + len(waiting))):
                raise RunFolderError(
                    f"the journal of {root} holds the episodes {waiting}, but {n_merged} comes "
                    "next; restore the missing ones, or delete those after the gap"
                )
            rows += [journal.row(index) for index in waiting]
            writer = cls(lock, config, rows, n_merged)
            held.pop_all()
        return writer

    @property
    def n_episodes(self) -> int:
        """Episodes that are safe on disk."""
        return len(self._rows)

    @property
    def n_frames(self) -> int:
        """Frames that are safe on disk."""
        return self._n_frames

    @property
    def specs(self) -> tuple[EpisodeSpec, ...]:
        """The plans of the episodes on disk: what a resumed collection need not repeat."""
        names = ("task_id", "seed", "goal", "manner", "language", "split", "arm")
        return tuple(EpisodeSpec(**{n: cast(Any, row[n]) for n in names}) for row in self._rows)

    def add_episode(self, episode: Episode, labels: Rows) -> None:
        """Append an episode of T steps; on return it survives a kill.

        Args:
            episode: Its pictures may be missing: those of the labels are stored.
            labels: `StepTriples` rows of its T steps, the moment before each action.

        Raises:
            BadRows: If it is of another robot or rate, or the labels do not belong to it.
            RunFolderError: If the folder cannot be written, or was closed.
        """
        if not self._lock.held:
            raise RunFolderError(
                f"{self.root} was closed; LeRobotWriter.resume(root) goes on with it"
            )
        frames.check(episode, labels, self.config)
        index, text = self.n_episodes, episode.instruction.text
        table = frames.frames(
            episode,
            labels,
            self.config,
            episode_index=index,
            first_index=self.n_frames,
            # Noted when it is safe: who resumes counts the instructions of what is on disk.
            task_index=self._task_index.get(text, len(self._task_index)),
        )
        row = frames.row(episode, labels, index=index)
        self._journal.add(index, table, row)
        self._rows.append(row)
        self._note_task(text)
        self._n_frames += episode.n_steps
        if self.n_episodes - self._n_merged >= self.config.episodes_per_shard:
            self._merge()

    def flush(self) -> None:
        """Make a data file of what waits in the journal, so that readers see it.

        Raises:
            RunFolderError: If the folder cannot be written.
            DamagedFile: If a file of the journal was damaged.
        """
        if self.n_episodes > self._n_merged:
            self._merge()

    def close(self) -> None:
        """Flush, make the statistics exact, and let other writers in; a second time does nothing.

        Raises:
            RunFolderError: If the folder cannot be written.
            DamagedFile: If a file of the journal or of data was damaged.
        """
        if not self._lock.held:
            return
        self.flush()
        if self.n_episodes:
            files = data_files(self.root, self._rows)
            exact = with_exact_quantiles(self._stats, files, self.config)
            write_json(self.root / STATS, tables.stats_json(exact))
        else:
            # Like this LeRobot's own writer leaves a dataset that has no episode yet.
            write_json(self.root / INFO, self._info(n_frames=0))
        self._lock.release()

    def __enter__(self) -> "LeRobotWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an error or Ctrl-C too: what is finished is worth reading.
        try:
            self.close()
        finally:
            self._lock.release()  # nobody is left to close it again, be the disk full

    def _note_task(self, text: str) -> None:
        self._task_index.setdefault(text, len(self._task_index))

    def _merge(self) -> None:
        waiting = list(range(self._n_merged, self.n_episodes))
        chunk, file = divmod(self._n_files, FILES_PER_CHUNK)
        first = self._n_frames - sum(as_int(self._rows[index], "length") for index in waiting)
        for index in waiting:
            length = as_int(self._rows[index], "length")
            self._rows[index] |= {
                "data/chunk_index": chunk,
                "data/file_index": file,
                "meta/episodes/chunk_index": chunk,
                "meta/episodes/file_index": file,
                "dataset_from_index": first,
                "dataset_to_index": first + length,
            }
            first += length
        stats: list[DatasetStats] = []

        def write_data(partial: Path) -> None:
            schema = data_schema(self.config)
            with pq.ParquetWriter(partial, schema, compression="snappy") as writer:
                for index in waiting:
                    table = self._journal.frames(index)
                    writer.write_table(table, row_group_size=table.num_rows)
                    stats.append(frames.statistics(table, self._rows[index], self.config))

        replace_file(data_path(self.root, self._n_files), write_data)
        rows = [frames.without_statistics(self._rows[index]) for index in waiting]
        write_table(episodes_path(self.root, self._n_files), tables.episodes_table(rows, stats))
        write_table(self.root / TASKS, tables.tasks_table(self._task_index))
        merged = tables.merged_stats([self._stats, *stats] if self._stats else stats)
        write_json(self.root / STATS, tables.stats_json(merged))
        write_json(self.root / INFO, self._info(n_frames=first))
        # Nothing above changed what a second try would write, if an interrupt cut in.
        self._stats = merged
        self._rows[self._n_merged :] = rows
        self._n_merged = self.n_episodes
        self._n_files += 1
        self._journal.drop(waiting)

    def _info(self, *, n_frames: int) -> Mapping[str, object]:
        return {
            "codebase_version": CODEBASE_VERSION,
            "robot_type": self.config.robot,
            "total_episodes": self.n_episodes,
            "total_frames": n_frames,
            "total_tasks": len(self._task_index),
            "chunks_size": FILES_PER_CHUNK,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": self.config.fps,
            "splits": {"train": f"0:{self.n_episodes}"},
            "data_path": DATA_PATH,
            "video_path": None,
            "features": {name: f.to_json() for name, f in features(self.config).items()},
        }
