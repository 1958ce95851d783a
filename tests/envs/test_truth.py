"""The truth stays out: what a policy is given names no goal and leads nowhere."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.peeping import peeped, reached
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.suites import CORE
from vla_sim.records.instruction import Instruction, Meaning, Referent
from vla_sim.records.manner import MANNERS
from vla_sim.records.observation import PolicyInput

REACH = "vla_sim/Reach-v1"
SMALL = CrankConfig(image_size=16)
SEED = 77


def numbers(told: PolicyInput, place: int) -> dict[str, NDArray[np.generic]]:
    """All that a policy is given of one row, but which row it is."""
    seen = told.observation
    (image,) = seen.images.values()
    return {
        "image": image[place],
        "proprio": seen.proprio[place],
        "time_s": seen.time_s[place],
        "words": np.array(list(vars(told.instructions[place]).values())),
        "step": told.step[place],
        "own_seed": told.own_seed[place],
    }


@pytest.mark.parametrize("task_id", CORE)
def test_told_nothing_every_goal_and_manner_of_a_scene_looks_the_same(task_id: str) -> None:
    crank = Crank(task_id, 4, SMALL)
    ids = np.arange(crank.n)
    drawn = draw_spec(task_id, SEED, arm="empty")
    pairs = zip((0, 1, 2, 1), MANNERS, strict=False)
    crank.start(ids, [replace(drawn, goal=goal, manner=manner) for goal, manner in pairs])
    assert len(set(crank.goal.tolist())) > 1
    for _ in range(3):
        told = crank.told(ids, crank.observe(ids))
        first = numbers(told, 0)
        for place in ids[1:].tolist():
            for name, value in numbers(told, place).items():
                assert np.array_equal(value, first[name]), name
        crank.step(np.full((crank.n, crank.embodiment.n_act), 0.1, dtype=np.float32))


def test_nothing_that_a_policy_is_given_leads_to_the_truth_or_into_the_simulator() -> None:
    crank = Crank(REACH, 3, SMALL)
    ids = np.arange(3)
    crank.start(ids, plan_episodes(REACH, range(40, 43)))
    told = crank.told(ids, crank.observe(ids))
    found = [thing for _, thing in reached(told, "told", 0, set())]
    assert not any(isinstance(thing, (Instruction, Meaning, Referent, Crank)) for thing in found)
    arrays = [thing for thing in found if isinstance(thing, np.ndarray)]
    assert len(arrays) >= 6
    before = {name: values.copy() for name, values in state(crank)}
    for array in arrays:
        array.flags.writeable = True
        array[...] = 0
    for name, values in state(crank):
        assert np.array_equal(values, before[name]), name
    told.embodiment.__dict__["control_dt_s"] = 7.0
    assert crank.embodiment.control_dt_s != 7.0


def state(crank: Crank) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """What writing into a policy's input could spoil."""
    yield from crank.task.privileged().items()
    yield "qpos", crank.engine.qpos
    yield "goal", crank.goal
    yield "seed", crank.seed
    yield "steps", crank.steps
    yield "scale", crank.embodiment.action_scale
    yield "rgb", crank.view.rgb(np.arange(crank.n))


@pytest.mark.parametrize("arm", ["empty", "swapped"])
def test_a_peeping_policy_finds_no_goal(arm: str) -> None:
    _, n_found = peeped("vla_sim/Reach-v1", 8, arm="empty" if arm == "empty" else "swapped")
    assert n_found == 0


def test_a_peeping_policy_scores_as_guessing_and_would_find_the_truth_were_it_there() -> None:
    blind, n_found = peeped("vla_sim/DriveToGoal-v1", 24)
    hits = np.mean([episode.success_at_end for episode in blind])
    assert n_found == 0
    assert hits < 0.75  # guessing is a third
    seeing, n_found = peeped("vla_sim/DriveToGoal-v1", 8, shown="known")
    assert n_found == 8
    assert all(episode.success_at_end for episode in seeing)
