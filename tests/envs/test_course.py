"""What the recorder keeps of the course of an episode."""

from typing import Any

import numpy as np
import pytest

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.eval.events import event_counts
from vla_sim.eval.metrics.graded_progress import graded_progress
from vla_sim.eval.progress import progress_curve
from vla_sim.loop.evaluation import bodies
from vla_sim.protocols.graded import Graded
from vla_sim.records.episode import Episode

LIFT, PRESS = "vla_sim/Lift-v1", "vla_sim/PressButton-v0"


def expert_episodes(crank: Crank, n: int, **asked: Any) -> list[Episode]:
    plan = plan_episodes(crank.task_id, range(20_000, 20_000 + n), **asked)
    return run_all(crank, POLICIES["expert"](crank.task_id, crank.task), plan)


def test_a_chain_is_kept_instruction_by_instruction_however_long_it_runs() -> None:
    crank = Crank(PRESS, 1, CrankConfig(image_size=16))
    crank.horizon_steps = 75  # so that there is not room for all of it at first
    (episode,) = expert_episodes(crank, 1, n_instructions=3)
    assert episode.n_completed == 3
    assert episode.n_steps > crank.horizon_steps
    assert episode.stage is not None
    assert list(np.unique(episode.stage)) == [0, 1, 2]
    curve = progress_curve(episode)
    for number in range(3):
        assert curve[np.argmax(episode.stage == number)] == pytest.approx(number / 3)
    assert curve[-1] == 1.0
    assert event_counts(episode)["wrong_object"] == 0, "each button was asked for in its turn"


def test_a_single_instruction_has_no_stage() -> None:
    (episode,) = expert_episodes(Crank(LIFT, 1, CrankConfig(image_size=16)), 1)
    assert episode.stage is None
    assert episode.hold_steps == 5
    assert episode.stale is None


class Plain:
    """A task without the role: all that it is asked for beside it is the real one's."""

    def __init__(self, task: object) -> None:
        self._task = task

    def __getattr__(self, name: str) -> Any:
        if name in ("subgoals", "things"):
            raise AttributeError(name)
        return getattr(self._task, name)


def test_a_task_needs_no_role() -> None:
    crank = Crank(LIFT, 1, CrankConfig(image_size=16))
    assert isinstance(crank.task, Graded)
    plain: Any = Plain(crank.task)
    crank.task = plain
    (episode,) = expert_episodes(crank, 1)
    assert (episode.subgoals, episode.things, episode.stage) == ({}, None, None)
    assert graded_progress(episode, bodies((LIFT,))[LIFT]) == 1.0
    assert "dropped" not in event_counts(episode)


def test_late_actions_are_known() -> None:
    crank = Crank(LIFT, 1, CrankConfig(image_size=16))
    (late,) = expert_episodes(crank, 1, axis="dynamics", severity=2)
    assert late.stale is not None
    assert late.stale.all()
