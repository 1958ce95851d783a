"""Experts whose points err as much as a learner's eye: they still get there.

A learner sees things within about a pixel of the task's picture, 10 mm on the table. What an
expert asks for more exactly, or knows and no picture shows, a learner can only average over.
"""

from collections.abc import Callable, Mapping

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
See = Callable[[Mapping[str, Floats], int], Mapping[str, Floats]]
N = 20
KEPT = 0.8
"""Of an error from one look to the next."""
TURNS = ("tcp_yaw_rate", "tcp_yaw_acc")
"""What a state may know of a hand's turn, and proprioception does not."""


class ToldOtherwise:
    """An expert that reads a state otherwise than it is."""

    def __init__(self, expert: Expert, see: See) -> None:
        self.expert = expert
        self.reads = expert.reads
        self.see = see

    def chunk(
        self,
        privileged: Mapping[str, Floats],
        goal: NDArray[np.int64],
        manner: NDArray[np.int64],
        size: int,
    ) -> NDArray[np.float32]:
        """What it would do if all were as it sees it."""
        return self.expert.chunk(self.see(privileged, len(goal)), goal, manner, size)


class DimSight:
    """Points are off by so much, a little otherwise at each look."""

    def __init__(self, off_m: Mapping[str, float]) -> None:
        self.off_m = off_m
        self.rng = np.random.default_rng(0)
        self.error: dict[str, Floats] = {}

    def __call__(self, privileged: Mapping[str, Floats], n: int) -> Mapping[str, Floats]:
        """What is seen of n rows."""
        seen = {name: np.array(value) for name, value in privileged.items()}
        for name, off_m in self.off_m.items():
            one_each = (n, *(1,) * (seen[name].ndim - 2), seen[name].shape[-1])
            fresh = self.rng.normal(size=one_each)
            error = self.error.get(name, fresh)
            error = fresh if len(error) != len(fresh) else error
            self.error[name] = KEPT * error + np.sqrt(1.0 - KEPT**2) * fresh
            flat = self.error[name].copy()
            flat[..., 2:] = 0.0
            seen[name] += off_m * flat
        return seen


def numb_to_turns(privileged: Mapping[str, Floats], n: int) -> Mapping[str, Floats]:
    """No robot here feels how fast it turns its hand: it seems to stand still."""
    turns = {name: np.zeros_like(privileged[name]) for name in TURNS if name in privileged}
    return {**privileged, **turns}


def success_of(name: str, see: See) -> float:
    """Share of N episodes in which an expert gets there that sees so."""
    task_id = f"vla_sim/{name}-v0"
    crank = Crank(task_id, N, CrankConfig(image_size=16))
    assert not any("yaw_rate" in felt for felt in crank.embodiment.proprio_names)
    expert = ToldOtherwise(expert_for(task_id, crank.embodiment, crank.task.manners), see)
    episodes = run_all(
        crank, ExpertPolicy(expert), plan_episodes(task_id, range(30_000, 30_000 + N))
    )
    return float(np.mean([episode.success_at_end for episode in episodes]))


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
    assert success_of(name, DimSight(off_m)) >= least


@pytest.mark.parametrize("name", ["TurnKnob", "PushToRegion"])
def test_an_expert_gets_there_that_does_not_feel_how_fast_it_turns(name: str) -> None:
    assert success_of(name, numb_to_turns) >= 0.9
