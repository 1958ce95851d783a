"""Laws that every expert keeps, whatever its task."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.agents.integrators import ARM
from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import EXPERTS, expert_config_for, expert_for
from vla_sim.agents.experts.way import WayExpertConfig
from vla_sim.assets.panda import PANDA_MANNERS
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import Rollout
from vla_sim.envs.tasks import GUEST_TASKS, TASK_IDS, family_of
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.protocols.expert import Expert
from vla_sim.records.manner import MANNERS

Floats = NDArray[np.float64]
State = dict[str, Floats]
Case = tuple[State, Expert]

N = 12


@pytest.fixture(scope="module", params=TASK_IDS)
def case(request: pytest.FixtureRequest) -> Case:
    """States that an expert meets a little way into its episodes, and the expert."""
    task_id = request.param
    crank = Crank(task_id, N)
    expert = expert_for(task_id, crank.embodiment, crank.task.manners)
    run = Rollout(crank, ExpertPolicy(expert), plan_episodes(task_id, range(N)))
    for _ in range(6):
        run.advance()
    return {name: value.copy() for name, value in crank.task.privileged().items()}, expert


def _asked(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(n) % 2, np.arange(n) % len(MANNERS)


def _repeated(state: State, n: int) -> State:
    return {name: np.resize(value, (n, *value.shape[1:])) for name, value in state.items()}


def _strange(state: State, rng: np.random.Generator) -> State:
    """Any finite numbers of a plausible size, widths and radii not negative."""
    strange = {
        name: rng.normal(0.0, 10.0 ** rng.uniform(-2.0, 1.5, value.shape))
        for name, value in state.items()
    }
    for name in ("gripper_width", "object_size"):
        if name in strange:
            strange[name] = np.abs(strange[name])
    if "obstacle" in strange:
        strange["obstacle"][:, :, 2] = np.abs(strange["obstacle"][:, :, 2])
    return strange


def test_every_task_has_its_expert_and_every_expert_its_task() -> None:
    taught = {task_id: expert_config_for(task_id) for task_id in (*TASK_IDS, *GUEST_TASKS)}
    assert all(any(EXPERTS[name] is used for used in taught.values()) for name in EXPERTS)
    for name in EXPERTS:
        assert name in taught or name in map(family_of, taught), name
    assert taught["vla_sim/SlalomClose-v0"] == WayExpertConfig(lateral_acceleration=1.5)
    assert taught["vla_sim/SlalomCurved-v0"] == taught["vla_sim/Slalom-v0"]


def test_actions_are_normalised_float32(case: Case) -> None:
    state, expert = case
    goal, manner = _asked(N)
    chunk = expert.chunk(state, goal, manner, 8)
    assert chunk.dtype == np.float32
    assert chunk.shape[:2] == (N, 8)
    assert np.abs(chunk).max() <= 1.0


def test_a_row_does_not_depend_on_its_batch(case: Case) -> None:
    state, expert = case
    goal, manner = _asked(N)
    together = expert.chunk(state, goal, manner, 8)
    for row in (0, 1, 7, N - 1):
        one = slice(row, row + 1)
        alone = expert.chunk({k: v[one] for k, v in state.items()}, goal[one], manner[one], 8)
        assert np.array_equal(alone[0], together[row])
    order = np.random.default_rng(0).permutation(N)
    shuffled = expert.chunk({k: v[order] for k, v in state.items()}, goal[order], manner[order], 8)
    assert np.array_equal(shuffled, together[order])


def test_equal_questions_get_equal_answers_and_inputs_are_left_alone(case: Case) -> None:
    state, expert = case
    kept = {name: value.copy() for name, value in state.items()}
    goal, manner = _asked(N)
    first = expert.chunk(state, goal, manner, 8)
    assert np.array_equal(first, expert.chunk(state, goal, manner, 8))
    assert all(np.array_equal(state[name], kept[name]) for name in kept)


def test_a_longer_chunk_begins_like_a_shorter_one(case: Case) -> None:
    state, expert = case
    goal, manner = _asked(N)
    long = expert.chunk(state, goal, manner, 12)
    assert np.array_equal(expert.chunk(state, goal, manner, 5), long[:, :5])


def test_strange_states_get_finite_answers(case: Case) -> None:
    state, expert = case
    rng = np.random.default_rng(5)
    n = 300
    goal, manner = _asked(n)
    chunk = expert.chunk(_strange(_repeated(state, n), rng), goal, manner, 8)
    assert np.isfinite(chunk).all()
    assert np.abs(chunk).max() <= 1.0


def test_nan_is_named(case: Case) -> None:
    state, expert = case
    goal, manner = _asked(N)
    for name in expert.reads:
        wrong = {key: value.copy() for key, value in state.items()}
        wrong[name].flat[0] = np.nan
        with pytest.raises(ValueError, match=name):
            expert.chunk(wrong, goal, manner, 8)


def test_bad_questions_are_refused(case: Case) -> None:
    state, expert = case
    goal, manner = _asked(N)
    with pytest.raises(ValueError, match="goal"):
        expert.chunk(state, goal + 9, manner, 8)
    with pytest.raises(ValueError, match="manner"):
        expert.chunk(state, goal, manner + 9, 8)
    with pytest.raises(ValueError, match="at least one step"):
        expert.chunk(state, goal, manner, 0)
    with pytest.raises(ValueError, match="shape"):
        expert.chunk(state, goal[:-1], manner[:-1], 8)
    for name in expert.reads:
        with pytest.raises(UnknownName, match=name):
            expert.chunk({k: v for k, v in state.items() if k != name}, goal, manner, 8)


def test_no_rows_give_no_rows(case: Case) -> None:
    state, expert = case
    none = np.zeros(0, dtype=np.int64)
    state = {name: value[:0] for name, value in state.items()}
    assert len(expert.chunk(state, none, none, 8)) == 0


def test_unknown_task_and_missing_manner_are_named() -> None:
    with pytest.raises(UnknownName, match="Fly"):
        expert_for("vla_sim/Fly-v0", ARM, PANDA_MANNERS)
    with pytest.raises(BadConfig, match="slowly"):
        expert_for("vla_sim/Reach-v1", ARM, {"normal": PANDA_MANNERS["normal"]})
