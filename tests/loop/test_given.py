"""What a dataset gives is the same in memory and on disk, and a learner goes on from either."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.triples.made import made_episode, write
from vla_sim.align.objective import LossReport
from vla_sim.envs.task_table import TaskTable
from vla_sim.errors import BadRows
from vla_sim.loop.aligning.dataset import given_by
from vla_sim.loop.aligning.given import DataMemory, Given, GivenFiles, GivenRows
from vla_sim.loop.aligning.learner import Learner, LearnerConfig
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.recipes import align as recipes
from vla_sim.records.triple import N_ACT, N_PROPRIO
from vla_sim.triples.lerobot.contents import Contents, contents
from vla_sim.triples.lerobot.schema import LeRobotConfig

PX = 64
TABLE = TaskTable()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    config = LeRobotConfig(
        robot="panda",
        fps=20,
        state_names=tuple(f"s{i}" for i in range(N_PROPRIO)),
        action_names=tuple(f"a{i}" for i in range(N_ACT)),
        image_height=PX,
        image_width=PX,
    )
    root = tmp_path_factory.mktemp("data") / "panda"
    write(root, config, [made_episode(seed, 12, side=PX) for seed in range(6)])
    return contents(root)


def learning() -> LearnerConfig:
    config = recipes.glance().learner
    return replace(config, trainer=replace(config.trainer, segment_every=2))


def given(held: Contents, chosen: DataMemory, **room: int) -> Given:
    config = replace(learning().memory, **room)
    return given_by(held, TABLE, chosen=chosen, config=config)


def learner(of: Given, seed: int = 3) -> Learner:
    made = Learner(learning(), image_size=PX, seed=seed, first_steps=of.first_steps)
    of.into(made, TABLE)
    return made


def losses(made: Learner, spent: int) -> list[LossReport]:
    return made.learn(3, spent=spent, budget=6)


def test_rows_stay_on_disk_where_they_have_no_room(held: Contents) -> None:
    assert isinstance(given(held, "auto"), GivenRows)
    assert isinstance(given(held, "auto", n_steps=71), GivenFiles)
    assert isinstance(given(held, "auto", n_segments=5), GivenFiles)
    assert isinstance(given(held, "ring", n_steps=9), GivenRows)
    assert isinstance(given(held, "disk"), GivenFiles)


def test_what_is_drawn_from_disk_gives_the_losses_that_memory_gives(held: Contents) -> None:
    ring, disk = learner(given(held, "ring")), learner(given(held, "disk"))
    assert ring.trainer.model.bodies == disk.trainer.model.bodies
    assert losses(ring, 0) == losses(disk, 0)


def test_a_learner_that_draws_from_disk_goes_on_exactly(held: Contents, tmp_path: Path) -> None:
    straight = learner(given(held, "disk"))
    losses(straight, 0)
    straight.save(tmp_path / "disk", {})
    resumed = learner(given(held, "disk"), seed=99)
    resumed.load(tmp_path / "disk")
    assert losses(resumed, 3) == losses(straight, 3)
    with pytest.raises(BadRows, match="goes on with --data-memory disk"):
        learner(given(held, "ring")).load(tmp_path / "disk")


def test_all_is_said_and_scales_come_from_as_many_rows_as_have_room(held: Contents) -> None:
    of = given(held, "auto", n_steps=20)
    assert len(of.first_steps["task"]) == 20
    made = Learner(learning(), image_size=PX, seed=0, first_steps=of.first_steps)
    made.memory.config = MemoryConfig(n_steps=20)
    (line, *_) = of.into(made, TABLE)
    assert line.startswith("all 72 step triples and 6 segments are drawn from disk (0.0 GB in")
    assert sum(made.memory.steps.held.values()) == 72
