"""A loss of the user's own is one more term of the objective, and is refused where it is none."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.align.square_trainer import ALL, one_step, trainer
from vla_sim.align.objective import Weights
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig, LossNotFinite, UnknownName

LOSSES = """
def gentle(model, batch, out):
    return out.chunk_BGKA.square().mean()

def many(model, batch, out):
    return out.chunk_BGKA.square()

def blind(model, batch, out):
    return batch.chunk_BGKA.square().mean()

def steep(model, batch, out):
    return (0.0 * out.chunk_BGKA).abs().sqrt().sum()

def number(model, batch, out):
    return 3.0

constant = 4
"""
ONLY_GOAL = Weights(**{**dict.fromkeys(vars(Weights()), 0.0), "goal": 1e-6})


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_losses_of_a_test.py").write_text(LOSSES)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])


def config(name: str, weight: float = 2.0) -> TrainerConfig:
    return replace(ALL, own_losses={f"own_losses_of_a_test:{name}": weight})


@pytest.mark.parametrize("name", ["fixed", "pcgrad"])
def test_it_is_a_term_that_is_weighted_and_learnt(name: str) -> None:
    ways = RECONCILERS[name]
    learner = trainer(replace(config("gentle"), weights=ONLY_GOAL, reconciling=ways))
    reports = [one_step(learner, seed) for seed in range(30)]
    name = "own_losses_of_a_test:gentle"
    first, last = reports[0], reports[-1]
    assert first.terms.keys() == {"goal", name}
    assert first.total == pytest.approx(2.0 * first.terms[name] + 1e-6 * first.terms["goal"])
    assert last.terms[name] < 0.5 * first.terms[name]


def test_without_one_nothing_changes() -> None:
    assert one_step(trainer(replace(ALL, own_losses={})), 3) == one_step(trainer(), 3)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("many", r"gives a tensor of shape \(4, 4, .*\), not a scalar: take its mean"),
        ("blind", "has no gradient"),
        ("number", "gives float, not a tensor"),
    ],
)
def test_what_is_no_loss_is_refused_by_name(name: str, says: str) -> None:
    with pytest.raises(BadConfig, match=f"the loss 'own_losses_of_a_test:{name}' {says}"):
        one_step(trainer(config(name)), 0)


def test_it_may_stand_still_once_all_that_it_is_taken_of_does() -> None:
    told = replace(config("gentle"), freeze=("vision", "policy"), freeze_text_after=0.5)
    learner = trainer(told)
    for seed, fraction in enumerate((0.0, 0.6)):
        learner.set_progress(fraction)
        taken = one_step(learner, seed).terms["own_losses_of_a_test:gentle"]
        assert taken > 0.0 and ("text" in learner.frozen) == (fraction > 0.5)


def test_weights_learn_nothing_of_a_gradient_that_is_no_number() -> None:
    learner = trainer(replace(config("steep"), reconciling=GradNormConfig(every=1)))
    before = learner.reconciler.state()
    with pytest.raises(LossNotFinite, match="every loss is finite, but not the gradient"):
        one_step(learner, 0)
    assert learner.reconciler.state() == before


def test_a_name_or_a_weight_that_means_nothing_is_refused_before_training() -> None:
    with pytest.raises(BadConfig, match="'own_losses_of_a_test:constant' is int, not a function"):
        config("constant")
    with pytest.raises(UnknownName, match="did you mean 'gentle'"):
        config("gentel")
    with pytest.raises(BadConfig, match="own_losses_of_a_test:gentle is 0"):
        config("gentle", 0.0)
    with pytest.raises(BadConfig, match="names no loss"):
        replace(ALL, own_losses={"behaviour": 1.0})
