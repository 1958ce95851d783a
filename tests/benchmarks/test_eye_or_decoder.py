"""Told nothing, it is the policy itself; told the truth, something else."""

from pathlib import Path

import numpy as np

from benchmarks.eye_or_decoder import TOLD, ToldTheTruth
from tests.loop.untrained import PX, untrained_run
from vla_sim.agents.aligned import AlignedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.loop.policies import best_checkpoint, learned

TASK, N = "vla_sim/DriveToGoal-v1", 4


def test_what_is_told_takes_the_place_of_what_is_seen(tmp_path: Path) -> None:
    model = learned(best_checkpoint(untrained_run(tmp_path / "run")))
    crank, ids = Crank(TASK, N, CrankConfig(image_size=PX)), np.arange(N)
    crank.start(ids, [draw_spec(TASK, seed) for seed in ids.tolist()])
    known = crank.known(ids, crank.observe(ids))
    acting = {what: ToldTheTruth(model, crank, parts) for what, parts in TOLD.items()}
    chunks = {what: actor.teach(known) for what, actor in acting.items()}
    itself = AlignedPolicy(model).chunk(known.told)
    np.testing.assert_allclose(chunks["its own eyes"], itself, atol=1e-4)
    others = [chunks[what] for what in ("true points", "true hazards", "both")]
    for k, chunk in enumerate(others):
        assert all(np.abs(chunk - other).max() > 1e-3 for other in (itself, *others[:k]))
    (errors_m,) = acting["its own eyes"].errors_m
    assert np.isfinite(errors_m).any(axis=1).all() and np.nanmin(errors_m) > 0.0
