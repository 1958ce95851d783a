"""A run that was killed before its first save begins again, and its logs with it."""

from pathlib import Path
from typing import cast

from vla_sim.envs.crank import CrankConfig
from vla_sim.eval.stopping import StoppingConfig
from vla_sim.loop.aligning.judge import Judge
from vla_sim.loop.aligning.learner import Learner
from vla_sim.loop.aligning.resuming import LOSSES, REPORTS, put_back
from vla_sim.loop.budget import Budget
from vla_sim.loop.evaluation import make_protocol
from vla_sim.loop.run_folder import RunFolder


def test_nothing_is_kept_where_nothing_was_saved(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {}, {}, verb="align")
    folder.append(LOSSES, {"step": 10})
    (folder.path / LOSSES).open("a").write('{"step": 20, "tot')
    judge = Judge(
        protocol=make_protocol("online", first_seed=0, n_episodes=1, crank=CrankConfig()),
        bodies={},
        stopping=StoppingConfig(),
        gallery={},
    )
    budget = Budget(10)
    put_back(folder, cast(Learner, None), judge, budget)  # of which nothing is asked
    folder.append(LOSSES, {"step": 5})
    assert list(folder.rows(LOSSES)) == [{"step": 5}]
    assert not list(folder.rows(REPORTS)) and not judge.history and budget.n_spent == 0
