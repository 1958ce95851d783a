"""Several cranks turned as one: no slot notices the others, nor what its slot ran before."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.crankshaft import Crankshaft, MixedInput
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig

SMALL = CrankConfig(image_size=16)
ARENA, ROAD, PARK = (task_id_of(name) for name in ("DriveToGoal", "ChangeLane", "Park"))
EVERYONE = np.arange(4)


def actions(step: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(step)
    return rng.uniform(-1, 1, (4, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def shaft() -> Crankshaft:
    return Crankshaft([Crank(task_id, 4, SMALL) for task_id in (ARENA, ROAD)])


@pytest.fixture(scope="module")
def alone() -> dict[str, Crank]:
    return {task_id: Crank(task_id, 4, SMALL) for task_id in (ARENA, ROAD)}


def test_an_episode_is_the_one_that_its_own_crank_runs(
    shaft: Crankshaft, alone: dict[str, Crank]
) -> None:
    tasks = [ROAD, ARENA, ARENA, ROAD]
    shaft.start(EVERYONE, [draw_spec(task_id, 30 + k) for k, task_id in enumerate(tasks)])
    for _ in range(3):
        shaft.step(actions(99))
    # Slot 2 changes its task and slot 3 does not; what they ran before is forgotten.
    tasks = [ROAD, ARENA, ROAD, ROAD]
    specs = [draw_spec(task_id, 50 + k) for k, task_id in enumerate(tasks)]
    shaft.start(np.array([3, 2]), [specs[3], specs[2]])
    shaft.start(np.array([0, 1]), specs[:2])
    for task_id, crank in alone.items():
        crank.start(EVERYONE, [draw_spec(task_id, 50 + k) for k in range(4)])
    for step in range(5):
        together = shaft.step(actions(step))
        told = shaft.told(np.array([2, 0, 3, 1]))
        assert isinstance(told, MixedInput)
        assert told.row.tolist() == [2, 0, 3, 1]
        assert told.task_ids == [ROAD, ROAD, ROAD, ARENA]
        for task_id, crank in alone.items():
            result = crank.step(actions(step))
            mine = np.flatnonzero([task == task_id for task in tasks])
            for name in ("reward", "success", "terminated", "truncated"):
                assert np.array_equal(getattr(together, name)[mine], getattr(result, name)[mine])
            for name, values in result.violations.items():
                assert np.array_equal(together.violations[name][mine], values[mine])
            for name, terms in result.reward_terms.items():
                assert np.array_equal(together.reward_terms[name][mine], terms[mine])
            places = np.flatnonzero([row in mine for row in told.row])
            own = crank.told(told.row[places], crank.observe(told.row[places]))
            part = told.take(places)
            assert part.task_ids == own.task_ids
            assert np.array_equal(part.observation.proprio, own.observation.proprio)
            (theirs,) = own.observation.images.values()
            assert np.array_equal(part.observation.images["main"], theirs)
            assert [said.text for said in part.instructions] == [s.text for s in own.instructions]
            assert np.array_equal(part.own_seed, own.own_seed)


def test_a_name_that_a_task_lacks_is_zero_in_its_slots(shaft: Crankshaft) -> None:
    shaft.start(EVERYONE, [draw_spec(task_id, 7) for task_id in (ARENA, ARENA, ROAD, ROAD)])
    result = shaft.step(actions(0))
    ours = set(shaft.cranks[0].step(actions(0)).reward_terms)
    theirs = set(shaft.cranks[1].step(actions(0)).reward_terms)
    assert ours != theirs and set(result.reward_terms) == ours | theirs
    for name in theirs - ours:
        assert not result.reward_terms[name][:2].any()


def test_one_crank_is_turned_as_it_is(alone: dict[str, Crank]) -> None:
    crank = alone[ARENA]
    shaft = Crankshaft([crank])
    shaft.start(EVERYONE, [draw_spec(ARENA, k) for k in range(4)])
    assert not crank.resting.any()
    assert type(shaft.told(EVERYONE)) is not MixedInput
    assert shaft.seed(EVERYONE).tolist() == [0, 1, 2, 3]


def test_what_does_not_belong_together_is_refused(shaft: Crankshaft) -> None:
    reach = task_id_of("Reach")
    with pytest.raises(BadConfig, match=r"the robot 'ackermann_car' and vla_sim/Reach-v1 'panda'"):
        Crankshaft([Crank(ARENA, 2, SMALL), Crank(reach, 2, SMALL)])
    for other in (Crank(ROAD, 3, SMALL), Crank(ROAD, 2, replace(SMALL, image_size=17))):
        with pytest.raises(BadConfig, match="give all the same"):
            Crankshaft([Crank(ARENA, 2, SMALL), other])
    with pytest.raises(BadConfig, match="cranks is empty"):
        Crankshaft([])
    before = shaft.place.copy()
    with pytest.raises(BadConfig, match=f"an episode of {PARK} was given to {ARENA}, {ROAD}"):
        shaft.start(np.array([0]), [draw_spec(PARK, 0)])
    assert np.array_equal(shaft.place, before)
