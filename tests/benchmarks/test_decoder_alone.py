"""The decoder alone: it learns from its own states, and nothing from none."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.decoder_alone import FIRST_TOLD, Acting, Settings, learnt
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all

SETTINGS = Settings(
    tasks=("Reach",),
    updates=300,
    rows=128,
    memory=4_000,
    layers=2,
    hazard=32,
    noise=0.02,
    episodes=12,
    seed=0,
)


@pytest.mark.parametrize(("updates", "least", "most"), [(300, 0.75, 1.0), (0, 0.0, 0.1)])
def test_what_is_told_the_truth_gets_there_when_it_has_learnt(
    updates: int, least: float, most: float
) -> None:
    learner = learnt(replace(SETTINGS, updates=updates))
    crank = Crank("vla_sim/Reach-v1", SETTINGS.episodes, CrankConfig(image_size=16))
    seeds = range(FIRST_TOLD, FIRST_TOLD + SETTINGS.episodes)
    episodes = run_all(
        crank, Acting(learner, crank, learns=False), plan_episodes(crank.task_id, seeds)
    )
    assert least <= np.mean([episode.success_at_end for episode in episodes]) <= most
