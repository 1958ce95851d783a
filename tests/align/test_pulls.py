"""A term that is switched on and moves nothing is found, and looking costs next to nothing."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.align.square_trainer import ALL, one_step, trainer
from vla_sim.align.pulls import Pulls
from vla_sim.align.trainer import AlignTrainer

LOSSES = """
def clamped(model, batch, out):
    return out.chunk_BGKA.square().mean().clamp(max=0.0) + 0.5

def at_a_tower(model, batch, out):
    return sum(weight.square().sum() for weight in model.vision.parameters())
"""


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "losses_of_pulls.py").write_text(LOSSES)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])


def looked_at(learner: AlignTrainer, monkeypatch: pytest.MonkeyPatch, n: int) -> list[int]:
    """How many terms are looked at on each of some updates."""
    counts, lengths = [], learner.pulls.lengths

    def counted(terms: dict[str, Tensor], leaves: tuple[Tensor, ...]) -> dict[str, Tensor]:
        found = lengths(terms, leaves)
        counts.append(len(found))
        return found

    monkeypatch.setattr(learner.pulls, "lengths", counted)
    for seed in range(n):
        one_step(learner, seed)
    return counts


def test_a_term_is_looked_at_until_it_pulls_and_seldom_where_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learner = trainer(replace(ALL, own_losses={"losses_of_pulls:clamped": 1.0}))
    counts = looked_at(learner, monkeypatch, 9)
    assert counts[0] == len(learner.pulls.pulled) + len(learner.pulls.doubts)
    # A prior that was zero is looked at again when it is next taken, and so is what stands still.
    assert sum(counts[1:]) <= 3 + 3 * len(learner.pulls.doubts)
    assert learner.pulls.still == {"losses_of_pulls:clamped": 4}, "at updates 1, 2, 4 and 8"
    assert {"goal", "grounding", "hazard", "behaviour", "contrast_vl"} <= learner.pulls.pulled


def test_a_term_that_reaches_for_the_weights_of_a_tower_pulls() -> None:
    learner = trainer(replace(ALL, own_losses={"losses_of_pulls:at_a_tower": 1.0}))
    one_step(learner, 0)
    assert not learner.pulls.still


def test_what_is_zero_is_no_evidence_and_what_pulls_later_is_cleared() -> None:
    learner = trainer()
    pulls, zero = Pulls(learner.model, own=()), torch.zeros((), requires_grad=True)
    leaf = torch.ones(2, requires_grad=True)
    silent, alive = {"hinge": (leaf * 0.0).sum()}, {"hinge": leaf.sum()}
    for terms, value, still in ((silent, 0.0, 0), (silent, 0.5, 1), (alive, 0.5, 1)):
        lengths = pulls.lengths(terms, [leaf, zero])
        pulls.note({name: float(length) for name, length in lengths.items()}, {"hinge": value})
        assert pulls.still.get("hinge", 0) == still
    again = Pulls(learner.model, own=())
    again.load_state(pulls.state())
    assert again.doubts == pulls.doubts
    lengths = again.lengths(alive, [leaf])  # the fourth time it is taken
    again.note({name: float(length) for name, length in lengths.items()}, {"hinge": 0.5})
    assert again.pulled == {"hinge"} and not again.still


def test_what_was_seen_travels_with_the_state() -> None:
    learner = trainer()
    one_step(learner, 0)
    other = trainer(seed=5)
    other.load_state(learner.state())
    assert other.pulls.pulled == learner.pulls.pulled and other.pulls.doubts == learner.pulls.doubts
