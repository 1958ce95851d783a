"""A finetuning that is interrupted between two saves, and what it has to be once it has gone on."""

from typing import Any

import pytest
import torch
from rich.console import Console

from vla_sim.loop.rl import finetune as room
from vla_sim.loop.rl.finetune import CURVE, finetune
from vla_sim.loop.rl.rl_judge import RlJudge
from vla_sim.loop.rl.rl_learner import RlLearner
from vla_sim.loop.rl.rl_policy import read_rl_policy
from vla_sim.loop.rl.rl_run import LATEST, FinetuneRun
from vla_sim.loop.run_folder import RunFolder


def cut_short(run: FinetuneRun, *, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin a run, and interrupt it in its round number `at`: after the row, within the save."""
    save, calls = room._save, 0

    def interrupted(folder: RunFolder, learner: RlLearner, judge: RlJudge) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            learner.save(folder.path / LATEST)
            raise KeyboardInterrupt
        save(folder, learner, judge)

    with monkeypatch.context() as patched:
        patched.setattr(room, "_save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            finetune(run, Console(quiet=True))


def curve(folder: RunFolder) -> list[dict[str, Any]]:
    """The rows of a run without what depends on the clock."""
    return [{**row, "elapsed_s": 0} for row in folder.rows(CURVE)]


def assert_same_run(one: RunFolder, other: RunFolder) -> None:
    """Curves, forms and weights are equal to the last bit, of what acts and of what goes on."""
    assert curve(one) == curve(other)
    for name in ("", "latest"):
        form, weights, _ = read_rl_policy(one.path / name)
        other_form, others, _ = read_rl_policy(other.path / name)
        assert form == other_form and weights.keys() == others.keys()
        assert all(torch.equal(weights[k], others[k]) for k in weights)
