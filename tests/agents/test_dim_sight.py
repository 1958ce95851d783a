"""Experts whose points err as much as a learner's eye: they still get there.

A learner sees things within about a pixel of the task's picture, 10 mm on the table. What an
expert asks for more exactly, or knows and no picture shows, a learner can only average over.
"""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.protocols.expert import Expert

Floats = NDArray[np.float64]
N = 20
KEPT = 0.8
"""Of an error from one look to the next."""
TURNS = ("tcp_yaw_rate", "tcp_yaw_acc")
"""What a state may know of a hand's turn, and proprioception does not."""


class NumbToTurns:
    """An expert whose hand seems to stand still: no robot here feels how fast it turns it."""

    def __init__(self, expert: Expert) -> None:
        self.expert = expert
        self.reads = expert.reads

    def chunk(
        self,
        privileged: Mapping[str, Floats],
        goal: NDArray[np.int64],
        manner: NDArray[np.int64],
        size: int,
    ) -> NDArray[np.float32]:
        """What it would do if no hand turned yet."""
        turns = {name: np.zeros_like(privileged[name]) for name in TURNS if name in privileged}
        return self.expert.chunk({**privileged, **turns}, goal, manner, size)


class DimSight:
    """An expert who reads points that are off by so much, a little otherwise at each look."""

    def __init__(self, expert: Expert, off_m: Mapping[str, float]) -> None:
        self.expert = expert
        self.reads = expert.reads
        self.off_m = off_m
        self.rng = np.random.default_rng(0)
        self.error: dict[str, Floats] = {}

    def chunk(
        self,
        privileged: Mapping[str, Floats],
        goal: NDArray[np.int64],
        manner: NDArray[np.int64],
        size: int,
    ) -> NDArray[np.float32]:
        """What it would do if all lay where it sees it."""
        seen = {name: np.array(value) for name, value in privileged.items()}
        for name, off_m in self.off_m.items():
            one_each = (len(goal), *(1,) * (seen[name].ndim - 2), seen[name].shape[-1])
            fresh = self.rng.normal(size=one_each)
            error = self.error.get(name, fresh)
            error = fresh if len(error) != len(fresh) else error
            self.error[name] = KEPT * error + np.sqrt(1.0 - KEPT**2) * fresh
            flat = self.error[name].copy()
            flat[..., 2:] = 0.0
            seen[name] += off_m * flat
        return self.expert.chunk(seen, goal, manner, size)


@pytest.mark.parametrize(
    ("name", "off_m", "least"),
    [
        ("TracePath", {"path": 0.006}, 0.8),
        ("TurnKnob", {"knob_pos": 0.006, "knob_angle": 0.15}, 0.8),
        ("PushToRegion", {"object_pos": 0.008, "goal_place": 0.008}, 0.8),
    ],
)
def test_an_expert_gets_there_on_what_a_learner_sees(
    name: str, off_m: Mapping[str, float], least: float
) -> None:
    task_id = f"vla_sim/{name}-v0"
    crank = Crank(task_id, N, CrankConfig(image_size=16))
    expert = DimSight(expert_for(task_id, crank.embodiment, crank.task.manners), off_m)
    episodes = run_all(
        crank, ExpertPolicy(expert), plan_episodes(task_id, range(30_000, 30_000 + N))
    )
    assert np.mean([episode.success_at_end for episode in episodes]) >= least


@pytest.mark.parametrize("name", ["TurnKnob", "PushToRegion"])
def test_an_expert_gets_there_that_does_not_feel_how_fast_it_turns(name: str) -> None:
    task_id = f"vla_sim/{name}-v0"
    crank = Crank(task_id, N, CrankConfig(image_size=16))
    known = crank.embodiment.proprio_names
    assert not any("yaw_rate" in felt for felt in known)
    expert = NumbToTurns(expert_for(task_id, crank.embodiment, crank.task.manners))
    episodes = run_all(
        crank, ExpertPolicy(expert), plan_episodes(task_id, range(30_000, 30_000 + N))
    )
    assert np.mean([episode.success_at_end for episode in episodes]) >= 0.9
