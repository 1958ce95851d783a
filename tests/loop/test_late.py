"""What a server answers for an earlier observation is seen, counted and said."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from vla_sim.cli.main import main
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.errors import BadMessage
from vla_sim.loop.choice import Choice
from vla_sim.loop.outsiders import acting_for
from vla_sim.loop.serving.contracted import is_late
from vla_sim.loop.serving.translation import OWN_SEED, STEP
from vla_sim.protocols.policy import LatePolicy
from vla_sim.records.episode import Episode

TASK = "vla_sim/KeepLane-v0"
K = 4
"""Steps of its chunks."""
BEHIND = f'''
import numpy as np

class Behind:
    """Answers what it was asked before, as whoever infers beside the robot does."""

    forgets = True

    def __init__(self):
        self.before = None

    def reset(self):
        if self.forgets:
            self.before = None

    def infer(self, message):
        now = {{key: message[key] for key in ("{STEP}", "{OWN_SEED}")}}
        was, self.before = self.before or now, now
        return {{"actions": np.zeros(({K}, 2), dtype=np.float32), **was}}

class Prompt(Behind):
    def infer(self, message):
        return super().infer(message) | {{key: message[key] for key in ("{STEP}", "{OWN_SEED}")}}

class Silent(Behind):
    def infer(self, message):
        return {{"actions": super().infer(message)["actions"]}}

class Mixed(Behind):
    forgets = False
'''
QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("late") / "behind_by_one.py"
    path.write_text(BEHIND)
    return path


def episodes(place: Path, name: str) -> list[Episode]:
    """Two episodes of a policy of the file."""
    crank = Crank(TASK, 1, CrankConfig(image_size=16))
    choice = Choice(name=f"{place}:{name}", contract="native")
    actor = acting_for(choice, crank)
    assert isinstance(actor, LatePolicy)
    return run_all(crank, actor, plan_episodes(TASK, range(7, 9)))


def test_late_chunks_are_counted_step_by_step(place: Path) -> None:
    for one in episodes(place, "Behind"):
        assert one.stale is not None
        assert one.n_steps > 2 * K
        assert not one.stale[:K].any(), "the first chunk is for what was seen first"
        assert one.stale[K:].all()
        assert not one.policy_failure


@pytest.mark.parametrize("name", ["Prompt", "Silent"])
def test_who_answers_what_was_asked_or_does_not_say_is_not_late(place: Path, name: str) -> None:
    assert all(one.stale is None for one in episodes(place, name))


def test_an_answer_for_another_episode_costs_the_episode(place: Path) -> None:
    for one in episodes(place, "Mixed"):
        assert "of another episode" in one.policy_failure
        assert one.n_steps == 1


def test_bench_says_how_many_steps_were_late(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "--policy", f"{place}:Behind", "--contract", "native", "--tasks", "KeepLane"]
    words += ["--episodes", "2", "--arms", "correct", "--n-processes", "0", "--n-slots", "1"]
    assert main(words) == 0
    assert "% of the steps of KeepLane (correct): they were for earlier" in capsys.readouterr().out


def test_what_an_answer_says_is_checked() -> None:
    assert is_late({}, 8, 3) is False
    assert is_late([], 8, 3) is False
    assert is_late({STEP: 8, OWN_SEED: 3}, 8, 3) is False
    assert is_late({STEP: np.int64(4)}, 8, 3) is True
    for answer in ({STEP: 9}, {STEP: -1}, {STEP: True}, {STEP: "4"}, {OWN_SEED: 4}):
        with pytest.raises(BadMessage, match="came"):
            is_late(answer, 8, 3)
