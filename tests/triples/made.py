"""Small episodes with labels, made from numbers alone, and datasets of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.meanings import MEANINGS
from vla_sim.envs.language.codes import decode, encode
from vla_sim.envs.language.grammar import say
from vla_sim.records.episode import Episode, EpisodeSpec, Rig
from vla_sim.records.instruction import Language
from vla_sim.records.triple import (
    CHUNK_SIZE,
    GRID,
    N_ACT,
    N_GOALS,
    N_PROPRIO,
    N_QUERIES,
    Rows,
    StepTriples,
)
from vla_sim.triples.lerobot.schema import LeRobotConfig
from vla_sim.triples.lerobot.writer import LeRobotWriter

SIDE = 16
Made = tuple[Episode, Rows]
Make = Callable[..., Made]


def made_episode(
    seed: int,
    n_steps: int = 12,
    language: Language = "en",
    success_from: int | None = 8,
    side: int = SIDE,
) -> Made:
    """An arm's episode of random numbers, and its labels."""
    rng = np.random.default_rng(seed)
    picks = rng.choice(len(MEANINGS), N_GOALS, replace=False)
    chosen = np.array([encode(MEANINGS[k]) for k in picks])
    goal = int(rng.integers(N_GOALS))
    meaning = decode(int(chosen[goal]))
    said = say(meaning, language=language, split="seen", rng=rng)
    success = np.zeros(n_steps, np.bool_)
    if success_from is not None:
        success[success_from:] = True
    images = rng.integers(0, 256, (n_steps + 1, side, side, 3), np.uint8)
    proprio = rng.normal(size=(n_steps + 1, N_PROPRIO)).astype(np.float32)
    episode = Episode(
        spec=EpisodeSpec(
            task_id=("vla_sim/Reach-v1", "vla_sim/Lift-v1")[seed % 2],
            seed=seed,
            goal=goal,
            manner=meaning.manner,
            language=language,
        ),
        rig=Rig(engine="made up", renderer="made up", image_size=(SIDE, SIDE)),
        role="teacher",
        instruction=said,
        shown=replace(said, text=""),
        embodiment="panda",
        control_dt_s=0.05,
        actions=rng.uniform(-1, 1, (n_steps, N_ACT)).astype(np.float32),
        proprio=proprio,
        position=np.zeros((n_steps + 1, 3)),
        velocity=np.zeros((n_steps + 1, 3)),
        acceleration=np.zeros((n_steps, 3)),
        point=np.zeros((n_steps + 1, 3)),
        reward=rng.random(n_steps),
        success=success,
        violations={},
        expert_path_length_m=0.5,
        terminated=bool(success[-1]),
        truncated=not success[-1],
        diverged=False,
        n_completed=1,
        n_goals_equivalent=1,
        n_goals=N_GOALS,
        images=images,
    )
    labels = StepTriples(
        image=images[:-1],
        proprio=proprio[:-1],
        task=np.full(n_steps, seed % 2, np.int64),
        meaning=np.tile(chosen.astype(np.int64), (n_steps, 1)),
        weight=rng.integers(0, 2, (n_steps, N_GOALS)).astype(np.float32),
        chunk=rng.uniform(-1, 1, (n_steps, N_GOALS, CHUNK_SIZE, N_ACT)).astype(np.float32),
        goal_point=rng.normal(size=(n_steps, N_GOALS, N_QUERIES, 3)).astype(np.float32),
        has_point=rng.random((n_steps, N_GOALS, N_QUERIES)) < 0.5,
        held=rng.random((n_steps, N_GOALS)) < 0.5,
        cell=rng.random((n_steps, N_GOALS, N_QUERIES, 2)).astype(np.float32),
        cell_visible=rng.random((n_steps, N_GOALS, N_QUERIES)) < 0.5,
        hazard=rng.integers(0, 256, (n_steps, GRID, GRID), dtype=np.uint8),
        on_policy=rng.random(n_steps) < 0.5,
    )
    assert encode(meaning) == chosen[goal]
    return episode, vars(labels)


def write(root: Path, config: LeRobotConfig, episodes: list[Made]) -> None:
    """A finished dataset of episodes."""
    with LeRobotWriter.create(root, config) as writer:
        for episode, labels in episodes:
            writer.add_episode(episode, labels)


def joined(episodes: list[Made]) -> Rows:
    """The rows of all episodes."""
    return {k: np.concatenate([labels[k] for _, labels in episodes]) for k in episodes[0][1]}


def assert_equal(read: Rows, expected: Rows) -> None:
    assert read.keys() == expected.keys()
    for name, values in expected.items():
        assert read[name].dtype == values.dtype, name
        np.testing.assert_array_equal(read[name], values, err_msg=name)


def kill(writer: LeRobotWriter) -> None:
    """What is left of a writer whose process was killed: no lock, and nothing finished."""
    writer._lock.release()
