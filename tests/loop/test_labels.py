"""Labels: every goal of a scene, each in every manner."""

import numpy as np

from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.language.codes import manners_of
from vla_sim.envs.plan import draw_spec
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import N_GOALS

TASK = "vla_sim/Lift-v1"
N, TURNS = 8, 25


def test_goals_that_are_not_the_episodes_own_are_shown_in_every_manner() -> None:
    """What a manner asks of other goals is learnt from these labels, three of four of all."""
    crank = Crank(TASK, N, CrankConfig(image_size=16))
    ids = np.arange(N)
    crank.start(ids, [draw_spec(TASK, seed) for seed in ids.tolist()])
    labeller = Labeller(crank, expert_for(TASK, crank.embodiment, crank.task.manners))
    told = np.zeros((N_GOALS, len(MANNERS)))
    for _ in range(TURNS):
        rows = labeller.rows(ids, np.zeros(N, dtype=np.bool_))
        manner = manners_of(np.asarray(rows["meaning"], dtype=np.int64))
        others = np.asarray(rows["weight"]) * (np.arange(N_GOALS) != crank.goal[:, None])
        np.add.at(told, (np.arange(N_GOALS)[None], manner), others)
        for _ in range(2):  # a decision
            crank.step(np.zeros((N, crank.embodiment.n_act), dtype=np.float32))
    there = told[told.any(axis=1)]
    assert (there > 0.5 / len(MANNERS) * there.sum(axis=1, keepdims=True)).all(), there
