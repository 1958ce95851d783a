"""LeRobotWriter: episodes to a LeRobotDataset, so that a kill loses only the one in flight."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import pyarrow.parquet as pq

from vla_sim.disk.atomic import replace_file, write_json
from vla_sim.errors import RunFolderError
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows
from vla_sim.triples.lerobot import folder, frames, tables
from vla_sim.triples.lerobot.journal import EpisodeRow, Journal
from vla_sim.triples.lerobot.schema import (
    CARD,
    CODEBASE_VERSION,
    DATA_PATH,
    FILES_PER_CHUNK,
    INFO,
    STATS,
    TASKS,
    LeRobotConfig,
    data_schema,
    features,
)


class LeRobotWriter:
    """Appends episodes; `create` begins a dataset, `resume` goes on with one.

    A finished episode goes to the journal at once. When enough wait there, they become a data file
    with one row group each, then the episodes' table, the tasks and the statistics follow, and
    info.json comes last: readers see the dataset before or after, never between.
    """

    def __init__(
        self, root: Path, config: LeRobotConfig, rows: list[EpisodeRow], n_merged: int
    ) -> None:
        self.root = root
        self.config = config
        self._journal = Journal(root)
        self._rows = rows
        self._n_merged = n_merged
        self._task_index: dict[str, int] = {}
        for row in rows:
            self._task_of(str(row["instruction"]))
        self._n_files = folder.file_of(rows[n_merged - 1]) + 1 if n_merged else 0
        self._n_frames = sum(folder.as_int(row, "length") for row in rows)
        self._stats = tables.merged_stats(rows[:n_merged], {})
        rows[:n_merged] = map(tables.without_stats, rows[:n_merged])

    @classmethod
    def create(cls, root: Path, config: LeRobotConfig) -> "LeRobotWriter":
        """Begin a dataset in a new or empty folder.

        Raises:
            RunFolderError: If the folder holds anything, or cannot be written.
        """
        try:
            if root.exists() and (not root.is_dir() or any(root.iterdir())):
                way_out = (
                    "go on with it by LeRobotWriter.resume(root)"
                    if (root / CARD).exists()
                    else "it is not a dataset of vla-sim"
                )
                raise RunFolderError(f"{root} is not empty: {way_out}; or give another folder")
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(f"cannot write the dataset folder {root}: {error}") from None
        write_json(root / CARD, folder.card(config))
        return cls(root, config, [], 0)

    @classmethod
    def resume(cls, root: Path) -> "LeRobotWriter":
        """Go on with a dataset, whether it was closed or its process was killed.

        Raises:
            RunFolderError: If the folder is no dataset of ours.
            DamagedFile: If a file that is needed cannot be read.
        """
        config = folder.read_config(root)
        n_merged, _ = folder.read_totals(root)
        rows = folder.read_episodes(root, n_merged, with_stats=True)
        journal = Journal(root)
        journal.sweep()
        kept = journal.indices()
        # Killed between info.json and the journal's end: these are in a data file already.
        journal.drop([index for index in kept if index < n_merged])
        waiting = [index for index in kept if index >= n_merged]
        if waiting != list(range(n_merged, n_merged + len(waiting))):
            raise RunFolderError(
                f"the journal of {root} holds the episodes {waiting}, but {n_merged} comes next; "
                "restore the missing ones, or delete those after the gap"
            )
        rows += [journal.row(index) for index in waiting]
        return cls(root, config, rows, n_merged)

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
            RunFolderError: If the folder cannot be written.
        """
        frames.check(episode, labels, self.config)
        index = self.n_episodes
        table = frames.frames(
            episode,
            labels,
            self.config,
            episode_index=index,
            first_index=self.n_frames,
            task_index=self._task_of(episode.instruction.text),
        )
        row = frames.row(episode, labels, self.config, index=index)
        self._journal.add(index, table, row)
        self._rows.append(row)
        self._n_frames += episode.n_steps
        if self.n_episodes - self._n_merged >= self.config.episodes_per_shard:
            self._merge()

    def close(self) -> None:
        """Make a data file of what waits in the journal; more may be added afterwards.

        Raises:
            RunFolderError: If the folder cannot be written.
            DamagedFile: If a file of the journal was damaged.
        """
        if self.n_episodes > self._n_merged:
            self._merge()
        elif not self.n_episodes:
            # Like this LeRobot's own writer leaves a dataset that has no episode yet.
            write_json(self.root / INFO, self._info(n_frames=0))

    def __enter__(self) -> "LeRobotWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # After an error or Ctrl-C too: what is finished is worth reading.
        self.close()

    def _task_of(self, text: str) -> int:
        return self._task_index.setdefault(text, len(self._task_index))

    def _merge(self) -> None:
        waiting = list(range(self._n_merged, self.n_episodes))
        chunk, file = divmod(self._n_files, FILES_PER_CHUNK)
        first = self._n_frames - sum(
            folder.as_int(row, "length") for row in self._rows[self._n_merged :]
        )
        for index in waiting:
            length = folder.as_int(self._rows[index], "length")
            self._rows[index] |= {
                "data/chunk_index": chunk,
                "data/file_index": file,
                "meta/episodes/chunk_index": chunk,
                "meta/episodes/file_index": file,
                "dataset_from_index": first,
                "dataset_to_index": first + length,
            }
            first += length
        replace_file(folder.data_path(self.root, self._n_files), self._write_data)
        episodes = tables.episodes_table(self._rows[self._n_merged :])
        replace_file(
            folder.episodes_path(self.root, self._n_files),
            lambda partial: pq.write_table(episodes, partial),
        )
        tasks = tables.tasks_table(self._task_index)
        replace_file(self.root / TASKS, lambda partial: pq.write_table(tasks, partial))
        merged = tables.merged_stats(self._rows[self._n_merged :], self._stats)
        write_json(self.root / STATS, tables.stats_json(merged))
        write_json(self.root / INFO, self._info(n_frames=first))
        # Nothing above changed what a second try would write, if an interrupt cut in.
        self._stats = merged
        self._rows[self._n_merged :] = map(tables.without_stats, self._rows[self._n_merged :])
        self._n_merged = self.n_episodes
        self._n_files += 1
        self._journal.drop(waiting)

    def _write_data(self, partial: Path) -> None:
        with pq.ParquetWriter(partial, data_schema(self.config), compression="snappy") as file:
            for index in range(self._n_merged, self.n_episodes):
                table = self._journal.frames(index)
                file.write_table(table, row_group_size=table.num_rows)

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
