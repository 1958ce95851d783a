"""Laws of a crew: several processes learn what one would, and none goes on without the others."""

import json
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.align import crew_at_work
from tests.align.launching import ended, launched
from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.crew import ALONE, rows_of
from vla_sim.align.model import ModelConfig
from vla_sim.align.negatives.bank import MemoryBankConfig
from vla_sim.align.negatives.semi_hard import SemiHardConfig
from vla_sim.align.negatives.vote import VoteConfig
from vla_sim.align.reconciling.fixed import FixedConfig
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.align.reconciling.pcgrad import PcgradConfig
from vla_sim.align.soft_targets import SoftTargetsConfig
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.supervision.paraphrase import ParaphraseConfig
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig

SHARED = ("plain", "portions", "surgery", "gated", "first", "contrast", "thirds in portions")


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


def apart_after(n_updates: int) -> float:
    """How far rounding may take two equal trainings apart, as a share.

    Sums in another order differ by some 1e-7, and losses and the length of the gradient are held
    to that before the first update. Adam then divides by what may be small, so that each update
    makes more of it, on some processors ten times as much as on others.
    """
    return 2e-6 if n_updates == 0 else 5e-4 if n_updates < 10 else 5e-3


@pytest.mark.parametrize("name", SHARED)
def test_two_processes_have_the_losses_of_one(done: Done, name: str) -> None:
    """With dropped words, unequal weights, a body that one of them has no row of, and all terms."""
    first, second = (json.loads((done.out / f"{name}_{rank}.json").read_text()) for rank in (0, 1))
    assert first == second, "every process knows the losses of the whole batch"
    # Portions change no loss: alone, it is all of them at once.
    at_once = {"portions": "at once", "thirds in portions": "thirds"}
    expected = crew_at_work.losses_of(at_once.get(name, name))
    assert len(expected) == len(first)
    for k, (alone, shared) in enumerate(zip(expected, first, strict=True)):
        # What is left of gradients that nearly cancel has lost more digits than any loss.
        pulls = {name for name in alone if name.startswith("pull of ")}
        assert shared == pytest.approx(
            {name: shared[name] if name in pulls else value for name, value in alone.items()},
            rel=apart_after(k),
            abs=1e-6,
        )
        for name_of in pulls:
            assert shared[name_of] == pytest.approx(alone[name_of], rel=4.0 * apart_after(k))


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


PORTIONS = TrainerConfig(segment_portion=4, reconciling=FixedConfig(watch_every=None))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"reconciling": PcgradConfig()}, "reconciling 'pcgrad'"),
        ({"reconciling": GradNormConfig()}, "reconciling 'gradnorm'"),
        ({"reconciling": FixedConfig(watch_every=50)}, "reconciling 'fixed' with.*watch_every"),
        ({"reconciling": FixedConfig(priority=("goal",))}, "reconciling 'fixed' with.*priority"),
        ({"model": ModelConfig(siglip=("la",))}, "model.siglip = 'la'"),
        ({"contrast": ContrastConfig(bank=MemoryBankConfig(batches=2))}, "contrast.bank.batches"),
        ({"contrast": ContrastConfig(vote=VoteConfig(floor=0.5))}, "contrast.vote.floor = 0.5"),
        ({"contrast": ContrastConfig(semi_hard=SemiHardConfig(margin=0.1))}, "contrast.semi_hard"),
        ({"contrast": ContrastConfig(targets=SoftTargetsConfig(va="dtw"))}, "targets.va = 'dtw'"),
        (
            {"supervision": SupervisionConfig(paraphrase=ParaphraseConfig(weight=0.1))},
            "supervision.paraphrase",
        ),
    ],
)
def test_what_needs_all_segments_at_once_is_refused_with_portions(
    changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(BadConfig, match=rf"segment_portion is 4, and .*{named}.*leave one"):
        replace(PORTIONS, **changed)
    replace(PORTIONS, segment_portion=None, **changed)


def test_terms_of_portions_are_seen_to_pull() -> None:
    config, n_steps = crew_at_work.SCENARIOS["thirds in portions"]
    trainer = crew_at_work.trainer_of(config)
    crew_at_work.batch(0, n_steps).done_by(trainer)
    terms = {"contrast_vl", "contrast_la", "contrast_va", "cycle", "triple", "outcome"}
    assert terms <= trainer.pulls.pulled and not trainer.pulls.still


def test_a_portion_is_a_whole_number() -> None:
    with pytest.raises(BadConfig, match="segment_portion is 0"):
        TrainerConfig(segment_portion=0)
