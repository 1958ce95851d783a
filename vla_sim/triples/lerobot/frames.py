"""Frames: an episode and its labels as the columns of a data file, and its row beside them."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vla_sim.envs.language.codes import decode
from vla_sim.errors import BadRows
from vla_sim.records.episode import Episode
from vla_sim.records.triple import CHUNK_SIZE, N_GOALS, Rows
from vla_sim.triples.lerobot import stats
from vla_sim.triples.lerobot.columns import to_arrow, to_numpy
from vla_sim.triples.lerobot.episode_rows import STATS_PREFIX, EpisodeRow
from vla_sim.triples.lerobot.features import MEANING_SEPARATOR, data_schema, numbers
from vla_sim.triples.lerobot.pictures import encode
from vla_sim.triples.lerobot.schema import ACTION_KEY, IMAGE_KEY, STATE_KEY, LeRobotConfig
from vla_sim.triples.lerobot.stats import STATISTICS, DatasetStats
from vla_sim.triples.spec import count, step_spec


def check(episode: Episode, labels: Rows, config: LeRobotConfig) -> None:
    """Refuse an episode that does not belong into this dataset.

    Raises:
        BadRows: If it is of another robot or rate, or its labels are of another episode.
    """
    name = f"episode {episode.spec.task_id!r} with seed {episode.spec.seed}"
    if episode.embodiment != config.robot or abs(episode.control_dt_s * config.fps - 1.0) > 1e-6:
        raise BadRows(
            f"{name} is of {episode.embodiment!r} at {1 / episode.control_dt_s:g} Hz, but the "
            f"dataset is of {config.robot!r} at {config.fps} Hz; write one dataset per robot"
        )
    n_labels = count(labels, step_spec(config.image_height, config.image_width))
    if n_labels != episode.n_steps or not n_labels:
        raise BadRows(f"{name} has {episode.n_steps} steps and labels for {n_labels} of them")
    widths = (episode.proprio.shape[1], episode.actions.shape[1])
    if widths != (config.n_state, config.n_action):
        raise BadRows(
            f"{name} has {widths[0]} components of state and {widths[1]} of action; the dataset "
            f"has {config.n_state} and {config.n_action}"
        )
    if not np.array_equal(labels["proprio"][:, : config.n_state], episode.proprio[:n_labels]):
        raise BadRows(f"{name} and its labels differ in proprio: they are of different episodes")
    meaning = labels["meaning"]
    for code in np.unique(meaning).tolist():
        try:
            decode(code)
        except ValueError as error:
            raise BadRows(f"{name} has labels with a meaning that is none: {error}") from error
    if not 0 <= episode.spec.goal < N_GOALS:
        raise BadRows(f"{name} has the goal {episode.spec.goal}; labels are for {N_GOALS} goals")
    numbers: Rows = {"actions": episode.actions, "reward": episode.reward, **labels}
    for column, values in numbers.items():
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise BadRows(f"{name} has NaN or infinite values in {column!r}")


def frames(
    episode: Episode,
    labels: Rows,
    config: LeRobotConfig,
    *,
    episode_index: int,
    first_index: int,
    task_index: int,
) -> pa.Table:
    """One row per control step: what was seen before it, what was done, and all labels."""
    n = episode.n_steps
    steps = np.arange(n)
    # As LeRobot's delta_timestamps: past the end of the episode its last action is repeated.
    ahead = np.minimum(steps[:, None] + np.arange(CHUNK_SIZE), n - 1)
    schema = data_schema(config)
    values: dict[str, NDArray[np.generic]] = {
        STATE_KEY: episode.proprio[:n],
        ACTION_KEY: episode.actions,
        "label.seed": np.full(n, episode.spec.seed),
        "label.goal": np.full(n, episode.spec.goal),
        "label.actions_ahead": episode.actions[ahead],
        "label.weight": labels["weight"],
        "label.chunk": labels["chunk"][..., : config.n_action],
        "label.goal_point": labels["goal_point"],
        "label.has_point": labels["has_point"],
        "label.held": labels["held"],
        "label.cell": labels["cell"],
        "label.cell_visible": labels["cell_visible"],
        "label.hazard": labels["hazard"],
        "label.on_policy": labels["on_policy"],
        "next.reward": episode.reward.astype(np.float32),
        "next.success": episode.success,
        "next.done": steps == n - 1,
        "timestamp": (steps / config.fps).astype(np.float32),
        "frame_index": steps,
        "episode_index": np.full(n, episode_index),
        "index": first_index + steps,
        "task_index": np.full(n, task_index),
    }
    arrays = {name: to_arrow(v, schema.field(name).type) for name, v in values.items()}
    pngs = pa.array([encode(picture) for picture in labels["image"]], pa.binary())
    paths = pa.array([f"frame-{step:06d}.png" for step in steps], pa.string())
    arrays[IMAGE_KEY] = pa.StructArray.from_arrays([pngs, paths], ["bytes", "path"])
    texts = {
        "label.task_id": [episode.spec.task_id] * n,
        "label.meaning": [episode.instruction.meaning.key] * n,
        "label.meanings": _keys(labels["meaning"]),
    }
    arrays |= {name: pa.array(values, pa.string()) for name, values in texts.items()}
    return pa.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _keys(meaning: NDArray[np.generic]) -> list[str]:
    """The goals' meanings of each frame as one text: stable keys, whatever the table's order."""
    distinct, inverse = np.unique(meaning, axis=0, return_inverse=True)
    texts = [MEANING_SEPARATOR.join(decode(code).key for code in row) for row in distinct.tolist()]
    return [texts[i] for i in inverse.reshape(-1).tolist()]


def row(episode: Episode, labels: Rows, *, index: int) -> EpisodeRow:
    """The episode's row, without its place in the files, and with the pictures' statistics.

    Those of the numbers follow when its frames go into a data file; these would then cost decoding.
    """
    spec, said = episode.spec, episode.instruction
    pictures = stats.of_pictures(labels["image"].astype(np.uint8, copy=False))
    return {
        "episode_index": index,
        "tasks": [said.text],
        "length": episode.n_steps,
        "success": episode.success_once,
        "success_at_end": episode.success_at_end,
        "task_id": spec.task_id,
        "seed": spec.seed,
        "goal": spec.goal,
        "manner": spec.manner,
        "language": spec.language,
        "split": spec.split,
        "arm": spec.arm,
        "instruction": said.text,
        "template_id": said.template_id,
        "meaning": said.meaning.key,
        "shown": episode.shown.text,
        "terminated": episode.terminated,
        "truncated": episode.truncated,
        "expert_path_length_m": episode.expert_path_length_m,
        **{f"{STATS_PREFIX}{name}": value.tolist() for name, value in pictures.items()},
    }


def statistics(frames_of_episode: pa.Table, row: EpisodeRow, config: LeRobotConfig) -> DatasetStats:
    """Statistics of an episode: the pictures' from its row, the numbers' from its frames."""
    of_all: DatasetStats = {
        IMAGE_KEY: {name: np.asarray(row[f"{STATS_PREFIX}{name}"], float) for name in STATISTICS}
    }
    for name, feature in numbers(config).items():
        column = frames_of_episode.column(name)
        of_all[name] = stats.of_values(to_numpy(column, (feature.size,), feature.dtype))
    return of_all


def without_statistics(row: EpisodeRow) -> EpisodeRow:
    """The row as it may stay in memory for all episodes of a long collection."""
    return {name: value for name, value in row.items() if not name.startswith(STATS_PREFIX)}
