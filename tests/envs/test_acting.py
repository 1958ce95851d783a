"""Whoever acts is checked once: roles, chunks, and memory that does not leak between rows."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import Rollout, run_all
from vla_sim.errors import BadAction, BadConfig
from vla_sim.records.observation import PolicyInput

REACH = "vla_sim/Reach-v1"
SMALL = CrankConfig(image_size=16)


class Returns:
    """A policy that returns what it was made with."""

    needs_images = False

    def __init__(self, chunk: Any, n_action_steps: Any = 2) -> None:
        self.returned, self.n_action_steps = chunk, n_action_steps

    def chunk(self, told: PolicyInput) -> Any:
        return self.returned


def floats(*shape: int) -> NDArray[np.float32]:
    return np.zeros(shape, dtype=np.float32)


NOT_FINITE = floats(3, 2, 7)
NOT_FINITE[1, 0, 4] = np.nan


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        (floats(3, 2, 1), r"shape \(3, 2, 1\); .* of shape \(3, k, 7\) with k >= 2"),
        (floats(3, 2, 9), r"shape \(3, 2, 9\)"),
        (floats(1, 2, 7), r"shape \(1, 2, 7\)"),
        (floats(2, 7), r"shape \(2, 7\)"),
        (floats(3, 1, 7), r"shape \(3, 1, 7\)"),
        (floats(3, 2, 7).astype(np.int64), "a chunk of int64"),
        (floats(3, 2, 7).tolist(), "returned a list"),
        (None, "returned a NoneType"),
        (NOT_FINITE, "returned nan in row 1, step 0, component 4"),
    ],
)
def test_what_is_no_chunk_is_refused_before_anything_moves(returned: Any, complaint: str) -> None:
    crank = Crank(REACH, 3, SMALL)
    run = Rollout(crank, Returns(returned), plan_episodes(REACH, range(3)))
    before = crank.engine.qpos.copy()
    with pytest.raises(
        BadAction, match=f"Returns returned .*{complaint.removeprefix('returned ')}"
    ):
        run.advance()
    assert np.array_equal(crank.engine.qpos, before)


def test_longer_chunks_and_other_floats_are_welcome() -> None:
    crank = Crank(REACH, 1, SMALL)
    for k, dtype in ((2, np.float32), (9, np.float64)):
        ramp = np.linspace(0.0, 0.5, k * 7, dtype=dtype).reshape(1, k, 7)
        run = Rollout(crank, Returns(ramp, np.int64(2)), plan_episodes(REACH, range(1)))
        for step in (0, 1, 0):
            assert np.allclose(run.next_actions(), ramp[:, step], rtol=1e-6)


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2", None])
def test_n_action_steps_is_a_whole_number_from_1_on(n: Any) -> None:
    crank = Crank(REACH, 1, SMALL)
    with pytest.raises(BadConfig, match=rf"n_action_steps of Returns is {n!r}"):
        Rollout(crank, Returns(floats(1, 2, 7), n), plan_episodes(REACH, range(1)))


class Both(Returns):
    def teach(self, known: object) -> Any:
        return self.returned


@pytest.mark.parametrize(
    ("actor", "complaint"),
    [
        (object(), "object is no policy: it lacks chunk, needs_images, n_action_steps"),
        (Returns, "Returns is a class, not a policy; give an instance"),
        (Both(None), "Both has both chunk, .* and teach"),
    ],
)
def test_what_is_no_policy_is_refused_by_name(actor: Any, complaint: str) -> None:
    with pytest.raises(BadConfig, match=complaint):
        Rollout(Crank(REACH, 1, SMALL), actor, plan_episodes(REACH, range(1)))


class Swaying:
    """Remembers of each row how often it was asked, and what it saw first."""

    needs_images = False
    n_action_steps = 1

    def __init__(self) -> None:
        self.asked: dict[int, int] = {}
        self.first: dict[int, NDArray[np.float32]] = {}
        self.began: list[int] = []

    def reset(self, ids: NDArray[np.int64]) -> None:
        for row in ids.tolist():
            self.asked[row] = 0
            self.first.pop(row, None)
            self.began.append(row)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        chunk = np.zeros((len(told), 1, told.embodiment.n_act), dtype=np.float32)
        for place, row in enumerate(told.row.tolist()):
            first = self.first.setdefault(row, told.observation.proprio[place])
            chunk[place, 0] = np.sin(0.3 * self.asked[row]) * np.sign(first[: chunk.shape[2]])
            self.asked[row] += 1
        return chunk


def test_episodes_of_a_policy_that_remembers_do_not_depend_on_the_batch() -> None:
    plan = plan_episodes("vla_sim/DriveToGoal-v1", range(4), manner="quickly")
    runs = []
    for n in (1, 2, 7):
        policy = Swaying()
        crank = Crank("vla_sim/DriveToGoal-v1", n, SMALL)
        runs.append(run_all(crank, policy, plan))
        assert len(policy.began) == len(plan)
        assert set(policy.began) == set(range(min(n, len(plan))))
    for alone, *together in zip(*runs, strict=True):
        for other in together:
            assert np.array_equal(alone.actions, other.actions)
            assert np.array_equal(alone.point, other.point)
    assert any(np.ptp(episode.actions) > 0.5 for episode in runs[0])


class Counting(Swaying):
    """And counts how often it is asked, and for how many rows."""

    n_action_steps = 3

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[int] = []

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        self.rows.append(len(told))
        return super().chunk(told).repeat(self.n_action_steps, axis=1)


def test_slots_in_step_ask_seldom_and_change_nothing() -> None:
    # Horizons differ from scene to scene, so that slots get out of step by themselves.
    task_id = "vla_sim/DriveToGoal-v1"
    plan = [
        spec
        for k, n_asked in enumerate((1, 2, 1, 1, 2, 1, 1))
        for spec in plan_episodes(task_id, range(k, k + 1), n_instructions=n_asked)
    ]
    ended: dict[bool, dict[int, Any]] = {}
    asked = {}
    for in_step in (True, False):
        policy = Counting()
        run = Rollout(Crank(task_id, 3, SMALL), policy, plan, in_step=in_step)
        ended[in_step] = {}
        while len(run.active):
            ended[in_step].update(run.advance())
        asked[in_step] = policy.rows
    assert ended[True].keys() == ended[False].keys() == set(range(len(plan)))
    for place, episode in ended[True].items():
        assert np.array_equal(episode.actions, ended[False][place].actions)
        assert np.array_equal(episode.point, ended[False][place].point)
    assert sum(asked[True]) == sum(asked[False])
    assert len(asked[True]) < 0.7 * len(asked[False])
