"""Schema: which files a dataset has, and the settings that its columns follow from.

Source: the layout of LeRobotDataset v3.0 as lerobot 0.4.4 and 0.6.1 write and read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vla_sim.errors import BadConfig
from vla_sim.ranges import whole
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.observation import PICTURE

CODEBASE_VERSION = "v3.0"
SCHEMA_VERSION = 3
"""Of `label.*`, the episodes' extra columns and `meta/vla_sim.json`."""
FILES_PER_CHUNK = 1000
"""LeRobot finds files by their sorted names, and a fourth digit would break the order."""

INFO = Path("meta/info.json")
STATS = Path("meta/stats.json")
TASKS = Path("meta/tasks.parquet")
EPISODES = Path("meta/episodes")
CARD = Path("meta/vla_sim.json")
JOURNAL = Path(".journal")
CACHE = Path(".cache")
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"

IMAGE_KEY = f"observation.images.{PICTURE}"
"""The feature that holds the task's pictures, whichever task's."""
STATE_KEY = "observation.state"
ACTION_KEY = "action"
"""LeRobot takes every feature whose name begins so for an action."""


def data_path(root: Path, file: int) -> Path:
    """The data file number `file`, counted over all chunks."""
    chunk, index = divmod(file, FILES_PER_CHUNK)
    return root / DATA_PATH.format(chunk_index=chunk, file_index=index)


def episodes_path(root: Path, file: int) -> Path:
    """The file of the episodes' table that our writer writes with data file number `file`."""
    chunk, index = divmod(file, FILES_PER_CHUNK)
    return root / EPISODES_PATH.format(chunk_index=chunk, file_index=index)


@dataclass(frozen=True, kw_only=True)
class LeRobotConfig:
    """Settings of a dataset: one robot, one rate, one size of picture."""

    robot: str
    """Name of the Embodiment."""
    fps: int
    """Control steps, and so frames, per second."""
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]
    image_height: int
    image_width: int
    episodes_per_shard: int = 64
    """Episodes of one data file. A killed process keeps finished episodes, whatever this is."""
    run_card: Mapping[str, str] = field(default_factory=dict)
    """Provenance: versions, seeds, renderer, protocol."""

    def __post_init__(self) -> None:
        whole(1, fps=self.fps, episodes_per_shard=self.episodes_per_shard)
        whole(1, image_height=self.image_height, image_width=self.image_width)

    @classmethod
    def of(
        cls,
        embodiment: Embodiment,
        *,
        image_height: int,
        image_width: int,
        run_card: Mapping[str, str] | None = None,
    ) -> "LeRobotConfig":
        """The settings that fit a robot.

        Raises:
            BadConfig: If its control rate is no whole number of frames per second.
        """
        rate = 1.0 / embodiment.control_dt_s
        if abs(rate - round(rate)) > 1e-6:
            raise BadConfig(
                f"{embodiment.name} is controlled at {rate:g} Hz; LeRobot wants whole frames/s"
            )
        action_names = tuple(
            group.name if group.size == 1 else f"{group.name}_{i}"
            for group in embodiment.action
            for i in range(group.size)
        )
        return cls(
            robot=embodiment.name,
            fps=round(rate),
            state_names=embodiment.proprio_names,
            action_names=action_names,
            image_height=image_height,
            image_width=image_width,
            run_card=dict(run_card or {}),
        )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a picture."""
        return self.image_height, self.image_width, 3

    @property
    def n_state(self) -> int:
        """Components of the state on disk."""
        return len(self.state_names)

    @property
    def n_action(self) -> int:
        """Components of an action on disk."""
        return len(self.action_names)
