"""(V, L, A) triples as rows of arrays, at the two scales of alignment.

Rows rather than objects: a triple crosses a process boundary and enters a batch thousands of times
a second. Words are stored as a meaning and spelled out when a batch is drawn, so that one picture
meets many paraphrases.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHUNK_SIZE = 8
"""Steps of an ActionChunk, and knots of a segment's action sequence: short, as the chapter asks."""
N_ACTION_STEPS = 2
"""Steps of a chunk that are run before the next one is planned, by experts and learners alike: the
states that are labelled in training are to be those that are met later."""
N_ACT = 7
"""Action components of the widest embodiment; narrower ones are padded with zeros."""
N_PROPRIO = 12
"""Proprioceptive components; narrower embodiments are padded with zeros."""
N_GOALS = 4
"""Most goals a scene offers; scenes with fewer repeat theirs with weight zero."""
QUERIES = ("thing", "place", "next")
"""What a sentence asks of a picture: the thing itself, where that has to be or go, and the stretch
of the way after the first. A task answers with a point for each that its goals have."""
N_QUERIES = len(QUERIES)
THING, PLACE, NEXT = range(N_QUERIES)
N_CLIP = 4
"""Pictures of a segment: start, two between, outcome."""
GRID = 16
"""Cells per side of the image grid on which grounding is supervised."""


@dataclass(frozen=True, kw_only=True)
class StepTriples:
    """N moments, each labelled for every goal of its scene (counterfactual triples).

    Attributes:
        image: uint8 (N, h, w, 3), causal: nothing after the moment.
        proprio: float32 (N, N_PROPRIO).
        task: int64 (N,), index of the task in the run's `TaskTable`.
        meaning: int64 (N, N_GOALS), code of the meaning.
        weight: float32 (N, N_GOALS), 1 for a goal of the scene, 0 for padding.
        chunk: float32 (N, N_GOALS, CHUNK_SIZE, N_ACT), the expert's normalised actions. NaN
            throughout where nobody labelled the moment with actions; then its goal points say
            nothing either.
        goal_point: float32 (N, N_GOALS, N_QUERIES, 3), the point that answers each query [m], same
            frame as proprio[:3]; zero where the goal has none.
        has_point: bool (N, N_GOALS, N_QUERIES), whether it has.
        held: bool (N, N_GOALS), the goal's thing is between the fingers.
        cell: float32 (N, N_GOALS, N_QUERIES, 2), image position (u right, v down) in [0, 1] of what
            shows each point: of its referent, which need not lie there itself.
        cell_visible: bool (N, N_GOALS, N_QUERIES), never where there is no point.
        hazard: uint8 (N, GRID, GRID), how much of each image cell shows something not to be hit:
            255 for all of it. Shares rather than flags, so that places come out finer than cells.
        on_policy: bool (N,), the state was reached by the learner and relabelled by the expert.
    """

    image: NDArray[np.uint8]
    proprio: NDArray[np.float32]
    task: NDArray[np.int64]
    meaning: NDArray[np.int64]
    weight: NDArray[np.float32]
    chunk: NDArray[np.float32]
    goal_point: NDArray[np.float32]
    has_point: NDArray[np.bool_]
    held: NDArray[np.bool_]
    cell: NDArray[np.float32]
    cell_visible: NDArray[np.bool_]
    hazard: NDArray[np.uint8]
    on_policy: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class SegmentTriples:
    """N whole episodes that reached their goal: clip, meaning, and the action sequence.

    Attributes:
        clip: uint8 (N, N_CLIP, h, w, 3), evenly spaced from the start to the outcome.
        clip_time_s: float32 (N, N_CLIP), when each picture was taken.
        task: int64 (N,).
        meaning: int64 (N,), code of the meaning.
        knots: float32 (N, CHUNK_SIZE, N_ACT), low-passed and resampled normalised actions. NaN
            throughout where nobody recorded them.
        duration_s: float32 (N,).
        start: float32 (N, N_PROPRIO), proprioception at the start.
        cell: float32 (N, 2), image position of the referent in the last picture.
        cell_visible: bool (N,).
        seed: int64 (N,), the episode's seed, for splits without a leak.
    """

    clip: NDArray[np.uint8]
    clip_time_s: NDArray[np.float32]
    task: NDArray[np.int64]
    meaning: NDArray[np.int64]
    knots: NDArray[np.float32]
    duration_s: NDArray[np.float32]
    start: NDArray[np.float32]
    cell: NDArray[np.float32]
    cell_visible: NDArray[np.bool_]
    seed: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class StripTriples:
    """N stretches of T control steps of some episodes, without a gap: motion as it is seen.

    Attributes:
        strip: uint8 (N, T + 1, h, w, 3), the picture before each step, and the last one.
        action: float32 (N, T, N_ACT), normalised.
        task: int64 (N,).
        seed: int64 (N,), the episode's seed.
    """

    strip: NDArray[np.uint8]
    action: NDArray[np.float32]
    task: NDArray[np.int64]
    seed: NDArray[np.int64]


Rows = Mapping[str, NDArray[np.generic]]
"""A record of this file as {field: array}, e.g. `vars(triples)`: what buffers and files hold."""
