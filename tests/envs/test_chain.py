"""Chains: the next instruction comes in the same scene, with a horizon of its own."""

import numpy as np
import pytest

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.chain import chained_goals
from vla_sim.envs.crank import Crank
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.errors import BadConfig
from vla_sim.protocols.task import Goal
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


def test_neighbours_in_a_chain_differ_in_outcome() -> None:
    goals = [
        Goal(intent_id="reach", referent=Referent(colour=c), outcome=k % 2)
        for k, c in enumerate(("red", "green", "blue", "yellow"))
    ]
    for seed in range(50):
        spec = draw_spec(LIFT, seed, n_instructions=5)
        chain = chained_goals(goals, spec, 5)
        assert len(chain) == 5
        assert chain[0] == spec.goal % 4
        assert all((a - b) % 2 for a, b in zip(chain[1:], chain[:-1], strict=True))
        assert chain == chained_goals(goals, spec, 5)


def test_what_cannot_be_chained_is_refused() -> None:
    spec = draw_spec(LIFT, 0, n_instructions=6)
    with pytest.raises(BadConfig, match="1 to 5"):
        Crank(LIFT, 1).start(np.array([0]), [spec])
    goals = [Goal(intent_id="lift", referent=Referent(colour="red"), outcome=0)]
    with pytest.raises(BadConfig, match="cannot be chained"):
        chained_goals(goals, draw_spec(LIFT, 0, n_instructions=2), 0)
