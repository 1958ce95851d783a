"""Schema: which files, features and columns a dataset has.

Source: the layout of LeRobotDataset v3.0 as lerobot 0.4.4 and 0.6.1 write and read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from vla_sim.errors import BadConfig
from vla_sim.ranges import whole
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_GOALS

CODEBASE_VERSION = "v3.0"
SCHEMA_VERSION = 1
"""Of `label.*`, the episodes' extra columns and `meta/vla_sim.json`."""
FILES_PER_CHUNK = 1000
"""LeRobot finds files by their sorted names, and a fourth digit would break the order."""

INFO = Path("meta/info.json")
STATS = Path("meta/stats.json")
TASKS = Path("meta/tasks.parquet")
CARD = Path("meta/vla_sim.json")
JOURNAL = Path(".journal")
CACHE = Path(".cache")
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"

MEANING_SEPARATOR = "|"


@dataclass(frozen=True, kw_only=True)
class LeRobotConfig:
    """Settings of a dataset: one robot, one rate, one camera."""

    robot: str
    """Name of the Embodiment."""
    fps: int
    """Control steps, and so frames, per second."""
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]
    image_height: int
    image_width: int
    camera: str = "front"
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
        camera: str = "front",
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
            camera=camera,
            run_card=dict(run_card or {}),
        )

    @property
    def image_key(self) -> str:
        """The feature that holds the camera's pictures."""
        return f"observation.images.{self.camera}"

    @property
    def n_state(self) -> int:
        """Components of the state on disk."""
        return len(self.state_names)

    @property
    def n_action(self) -> int:
        """Components of an action on disk."""
        return len(self.action_names)


@dataclass(frozen=True)
class Feature:
    """What info.json says about one column."""

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, object]:
        """The entry in info.json."""
        names = None if self.names is None else list(self.names)
        return {"dtype": self.dtype, "shape": list(self.shape), "names": names}

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one frame's value; LeRobot writes (1,) for a plain number."""
        return () if self.shape == (1,) else self.shape

    @property
    def arrow_type(self) -> pa.DataType:
        """In parquet: a scalar for [1], a fixed-size list for 1-D, nested lists beyond."""
        if self.dtype == "image":
            return pa.struct({"bytes": pa.binary(), "path": pa.string()})
        value = ARROW_TYPES[self.dtype]
        if len(self.shape) == 1:
            return value if self.shape == (1,) else pa.list_(value, self.shape[0])
        for _ in self.shape:
            value = pa.list_(value)
        return value


ARROW_TYPES: Mapping[str, pa.DataType] = {
    "float32": pa.float32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "bool": pa.bool_(),
    "string": pa.string(),
}


def features(config: LeRobotConfig) -> dict[str, Feature]:
    """What info.json says about each column, in the order of the columns."""
    chunk_dims = (CHUNK_SIZE, config.n_action)
    return {
        config.image_key: Feature(
            "image",
            (config.image_height, config.image_width, 3),
            ("height", "width", "channels"),
        ),
        "observation.state": Feature("float32", (config.n_state,), config.state_names),
        "action": Feature("float32", (config.n_action,), config.action_names),
        "action_chunk": Feature("float32", chunk_dims),
        "label.meanings": Feature("string", (1,)),
        "label.weight": Feature("float32", (N_GOALS,)),
        "label.chunk": Feature("float32", (N_GOALS, *chunk_dims)),
        "label.goal_point": Feature("float32", (N_GOALS, 3)),
        "label.cell": Feature("float32", (N_GOALS, 2)),
        "label.cell_visible": Feature("bool", (N_GOALS,)),
        "label.hazard": Feature("uint8", (GRID, GRID)),
        "label.on_policy": Feature("bool", (1,)),
        "next.reward": Feature("float32", (1,)),
        "next.success": Feature("bool", (1,)),
        "next.done": Feature("bool", (1,)),
        "timestamp": Feature("float32", (1,)),
        "frame_index": Feature("int64", (1,)),
        "episode_index": Feature("int64", (1,)),
        "index": Feature("int64", (1,)),
        "task_index": Feature("int64", (1,)),
    }


def data_schema(config: LeRobotConfig) -> pa.Schema:
    """The columns of a data file."""
    return pa.schema([(name, feature.arrow_type) for name, feature in features(config).items()])


EPISODE_COLUMNS: Mapping[str, pa.DataType] = {
    "episode_index": pa.int64(),
    "tasks": pa.list_(pa.string()),
    "length": pa.int64(),
    "data/chunk_index": pa.int64(),
    "data/file_index": pa.int64(),
    "dataset_from_index": pa.int64(),
    "dataset_to_index": pa.int64(),
    "meta/episodes/chunk_index": pa.int64(),
    "meta/episodes/file_index": pa.int64(),
    # From here on LeRobot keeps what it does not know, and filters by it.
    "success": pa.bool_(),
    "success_at_end": pa.bool_(),
    "task_id": pa.string(),
    "seed": pa.int64(),
    "goal": pa.int64(),
    "manner": pa.string(),
    "language": pa.string(),
    "split": pa.string(),
    "arm": pa.string(),
    "instruction": pa.string(),
    "template_id": pa.string(),
    "meaning": pa.string(),
    "shown": pa.string(),
    "terminated": pa.bool_(),
    "truncated": pa.bool_(),
    "expert_path_length_m": pa.float64(),
}
"""The episodes' table, beside the columns `stats/<feature>/<statistic>`."""
