"""Chains: the next instruction comes in the same scene, with a horizon of its own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.chain import chained_goals, goals_not_asked, goals_with_room, other_goals
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig
from vla_sim.loop.benching.evaluate import evaluate
from vla_sim.protocols.task import Goal, Scene
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import Referent

LIFT = "vla_sim/Lift-v1"


def _episodes(
    n: int, n_instructions: int, policy: str = "expert", n_episodes: int = 3
) -> list[Episode]:
    crank = Crank(LIFT, n)
    plan = plan_episodes(LIFT, range(n_episodes), n_instructions=n_instructions)
    return run_all(crank, POLICIES[policy](LIFT, crank.task), plan)


def test_the_expert_completes_chains_and_nobody_else_does() -> None:
    for episode in _episodes(3, 3):
        assert episode.n_completed == 3
        assert episode.success_at_end
        assert episode.n_steps > 150
        assert len(episode.actions) == len(episode.proprio) - 1
    assert {episode.n_completed for episode in _episodes(3, 3, "zero")} == {0}


def test_a_chain_begins_like_an_episode_of_its_first_instruction() -> None:
    for chain, one in zip(_episodes(3, 2), _episodes(3, 1), strict=True):
        assert chain.instruction == one.instruction
        # The last step of the short one is where the second instruction was given.
        assert np.array_equal(chain.actions[: one.n_steps], one.actions)
        assert one.success_at_end
        assert not chain.success[: one.n_steps].any(), "only the last instruction counts"
        assert chain.expert_path_length_m > one.expert_path_length_m


def test_a_chain_does_not_depend_on_its_batch() -> None:
    alone, together = _episodes(1, 2, n_episodes=1), _episodes(2, 2)
    for one, other in zip(alone, together[:1], strict=True):
        assert one.actions.tobytes() == other.actions.tobytes()
        assert one.position.tobytes() == other.position.tobytes()


def _goals(*pairs: tuple[str, str]) -> tuple[Goal, ...]:
    """Goals of a thing and where it shall go, by colour."""
    return tuple(
        Goal(
            intent_id="stack",
            referent=Referent(colour=thing),
            target=Referent(colour=place),
            outcome=k,
        )
        for k, (thing, place) in enumerate(pairs)
    )


def test_neighbours_in_a_chain_differ_in_outcome() -> None:
    task = make_task(LIFT)
    goals = tuple(
        Goal(intent_id="lift", referent=Referent(colour=c), outcome=k % 2)
        for k, c in enumerate(("red", "green", "blue", "yellow"))
    )
    scene = Scene(start=np.zeros(4), goals=goals)
    for seed in range(50):
        spec = draw_spec(LIFT, seed, n_instructions=5)
        chain = chained_goals(task, scene, spec)
        assert len(chain) == 5
        assert chain[0] == spec.goal % 4
        assert all((a - b) % 2 for a, b in zip(chain[1:], chain[:-1], strict=True))
        assert chain == chained_goals(task, scene, spec)


def test_nothing_is_put_where_something_lies_or_taken_from_under_it() -> None:
    goals = _goals(("red", "pad"), ("blue", "pad"), ("red", "blue"), ("blue", "red"))
    assert goals_with_room(goals, [0]) == [2, 3]
    assert goals_with_room(goals, [0, 2]) == [0]
    assert goals_with_room(goals, [3]) == [1]
    assert goals_not_asked(goals, [0, 2]) == [1, 3]
    assert other_goals(goals, [0, 2]) == [0, 1, 3]


def test_a_chain_goes_no_way_that_ends_too_soon() -> None:
    """Red goes to and fro between the pads; with blue on one of them it would be over."""
    goals = _goals(("red", "a"), ("red", "b"), ("blue", "a"), ("blue", "b"))
    task, scene = make_task("vla_sim/PickPlace-v0"), Scene(start=np.zeros(4), goals=goals)
    for seed in range(20):
        spec = draw_spec("vla_sim/PickPlace-v0", seed, n_instructions=5)
        chain = chained_goals(task, scene, spec)
        assert len(chain) == 5
        assert len({goals[k].referent for k in chain[:-1]}) == 1


@pytest.mark.parametrize(
    ("name", "n_instructions"),
    [("PickPlace-v0", 4), ("PushToRegion-v0", 3), ("PlaceRelative-v0", 3), ("OpenDrawer-v0", 3)],
)
def test_what_a_chain_asks_can_be_done_and_is_not_done_already(
    name: str, n_instructions: int
) -> None:
    task_id, n = f"vla_sim/{name}", 2
    crank = Crank(task_id, n)
    reached: list[bool] = []
    policy = POLICIES["expert"](task_id, crank.task)
    plan = plan_episodes(task_id, range(20_000, 20_000 + n), n_instructions=n_instructions)
    ask = crank._ask_next

    def watch(ids: NDArray[np.int64]) -> None:
        ask(ids)
        reached.extend(crank.task.judge(crank.goal).success[ids].tolist())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crank, "_ask_next", watch)
        episodes = run_all(crank, policy, plan)
    assert len(reached) == n * (n_instructions - 1)
    assert not any(reached)
    assert [episode.n_completed for episode in episodes] == [n_instructions] * n
    wrong = {name for e in episodes for name, there in e.violations.items() if there.any()}
    assert not {name for name in wrong if name.startswith("wrong")}, "right under the one before"


@pytest.mark.parametrize("name", ["ChangeLane-v1", "StopAtLineRank-v0"])
def test_what_a_chain_says_of_places_is_true_from_where_the_car_is_by_then(name: str) -> None:
    task = make_task(f"vla_sim/{name}")
    scene = task.sample(stream(f"vla_sim/{name}", 0, "scene"))
    after = {k: task.can_follow(scene, [k]) for k in range(len(scene.goals))}
    if name == "ChangeLane-v1":
        # One lane to the right of the left one lies the middle: sides are told from there.
        assert after == {0: [3], 1: [2], 2: [3], 3: [2]}
    else:
        # Before the second line, the third is the second one ahead.
        assert after == {0: [1, 2], 1: [], 2: []}
        assert task.can_follow(scene, [0, 1]) == []


@pytest.mark.parametrize(
    ("name", "most"),
    [("Park-v0", 1), ("KeepLane-v0", 1), ("CloseDrawer-v0", 3), ("TurnKnob-v0", 4)],
)
def test_more_than_a_scene_has_is_refused_before_anything_is_run(name: str, most: int) -> None:
    task_id = f"vla_sim/{name}"
    crank = Crank(task_id, 1)
    assert crank.words(draw_spec(task_id, 7, n_instructions=most))
    with pytest.raises(BadConfig, match=f"nothing can be asked after {most}.*use 1 to {most}"):
        crank.start(np.array([0]), [draw_spec(task_id, 7, n_instructions=most + 1)])
    with pytest.raises(BadConfig, match="seed 5 nothing can be asked"):
        evaluate("zero", tasks=name, episodes=1, first_seed=5, n_instructions=most + 1)


def test_a_task_is_told_of_each_goal_that_was_carried_out_before_the_next_is_asked() -> None:
    task_id = "vla_sim/PressButton-v0"
    crank = Crank(task_id, 2)
    plan = plan_episodes(task_id, range(2), n_instructions=3)
    told: list[tuple[int, int]] = []

    def note(ids: NDArray[np.int64], goal: NDArray[np.int64]) -> None:
        assert crank.goal[ids].tolist() == goal.tolist()
        told.extend(zip(ids.tolist(), goal.tolist(), strict=True))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crank.task, "carried_out", note)
        run_all(crank, POLICIES["expert"](task_id, crank.task), plan)
    for slot, spec in enumerate(plan):
        scene = crank.scenes[slot]
        assert scene is not None
        asked = chained_goals(crank.task, scene, spec)
        assert [goal for place, goal in told if place == slot] == list(asked[:-1])


def test_what_cannot_be_chained_is_refused() -> None:
    spec = draw_spec(LIFT, 0, n_instructions=6)
    with pytest.raises(BadConfig, match="1 to 5"):
        Crank(LIFT, 1).start(np.array([0]), [spec])
    task = make_task(LIFT)
    scene = Scene(start=np.zeros(4), goals=_goals(("red", "")))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(BadConfig, match="cannot be chained"):
        patch.setattr(task, "hold_steps", 0)
        chained_goals(task, scene, draw_spec(LIFT, 0, n_instructions=2))
