"""Features: the columns of a dataset, as info.json tells them and as parquet holds them.

Arrays lie flat in their rows: LeRobot's tools that delete, split and merge episodes fail on nested
columns, its own as well. `meta/vla_sim.json` says which shape a flat row has.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from vla_sim.records.triple import CHUNK_SIZE, GRID, N_GOALS, N_QUERIES
from vla_sim.triples.lerobot.schema import ACTION_KEY, IMAGE_KEY, STATE_KEY, LeRobotConfig

MEANING_SEPARATOR = "|"
"""Between the goals' meanings of one frame."""

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    "float32": pa.float32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "bool": pa.bool_(),
    "string": pa.string(),
}


@dataclass(frozen=True)
class Feature:
    """One column: the type and shape of a frame's value."""

    dtype: str
    shape: tuple[int, ...] = (1,)
    """(1,) for a plain number or text, as LeRobot writes it."""
    names: tuple[str, ...] | None = None

    @property
    def is_number(self) -> bool:
        """It is neither a picture nor text."""
        return self.dtype not in ("image", "string")

    @property
    def size(self) -> int:
        """Numbers in one frame's value."""
        return math.prod(self.shape)

    @property
    def shape_on_disk(self) -> tuple[int, ...]:
        """What LeRobot is told: flat, unless it is a picture."""
        return self.shape if self.dtype == "image" else (self.size,)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one frame's value in numpy."""
        return () if self.shape == (1,) else self.shape

    @property
    def arrow_type(self) -> pa.DataType:
        """In parquet: a scalar for [1], a fixed-size list otherwise."""
        if self.dtype == "image":
            return pa.struct({"bytes": pa.binary(), "path": pa.string()})
        value = _ARROW_TYPES[self.dtype]
        return value if self.shape == (1,) else pa.list_(value, self.size)

    def to_json(self) -> dict[str, object]:
        """The entry in info.json."""
        names = None if self.names is None else list(self.names)
        return {"dtype": self.dtype, "shape": list(self.shape_on_disk), "names": names}


def features(config: LeRobotConfig) -> dict[str, Feature]:
    """The columns, in their order."""
    chunk_dims = (CHUNK_SIZE, config.n_action)
    return {
        IMAGE_KEY: Feature("image", config.image_shape, ("height", "width", "channels")),
        STATE_KEY: Feature("float32", (config.n_state,), config.state_names),
        ACTION_KEY: Feature("float32", (config.n_action,), config.action_names),
        # What was asked for, in each frame too: LeRobot's tools drop what it does not know from
        # the episodes' table.
        "label.task_id": Feature("string"),
        "label.seed": Feature("int64"),
        "label.goal": Feature("int64"),
        "label.meaning": Feature("string"),
        "label.actions_ahead": Feature("float32", chunk_dims),
        "label.meanings": Feature("string"),
        "label.weight": Feature("float32", (N_GOALS,)),
        "label.chunk": Feature("float32", (N_GOALS, *chunk_dims)),
        "label.goal_point": Feature("float32", (N_GOALS, N_QUERIES, 3)),
        "label.has_point": Feature("bool", (N_GOALS, N_QUERIES)),
        "label.held": Feature("bool", (N_GOALS,)),
        "label.cell": Feature("float32", (N_GOALS, N_QUERIES, 2)),
        "label.cell_visible": Feature("bool", (N_GOALS, N_QUERIES)),
        "label.hazard": Feature("uint8", (GRID, GRID)),
        "label.on_policy": Feature("bool"),
        "next.reward": Feature("float32"),
        "next.success": Feature("bool"),
        "next.done": Feature("bool"),
        "timestamp": Feature("float32"),
        "frame_index": Feature("int64"),
        "episode_index": Feature("int64"),
        "index": Feature("int64"),
        "task_index": Feature("int64"),
    }


def numbers(config: LeRobotConfig) -> dict[str, Feature]:
    """The columns of numbers: all but pictures and texts."""
    return {name: feature for name, feature in features(config).items() if feature.is_number}


def with_statistics(config: LeRobotConfig) -> list[str]:
    """The columns that LeRobot wants statistics of: all but texts.

    Its tools write them for each of these, and cannot read what has others beside their own.
    """
    return [name for name, feature in features(config).items() if feature.dtype != "string"]


def shapes(config: LeRobotConfig) -> dict[str, list[int]]:
    """The shapes of the columns that lie flat on disk."""
    return {
        name: list(feature.shape)
        for name, feature in features(config).items()
        if feature.shape != feature.shape_on_disk
    }


def data_schema(config: LeRobotConfig) -> pa.Schema:
    """The columns of a data file."""
    return pa.schema([(name, feature.arrow_type) for name, feature in features(config).items()])
