"""Laws of graded progress, on hand-made episodes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vla_sim.eval.body import Body
from vla_sim.eval.metrics.graded_progress import graded_progress
from vla_sim.eval.metrics.success_held import success_held
from vla_sim.eval.progress import progress_curve, subgoal_shares
from vla_sim.records.episode import Episode

Make = Callable[..., Episode]


def left(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


def walk(episode: Make, *, success: bool = False, **subgoals: tuple[float, ...]) -> Episode:
    n_states = len(next(iter(subgoals.values())))
    told = {name: left(*values) for name, values in subgoals.items()}
    return episode(np.zeros(n_states), success=success, subgoals=told)


def test_success_is_one_more_subgoal(episode: Make, body: Body) -> None:
    half = walk(episode, way_m=(4.0, 3.0, 2.0, 3.0), turn_rad=(1.0, 1.0, 1.0, 1.0))
    np.testing.assert_allclose(progress_curve(half), [0.0, 1 / 12, 1 / 6, 1 / 6])
    all_but = walk(episode, way_m=(4.0, 0.0), turn_rad=(1.0, 0.0))
    assert graded_progress(all_but, body) == pytest.approx(2 / 3)
    done = walk(episode, way_m=(4.0, 2.0), turn_rad=(1.0, 1.0), success=True)
    assert graded_progress(done, body) == 1.0


def test_what_was_reached_at_the_start_and_going_back_bring_nothing(episode: Make) -> None:
    one = walk(episode, aside_m=(0.0, 0.0, 0.0), way_m=(4.0, 9.0, 8.0))
    assert progress_curve(one).max() == 0.0
    assert subgoal_shares(one) == {"way_m": 0.0}


def test_progress_does_not_depend_on_the_unit(episode: Make) -> None:
    metres = walk(episode, way_m=(4.0, 3.0, 0.5))
    feet = walk(episode, way_m=(4.0 * 3.28, 3.0 * 3.28, 0.5 * 3.28))
    np.testing.assert_allclose(progress_curve(metres), progress_curve(feet), atol=1e-6)


def test_a_chain_counts_each_instruction_alike(episode: Make) -> None:
    one = walk(episode, way_m=(2.0, 1.0, 4.0, 2.0, 0.0))
    spec = replace(one.spec, n_instructions=2)
    one = replace(one, spec=spec, stage=np.array([0, 0, 1, 1, 1], dtype=np.int16))
    np.testing.assert_allclose(progress_curve(one), [0.0, 0.125, 0.5, 0.625, 0.75])


def test_diverged_states_bring_nothing_nearer(episode: Make) -> None:
    one = walk(episode, way_m=(4.0, 2.0, np.nan))
    np.testing.assert_allclose(progress_curve(one), [0.0, 0.25, 0.25])


def test_without_subgoals_only_success_can_be_told(episode: Make, body: Body) -> None:
    assert np.isnan(graded_progress(episode(success=False), body))
    assert graded_progress(episode(success=True), body) == 1.0


def test_success_is_held_for_the_steps_that_the_task_wants(episode: Make, body: Body) -> None:
    flash = np.array([0, 1, 1, 0, 1, 1, 1, 0], dtype=bool)
    one = replace(episode(np.zeros(9)), success=flash)
    held = [success_held(replace(one, hold_steps=k), body) for k in (0, 1, 3, 4)]
    assert held == [0.0, 1.0, 1.0, 0.0]
