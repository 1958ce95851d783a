"""A tiny world for the tests: coloured squares, words that name a colour, actions that point."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.align.body import Body
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup
from vla_sim.records.triple import (
    CHUNK_SIZE,
    GRID,
    N_ACT,
    N_CLIP,
    N_GOALS,
    N_PROPRIO,
    N_QUERIES,
    THING,
    SegmentTriples,
    StepTriples,
)

PX = 64
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (50, 70, 230), "white": (240,) * 3}
WORDS = {
    "red": ("go to the red square", "到红色方块"),
    "green": ("go to the green square", "到绿色方块"),
    "blue": ("go to the blue square", "到蓝色方块"),
    "white": ("go to the white square", "到白色方块"),
}
CORPUS = [text for texts in WORDS.values() for text in texts]

ROBOT = Embodiment(
    name="pointer",
    control_dt_s=0.05,
    action=(
        ActionGroup(name="velocity", size=3, unit="m/s", order=1, scale=0.8, motion="tool"),
        ActionGroup(name="gripper", size=1, unit="1", order=0, scale=1.0, motion=None),
    ),
    motion=(
        MotionGroup(
            name="tool",
            size=3,
            unit="m",
            velocity_limit=0.7,
            acceleration_limit=4.0,
            jerk_limit=80.0,
            source="made up for the tests",
        ),
    ),
    proprio_names=("x", "y", "z", "cos_yaw", "sin_yaw", "width"),
    bandwidth_fraction=0.4,
)
BODY = Body.of(
    ROBOT,
    proprio_centre=(0.5, 0.0, 0.2, 0.0, 0.0, 0.0),
    proprio_scale=(0.2, 0.2, 0.1, 1.0, 1.0, 1.0),
    goal_centre=(0.5, 0.0, 0.0),
    goal_scale=(0.3, 0.3, 0.1),
)


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """n pictures with a square of each colour: image, position of each in picture and world."""

    image: NDArray[np.uint8]
    cell: NDArray[np.float32]
    world: NDArray[np.float32]


def draw(rng: np.random.Generator, n: int) -> Scenes:
    """Squares of 8 px at places that do not overlap, on a grey ground."""
    image = np.full((n, PX, PX, 3), 90, dtype=np.uint8)
    image += rng.integers(0, 12, image.shape, dtype=np.uint8)
    cell = np.zeros((n, N_GOALS, 2), dtype=np.float32)
    for i in range(n):
        slots = rng.permutation(16)[:N_GOALS]
        for g, colour in enumerate(COLOURS.values()):
            corner = np.array((slots[g] % 4, slots[g] // 4)) * 16 + rng.integers(0, 8, 2)
            u, v = int(corner[0]), int(corner[1])
            image[i, v : v + 8, u : u + 8] = colour
            cell[i, g] = (corner + 4.0) / PX
    world = np.zeros((n, N_GOALS, 3), dtype=np.float32)
    world[..., 0] = 0.2 + 0.6 * (1.0 - cell[..., 1])
    world[..., 1] = 0.5 - cell[..., 0]
    return Scenes(image=image, cell=cell, world=world)


def of_things(values: NDArray[Any]) -> NDArray[Any]:
    """Values (n, N_GOALS, ...) of the query for the thing among those of all: the only one here."""
    of_all = np.zeros((*values.shape[:2], N_QUERIES, *values.shape[2:]), dtype=values.dtype)
    of_all[:, :, THING] = values
    return of_all


def steps(rng: np.random.Generator, n: int) -> StepTriples:
    """n moments; the expert's chunk points at the goal and slows down near it."""
    scenes = draw(rng, n)
    proprio = np.zeros((n, N_PROPRIO), dtype=np.float32)
    proprio[:, :3] = rng.uniform((0.3, -0.2, 0.0), (0.7, 0.2, 0.4), (n, 3))
    yaw = rng.uniform(-1.0, 1.0, n)
    proprio[:, 3], proprio[:, 4] = np.cos(yaw), np.sin(yaw)
    offset = scenes.world - proprio[:, None, :3]
    cos, sin = proprio[:, None, 3], proprio[:, None, 4]
    x, y, z = np.moveaxis(offset, -1, 0)
    relative = np.stack((cos * x + sin * y, cos * y - sin * x, z), axis=-1)
    chunk = np.zeros((n, N_GOALS, CHUNK_SIZE, N_ACT), dtype=np.float32)
    chunk[..., :3] = np.clip(2.0 * relative, -1.0, 1.0)[:, :, None]
    chunk[..., 3] = 1.0
    hazard = np.zeros((n, GRID, GRID), dtype=np.uint8)
    at = (scenes.cell[:, 3] * GRID).astype(int)
    hazard[np.arange(n), at[:, 1], at[:, 0]] = 255
    return StepTriples(
        image=scenes.image,
        proprio=proprio,
        task=np.zeros(n, dtype=np.int64),
        meaning=np.tile(np.arange(N_GOALS), (n, 1)),
        weight=np.ones((n, N_GOALS), dtype=np.float32),
        chunk=chunk,
        goal_point=of_things(scenes.world),
        has_point=of_things(np.ones((n, N_GOALS), dtype=np.bool_)),
        held=np.zeros((n, N_GOALS), dtype=np.bool_),
        cell=of_things(scenes.cell),
        cell_visible=of_things(np.ones((n, N_GOALS), dtype=np.bool_)),
        hazard=hazard,
        on_policy=np.zeros(n, dtype=np.bool_),
    )


def segments(rng: np.random.Generator, n: int) -> SegmentTriples:
    """n segments in which a black pointer comes to rest on a square."""
    scenes = draw(rng, n)
    goal = rng.integers(0, N_GOALS, n)
    cell = scenes.cell[np.arange(n), goal]
    clip = np.repeat(scenes.image[:, None], N_CLIP, axis=1)
    start = rng.uniform(0.1, 0.9, (n, 2))
    for f in range(N_CLIP):
        part = f / (N_CLIP - 1)
        at = (((1 - part) * start + part * cell) * PX).astype(int)
        for i, (u, v) in enumerate(at):
            clip[i, f, max(v - 1, 0) : v + 2, max(u - 1, 0) : u + 2] = 0
    duration = rng.uniform(1.0, 3.0, n).astype(np.float32)
    proprio = np.zeros((n, N_PROPRIO), dtype=np.float32)
    proprio[:, 0], proprio[:, 1] = 0.2 + 0.6 * (1.0 - start[:, 1]), 0.5 - start[:, 0]
    proprio[:, 3] = 1.0
    knots = np.zeros((n, CHUNK_SIZE, N_ACT), dtype=np.float32)
    moved = scenes.world[np.arange(n), goal] - proprio[:, :3]
    knots[..., :3] = (moved / duration[:, None])[:, None]
    return SegmentTriples(
        clip=clip,
        clip_time_s=np.linspace(0.0, duration, N_CLIP, axis=1).astype(np.float32),
        task=np.zeros(n, dtype=np.int64),
        meaning=goal,
        knots=knots,
        duration_s=duration,
        start=proprio,
        cell=cell,
        cell_visible=np.ones(n, dtype=np.bool_),
        seed=np.arange(n),
    )


def say(rng: np.random.Generator, meaning: NDArray[np.int64]) -> list[str]:
    """A sentence for each meaning, in either language."""
    colours = list(COLOURS)
    return [WORDS[colours[m]][int(rng.integers(2))] for m in meaning]


def say_all(rng: np.random.Generator, rows: StepTriples) -> list[list[str]]:
    """A sentence for each goal of each moment."""
    return [say(rng, row) for row in rows.meaning]
