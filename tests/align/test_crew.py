"""Laws of a crew: several processes learn what one would, and none goes on without the others."""

import json
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from tests.align import crew_at_work
from tests.align.launching import ended, launched
from vla_sim.align.crew import ALONE, rows_of
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


SHARED = ("plain", "portions", "surgery", "gated")


@dataclass(frozen=True)
class Done:
    """What two processes left behind that ran the scenarios, of which the last one kills one."""

    out: Path
    status: list[int]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    out = tmp_path_factory.mktemp("crew")
    words = ["tests.align.crew_at_work", str(out), *SHARED, crew_at_work.KILLED]
    return Done(out, [status for status, _ in ended(launched(words, 2), within_s=240)])


@pytest.mark.parametrize("name", SHARED)
def test_two_processes_have_the_losses_of_one(done: Done, name: str) -> None:
    """With dropped words, unequal weights, a body that one of them has no row of, and all terms."""
    first, second = (json.loads((done.out / f"{name}_{rank}.json").read_text()) for rank in (0, 1))
    assert first == second, "every process knows the losses of the whole batch"
    # Portions change no loss: alone, it is all of them at once.
    expected = crew_at_work.losses_of("at once" if name == "portions" else name)
    assert len(expected) == len(first)
    for alone, shared in zip(expected, first, strict=True):
        assert shared == pytest.approx(alone, rel=1e-5, abs=1e-6)


def test_who_is_left_behind_ends_with_an_error_that_says_why(done: Done) -> None:
    assert done.status == [1, -signal.SIGKILL]
    said = (done.out / "error_0.txt").read_text()
    assert said.startswith("ProcessLost: one of the 2 processes is gone") and "--resume" in said


def test_rows_are_shared_evenly_and_each_is_somebodys() -> None:
    for n_rows, size in ((8, 2), (7, 2), (1, 4), (0, 3)):
        shares = [rows_of(rank, size, n_rows) for rank in range(size)]
        assert [row for share in shares for row in range(n_rows)[share]] == list(range(n_rows))
        assert max(s.stop - s.start for s in shares) - min(s.stop - s.start for s in shares) <= 1


def test_alone_nothing_is_exchanged() -> None:
    z = torch.randn(3, 2, requires_grad=True)
    (same,) = ALONE.whole((z,))
    assert same is z and ALONE.total(z) is z and ALONE.own(3) == slice(0, 3)


def test_surgery_and_portions_contradict_each_other() -> None:
    with pytest.raises(BadConfig, match=r"segment_portion is 4.*pcgrad.*leave one of them out"):
        replace(TrainerConfig(), segment_portion=4, surgery="pcgrad")
    with pytest.raises(BadConfig, match="segment_portion is 0"):
        TrainerConfig(segment_portion=0)
