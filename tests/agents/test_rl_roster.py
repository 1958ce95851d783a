"""The roster gives every task its share, forgets none, and goes on where it was."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from vla_sim.agents.rl_roster import Roster, RosterConfig
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import BadConfig

TASKS = tuple(task_id_of(name) for name in ("DriveToGoal", "ChangeLane", "Park"))


def practised(n: int = 200, *, window: int = 50) -> Roster:
    """A roster on which the tasks succeed always, in half of the episodes, and never."""
    roster = Roster(TASKS, RosterConfig(window=window))
    for k in range(n):
        for task_id, success in zip(TASKS, (True, k % 2 == 0, False), strict=True):
            roster.end(task_id, success=success, paid=float(success))
    return roster


def test_at_first_the_slots_have_all_tasks_alike() -> None:
    roster = Roster(TASKS)
    assert Counter(roster.next() for _ in range(30)) == dict.fromkeys(TASKS, 10)


def test_a_task_s_share_is_its_failure_rate_and_a_floor_at_any_stretch() -> None:
    roster = practised()
    share = np.array([0.3, 0.8, 1.3]) / 2.4
    assert np.allclose(roster.weights / roster.weights.sum(), share)
    given: Counter[str] = Counter()
    for n in range(1, 241):
        given[roster.next()] += 1
        owed = n * share - np.array([given[task_id] for task_id in TASKS])
        assert np.abs(owed).max() <= 1.0
    assert [given[task_id] for task_id in TASKS] == [30, 80, 130]


def test_only_the_last_episodes_count_and_an_unknown_task_counts_as_the_mean() -> None:
    roster = Roster(TASKS, RosterConfig(window=2))
    for success in (False, False, True, True):
        roster.end(TASKS[0], success=success, paid=0.0)
    roster.end(TASKS[1], success=False, paid=0.0)
    assert roster.success == [1.0, 0.0, None]
    assert np.allclose(roster.weights, [0.3, 1.3, 0.8])


def test_the_curve_has_numbers_of_each_task_and_none_more_for_one() -> None:
    numbers = practised().numbers
    assert numbers["success/ChangeLane"] == 0.5 and numbers["return/DriveToGoal"] == 1.0
    assert numbers["episodes/Park"] == 200
    alone = Roster(TASKS[:1])
    alone.end(TASKS[0], success=True, paid=1.0)
    assert alone.numbers == {} and [alone.next() for _ in range(5)] == [TASKS[0]] * 5


def test_a_roster_that_goes_on_gives_what_it_would_have_given() -> None:
    roster, other = practised(7), Roster(TASKS)
    for _ in range(5):
        roster.next()
    other.load_state(json.loads(json.dumps(roster.state())))
    assert other.numbers == roster.numbers
    for k in range(40):
        assert roster.next() == other.next()
        for each in (roster, other):
            each.end(TASKS[k % 3], success=k % 5 == 0, paid=0.1 * k)
    with pytest.raises(ValueError, match="other tasks"):
        Roster(TASKS[:2]).load_state(roster.state())


@pytest.mark.parametrize("wrong", [{"floor": 0.0}, {"window": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(BadConfig, match=name):
        RosterConfig(**wrong)
