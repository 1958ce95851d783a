"""Segment: a whole episode as one triple of clip, meaning and action sequence."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.streams import stream
from vla_sim.errors import BadRows
from vla_sim.records.episode import Episode
from vla_sim.records.triple import (
    CHUNK_SIZE,
    N_ACT,
    N_CLIP,
    N_PROPRIO,
    Rows,
    SegmentTriples,
)


def outcome_step(success: NDArray[np.bool_]) -> int:
    """The step after which the outcome is seen: the first success, or the last step.

    Args:
        success: bool (T,), the task's condition after each step, T >= 1.
    """
    return int(success.argmax()) if success.any() else len(success) - 1


def clip_frames(last: int) -> NDArray[np.int64]:
    """Which N_CLIP of the pictures 0 to `last` make the clip: evenly spaced, both ends in it."""
    return np.linspace(0, last, N_CLIP).round().astype(np.int64)


def jittered_frames(last: int, jitter: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The same with the inner pictures earlier or later; start and outcome stay.

    Args:
        last: The last picture.
        jitter: Farthest, as a share of the time between two pictures, less than a half: so they
            keep their order.
        rng: Draws.
    """
    even = np.linspace(0, last, N_CLIP)
    shift = rng.uniform(-jitter, jitter, N_CLIP) * (last / (N_CLIP - 1))
    shift[[0, -1]] = 0.0
    return (even + shift).round().astype(np.int64)


def knots(actions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Actions, low-passed and resampled to CHUNK_SIZE knots.

    Time is cut into CHUNK_SIZE equal spans, and a knot is the mean of the piecewise constant
    action over its span: a box filter of exactly one span's width, which passes a constant
    unchanged, has its first zero at the knots' rate, and keeps the mean over the whole
    sequence, and with it the way that velocity actions cover.

    Args:
        actions: float32 (T, n_act), normalised, T >= 1.

    Returns:
        float32 (CHUNK_SIZE, N_ACT); components beyond n_act are zero.
    """
    n_steps, n_act = actions.shape
    # The integral of the action up to each step's start is linear in between.
    integral = np.zeros((n_steps + 1, n_act))
    np.cumsum(actions, axis=0, dtype=np.float64, out=integral[1:])
    edges = np.linspace(0, n_steps, CHUNK_SIZE + 1)
    steps = np.arange(n_steps + 1)
    at_edges = np.stack([np.interp(edges, steps, column) for column in integral.T], axis=1)
    resampled = np.zeros((CHUNK_SIZE, N_ACT), np.float32)
    resampled[:, :n_act] = np.diff(at_edges, axis=0) * (CHUNK_SIZE / n_steps)
    return resampled


def cut_numbers(
    *,
    n_images: int,
    actions: NDArray[np.float32],
    proprio: NDArray[np.float32],
    success: NDArray[np.bool_],
    control_dt_s: float,
    task: int,
    meaning: int,
    cell: NDArray[np.float32],
    cell_visible: NDArray[np.bool_],
    seed: int,
    frames: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], Rows]:
    """What `cut` makes of an episode but for its pictures, of which it says which they are.

    Args:
        n_images: M.
        actions: As in `cut`, like all that follow.
        proprio: As in `cut`.
        success: As in `cut`.
        control_dt_s: As in `cut`.
        task: As in `cut`.
        meaning: As in `cut`.
        cell: As in `cut`.
        cell_visible: As in `cut`.
        seed: As in `cut`.
        frames: As in `cut`.

    Returns:
        Places of the clip's pictures among the M, int64 (N_CLIP,), and one row of all columns but
        "clip".
    """
    n_steps = outcome_step(success) + 1
    last = min(n_steps, n_images - 1)
    frames = clip_frames(last) if frames is None else frames
    start = np.zeros((1, N_PROPRIO), np.float32)
    start[0, : proprio.shape[1]] = proprio[0]
    return frames, {
        "clip_time_s": (frames * control_dt_s).astype(np.float32)[None],
        "task": np.array([task], np.int64),
        "meaning": np.array([meaning], np.int64),
        "knots": knots(actions[:n_steps])[None],
        "duration_s": np.array([n_steps * control_dt_s], np.float32),
        "start": start,
        "cell": cell[last][None],
        "cell_visible": cell_visible[last : last + 1],
        "seed": np.array([seed], np.int64),
    }


def cut(
    *,
    images: NDArray[np.uint8],
    actions: NDArray[np.float32],
    proprio: NDArray[np.float32],
    success: NDArray[np.bool_],
    control_dt_s: float,
    task: int,
    meaning: int,
    cell: NDArray[np.float32],
    cell_visible: NDArray[np.bool_],
    seed: int,
    frames: NDArray[np.int64] | None = None,
) -> SegmentTriples:
    """One row for the arrays of an episode of T steps, up to its outcome.

    Args:
        images: uint8 (M, h, w, 3), the picture before each step; with M = T + 1 also the last one.
        actions: float32 (T, n_act), normalised, T >= 1.
        proprio: float32 (M, n_proprio).
        success: bool (T,), the task's condition after each step.
        control_dt_s: Control period [s].
        task: Index of the task.
        meaning: Code of the true meaning.
        cell: float32 (M, 2), image position (u, v) of the referent in each picture, in [0, 1].
        cell_visible: bool (M,).
        seed: The episode's seed.
        frames: The pictures of the clip; None for `clip_frames`.
    """
    frames, numbers = cut_numbers(
        n_images=len(images),
        actions=actions,
        proprio=proprio,
        success=success,
        control_dt_s=control_dt_s,
        task=task,
        meaning=meaning,
        cell=cell,
        cell_visible=cell_visible,
        seed=seed,
        frames=frames,
    )
    return SegmentTriples(clip=images[frames][None], **numbers)  # type: ignore[arg-type]


def segment(
    episode: Episode,
    *,
    task: int,
    meaning: int,
    cell: NDArray[np.float32],
    cell_visible: NDArray[np.bool_],
    jitter: float = 0.0,
) -> SegmentTriples:
    """One row for an episode of T steps, up to its outcome: see `cut`.

    Args:
        episode: With pictures; the outcome is its first success, or its last step.
        task: Index of its task.
        meaning: Code of its true meaning.
        cell: float32 (T + 1, 2), image position (u, v) of its referent, in [0, 1].
        cell_visible: bool (T + 1,).
        jitter: How far inner pictures may leave their even places, see `jittered_frames`; by how
            much they do follows from the episode's seed.

    Raises:
        BadRows: If the episode has no steps or no pictures, or the cells do not match them.
    """
    name = f"episode {episode.spec.task_id!r} with seed {episode.spec.seed}"
    if not episode.n_steps:
        raise BadRows(f"{name} has no steps to cut a segment from")
    if episode.images is None:
        raise BadRows(f"{name} has no pictures to cut a segment from: roll it out with cameras")
    n = len(episode.images)
    if cell.shape != (n, 2) or cell_visible.shape != (n,):
        raise BadRows(
            f"{name} has {n} pictures; its cells have the shapes {cell.shape} and "
            f"{cell_visible.shape}, and need {(n, 2)} and {(n,)}"
        )
    frames = None
    if jitter:
        last = min(outcome_step(episode.success) + 1, n - 1)
        rng = stream(episode.spec.task_id, episode.spec.seed, "jitter")
        frames = jittered_frames(last, jitter, rng)
    return cut(
        images=episode.images,
        actions=episode.actions,
        proprio=episode.proprio,
        success=episode.success,
        control_dt_s=episode.control_dt_s,
        task=task,
        meaning=meaning,
        cell=cell,
        cell_visible=cell_visible,
        seed=episode.spec.seed,
        frames=frames,
    )
