"""What a finetuning says of itself before and after its memory has gone round."""

from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from rich.console import Console

from vla_sim.agents.rl_bounds import Bounds, BoundsConfig
from vla_sim.loop.budget import Budget
from vla_sim.loop.rl.finetune import _progress
from vla_sim.loop.rl.rl_run import FinetuneRun
from vla_sim.loop.rl.sac_learner import SacLearner


@pytest.mark.parametrize(
    ("ended", "said"), [(0, "collision unknown with"), (2, "collision 50 % with")]
)
def test_a_share_is_unknown_before_an_episode_has_ended(ended: int, said: str) -> None:
    run = FinetuneRun(bounds=BoundsConfig(most={"collision": 0.1}))
    bounds = Bounds(run.bounds, 2)
    bounds.broken["collision"][0] = True
    bounds.end(np.arange(ended))
    learner: Any = SimpleNamespace(env=SimpleNamespace(bounds=[bounds]), numbers={"success": None})
    judge: Any = SimpleNamespace(history=[])
    console = Console(file=StringIO(), width=200)
    with _progress(console, run, Budget(run.max_env_steps)) as show:
        show(learner, judge)
    told = cast(StringIO, console.file).getvalue()
    assert said in told and "nan" not in told and "0 env steps, success unknown" in told


@pytest.mark.parametrize("n_rows", [4, 8, 10, 12])
def test_sac_tells_the_noise_of_its_newest_decisions_wherever_they_lie(n_rows: int) -> None:
    """A memory of 8 decisions in rounds of 4: it is full after two, and goes round."""
    learner = object.__new__(SacLearner)
    actions = np.zeros((8, 2, 1), dtype=np.float32)
    actions[np.arange(n_rows - 4, n_rows) % 8, 1] = 1.0
    learner._n_rows = n_rows
    learner.run = cast(Any, SimpleNamespace(sac=SimpleNamespace(n_steps=4)))
    learner.memory = cast(Any, SimpleNamespace(actions=actions, buffer_size=8, pos=n_rows % 8))
    assert learner.action_std == pytest.approx(0.5)
