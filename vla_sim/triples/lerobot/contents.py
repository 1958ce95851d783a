"""Contents: what the datasets in a folder hold, by their metadata, before a frame is read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.triples.lerobot.episode_rows import as_int
from vla_sim.triples.lerobot.folder import LeRobotFolder, datasets_in, read_config, waiting_in
from vla_sim.triples.lerobot.schema import INFO


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The datasets of a folder together: one robot's data is one dataset."""

    roots: tuple[Path, ...]
    """The datasets that hold episodes."""
    robots: tuple[str, ...]
    """Names of their embodiments."""
    image_height: int
    image_width: int
    episodes: Mapping[str, int]
    """Episodes of each task id, in the order in which they were collected."""
    successes: Mapping[str, int]
    """Those that reached their goal: as many segments can be cut."""
    frames: Mapping[str, int]
    """Frames of each task id."""
    left_out: tuple[str, ...]
    """What lies in the folder and is not read, a sentence each."""

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The tasks that have frames."""
        return tuple(self.frames)

    @property
    def image_size(self) -> int:
        """Side of the pictures, in pixels.

        Raises:
            BadConfig: If they are not square.
        """
        if self.image_height != self.image_width:
            raise BadConfig(
                f"the pictures in {self.roots[0]} are {self.image_height} x {self.image_width} "
                "pixels; a crank's are square"
            )
        return self.image_height


def contents(path: Path) -> Contents:
    """What the dataset at `path`, or the datasets right inside it, hold.

    Raises:
        RunFolderError: If there is no dataset, or none with an episode.
        BadConfig: If two of them hold pictures of different sizes.
        DamagedFile: If a file of their metadata is missing or cannot be read.
    """
    datasets, left_out = [], []
    for root in datasets_in(path):
        try:
            read_config(root)
        except RunFolderError as error:
            left_out.append(str(error))  # foreign, or of another schema
            continue
        waiting = waiting_in(root)
        if waiting:
            left_out.append(
                f"{waiting} episodes wait in the journal of {root}; "
                "`vla-sim collect --resume` puts them in"
            )
        if waiting and not (root / INFO).exists():
            continue
        dataset = LeRobotFolder.open(root)
        if dataset.episodes:
            datasets.append(dataset)
        else:
            left_out.append(f"{root} holds no episode yet")
    if not datasets:
        raise RunFolderError(f"there is nothing to read in {path}: {'; '.join(left_out)}")
    first = datasets[0].config
    for dataset in datasets[1:]:
        other = dataset.config
        if (other.image_height, other.image_width) != (first.image_height, first.image_width):
            raise BadConfig(
                f"{datasets[0].root} holds pictures of {first.image_height} x {first.image_width} "
                f"pixels, {dataset.root} of {other.image_height} x {other.image_width}; read them "
                "apart, or collect one again with the other's --crank.image-size"
            )
    episodes, successes, frames = Counter[str](), Counter[str](), Counter[str]()
    for dataset in datasets:
        for row in dataset.episodes:
            task_id = str(row["task_id"])
            episodes[task_id] += 1
            successes[task_id] += bool(row["success"])
            frames[task_id] += as_int(row, "length")
    return Contents(
        roots=tuple(dataset.root for dataset in datasets),
        robots=tuple(dict.fromkeys(dataset.config.robot for dataset in datasets)),
        image_height=first.image_height,
        image_width=first.image_width,
        episodes=dict(episodes),
        successes=dict(successes),
        frames=dict(frames),
        left_out=tuple(left_out),
    )
