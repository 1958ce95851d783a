"""Laws of temporal ensembling: rows alone, words alone, a decision long; nothing switched."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.ensemble import TemporalEnsemble, blends
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.errors import BadConfig
from vla_sim.records.observation import PolicyInput

K, N_STEPS, SHARE = 6, 2, 0.25
LIFT = "vla_sim/Lift-v1"


@pytest.fixture(scope="module")
def told() -> PolicyInput:
    """What three episodes are given at their first step."""
    ids = np.arange(3)
    crank = Crank(LIFT, len(ids), CrankConfig(image_size=16))
    crank.start(ids, plan_episodes(LIFT, range(len(ids))))
    return crank.told(ids, crank.observe(ids, images=False))


def at(told: PolicyInput, step: int) -> PolicyInput:
    return replace(told, step=np.full(len(told), step))


def drawn(told: PolicyInput, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (len(told), K, told.embodiment.n_act)).astype(np.float32)


def test_a_chunk_is_blended_with_what_was_left(told: PolicyInput) -> None:
    ensemble = TemporalEnsemble(SHARE, n_action_steps=N_STEPS)
    first, second, third = (drawn(told, k) for k in range(3))
    assert np.array_equal(ensemble.blended(at(told, 0), first), first)
    blend = ensemble.blended(at(told, N_STEPS), second)
    moved = blends(told.embodiment)
    assert moved.tolist() == [True] * 6 + [False]
    left = K - N_STEPS
    expected = (1 - SHARE) * second[:, :left] + SHARE * first[:, N_STEPS:]
    np.testing.assert_allclose(blend[:, :left, moved], expected[..., moved], atol=1e-6)
    assert np.array_equal(blend[:, left:], second[:, left:])
    assert np.array_equal(blend[..., -1], second[..., -1]), "a gripper is switched"
    again = ensemble.blended(at(told, 2 * N_STEPS), third)
    running = (1 - SHARE) * third[:, :left] + SHARE * blend[:, N_STEPS:]
    np.testing.assert_allclose(again[:, :left, moved], running[..., moved], atol=1e-6)


def test_what_is_too_old_or_was_said_otherwise_does_not_count(told: PolicyInput) -> None:
    first, second = drawn(told, 0), drawn(told, 1)
    others = tuple(replace(said, text="something else") for said in told.instructions)
    for later in (
        at(told, N_STEPS + 1),
        at(told, 0),
        replace(at(told, N_STEPS), instructions=others),
    ):
        ensemble = TemporalEnsemble(SHARE, n_action_steps=N_STEPS)
        ensemble.blended(at(told, 0), first)
        assert np.array_equal(ensemble.blended(later, second), second)
    ensemble = TemporalEnsemble(SHARE, n_action_steps=N_STEPS)
    ensemble.blended(at(told, 0), first)
    ensemble.reset(np.array([1]))
    blend = ensemble.blended(at(told, N_STEPS), second)
    same = [np.array_equal(*pair) for pair in zip(blend, second, strict=True)]
    assert same == [False, True, False]


def test_a_row_does_not_depend_on_the_others(told: PolicyInput) -> None:
    first, second = drawn(told, 0), drawn(told, 1)
    together = TemporalEnsemble(SHARE, n_action_steps=N_STEPS)
    together.blended(at(told, 0), first)
    whole = together.blended(at(told, N_STEPS), second)
    alone = TemporalEnsemble(SHARE, n_action_steps=N_STEPS)
    pick = np.array([2])
    alone.blended(at(told, 0).take(pick), first[pick])
    assert np.array_equal(alone.blended(at(told, N_STEPS).take(pick), second[pick]), whole[pick])


def test_a_car_is_not_blended() -> None:
    assert not blends(
        Crank("vla_sim/DriveToGoal-v1", 1, CrankConfig(image_size=16)).embodiment
    ).any()


def test_no_share_changes_nothing_and_a_bad_one_is_refused(told: PolicyInput) -> None:
    ensemble = TemporalEnsemble(0.0, n_action_steps=N_STEPS)
    ensemble.blended(at(told, 0), drawn(told, 0))
    chunk = drawn(told, 1)
    assert ensemble.blended(at(told, N_STEPS), chunk) is chunk
    for bad in (-0.1, 1.0, float("nan")):
        with pytest.raises(BadConfig, match="ensemble"):
            TemporalEnsemble(bad, n_action_steps=N_STEPS)
