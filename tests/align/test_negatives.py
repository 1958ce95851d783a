"""Laws of the negatives: what is remembered, mined, voted on and counted, and what a run shows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.align.square_trainer import ALL, one_step, trainer
from tests.align.squares import say, say_all, segments, steps
from vla_sim.align.checkpoint import load_checkpoint, save_checkpoint
from vla_sim.align.contrast import Contrast, More
from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.losses.temperature import TemperatureConfig
from vla_sim.align.model import CONTRASTED, ModelConfig
from vla_sim.align.negatives.bank import MemoryBank, MemoryBankConfig, Remembered
from vla_sim.align.negatives.neighbours import neighbours
from vla_sim.align.negatives.semi_hard import SemiHardConfig, semi_hard
from vla_sim.align.negatives.unique import n_unique
from vla_sim.align.negatives.vote import VoteConfig, vote
from vla_sim.align.objective import Weights
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.soft_targets import SoftTargetsConfig
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.envs.language.codes import encode
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.instruction import Meaning, Referent

EVERYTHING = replace(
    ALL,
    segment_every=1,
    model=ModelConfig(siglip=("la", "step")),
    weights=Weights(contrast_step=0.5, triple=0.5, cyclip_cross=0.1, cyclip_inner=0.1),
    contrast=ContrastConfig(
        temperatures=TemperatureConfig(vl=(0.04, 0.1)),
        targets=SoftTargetsConfig(la="dtw", va="outcome", step="dtw"),
        bank=MemoryBankConfig(batches=2.5),
        semi_hard=SemiHardConfig(margin=0.5),
        vote=VoteConfig(floor=0.2),
        warm_up=1,
    ),
)


def unit(n: int, seed: int) -> Tensor:
    drawn = torch.randn(n, 6, generator=torch.Generator().manual_seed(seed))
    return functional.normalize(drawn, dim=1)


def remembered(n: int, first: int = 0) -> Remembered:
    return Remembered(
        vision_KE=unit(n, first),
        text_KE=unit(n, first + 1),
        action_KE=unit(n, first + 2),
        acted_K=torch.ones(n, dtype=torch.bool),
        meaning_K=torch.arange(first, first + n),
        episode_K=torch.arange(first, first + n),
    )


def test_the_bank_keeps_so_many_batches_and_none_too_old() -> None:
    bank = MemoryBank(MemoryBankConfig(batches=2.5, max_age=10))
    assert bank.held(n_steps=0) is None
    for step in range(5):
        bank.push(remembered(4, first=10 * step), n_steps=step)
    held = bank.held(n_steps=5)
    assert held is not None
    assert held.meaning_K.tolist() == [22, 23, *range(30, 34), *range(40, 44)]
    late = bank.held(n_steps=13)
    assert late is not None and late.meaning_K.tolist() == [*range(30, 34), *range(40, 44)]
    assert bank.held(n_steps=99) is None


def test_a_bank_goes_on_where_it_was() -> None:
    one = MemoryBank(MemoryBankConfig(batches=3.0))
    one.push(remembered(4), n_steps=0)
    one.push(remembered(3, first=9), n_steps=7)
    other = MemoryBank(one.config)
    other.load_state(*one.state(), torch.device("cpu"))
    for bank in (one, other):
        bank.push(remembered(4, first=50), n_steps=101)
    mine, theirs = one.held(n_steps=101), other.held(n_steps=101)
    assert mine is not None and theirs is not None
    assert mine.meaning_K.tolist() == [9, 10, 11, 50, 51, 52, 53]
    for name, value in vars(mine).items():
        assert torch.equal(value, getattr(theirs, name))


def test_a_bank_smaller_than_a_batch_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"batches is 0\.5: a bank smaller than a batch"):
        MemoryBankConfig(batches=0.5)


def test_semi_hard_is_near_and_not_yet_mistaken() -> None:
    cosine = torch.tensor([[0.8, 0.9, 0.7, 0.55, 0.7]])
    positive = torch.tensor([[True, False, False, False, False]])
    near = torch.tensor([[True, True, True, True, False]])
    hard = semi_hard(cosine, positive, near, margin=0.2)
    assert hard.tolist() == [[False, False, True, False, False]]


def test_neighbours_differ_in_one_part() -> None:
    red, blue = Referent(colour="red", shape="cube"), Referent(colour="blue", shape="cube")
    ball = Referent(colour="blue", shape="ball")
    asked = [
        Meaning(intent_id="reach", referent=red, manner="normal"),
        Meaning(intent_id="reach", referent=blue, manner="normal"),
        Meaning(intent_id="reach", referent=ball, manner="normal"),
        Meaning(intent_id="reach", referent=ball, manner="slowly"),
    ]
    codes = torch.tensor([encode(meaning) for meaning in asked])
    assert neighbours(codes[:1], codes, reach=1).tolist() == [[False, True, False, False]]
    assert neighbours(codes[:1], codes, reach=2).tolist() == [[False, True, True, False]]
    assert torch.equal(neighbours(codes, codes, reach=9), ~torch.eye(4, dtype=torch.bool))


def test_the_vote_finds_the_row_whose_words_are_wrong() -> None:
    axes, own = torch.eye(5, 6), torch.eye(5, dtype=torch.bool)
    told = axes[[0, 1, 2, 3, 0]]  # the last one's sentence is of another row
    weight = vote(axes, told, axes, own, floor=0.25)
    assert weight[4] < weight[1:4].min()
    assert weight[1:4].tolist() == [1.0, 1.0, 1.0]
    noise = unit(5, 0)
    assert vote(axes, noise, axes, own, floor=1.0).tolist() == [1.0] * 5
    alone = vote(axes, noise, axes, torch.ones(5, 5, dtype=torch.bool), floor=0.0)
    assert alone.tolist() == [1.0] * 5, "who has no rival loses no vote"
    doubted = vote(axes[:2], told[[1, 0]], axes[:2], own[:2, :2], floor=0.0)
    assert doubted.tolist() == [1.0, 1.0], "where all lose every vote, none is preferred"


def test_different_things_are_counted_once() -> None:
    assert n_unique(torch.tensor([3, 1, 3, 3, 2])).item() == 3
    assert n_unique(torch.tensor([], dtype=torch.int64)).item() == 0


def test_what_the_bank_holds_of_equal_meaning_is_no_negative() -> None:
    model = trainer().model
    first, second, own = unit(3, 0), unit(3, 1), torch.eye(3, dtype=torch.bool)
    plain, _, _ = Contrast().pair(model, "vl", first, second, own)
    never = torch.zeros(3, 4, dtype=torch.bool)
    hidden = More(vector_ME=unit(4, 2), there_NM=never)
    same, _, _ = Contrast().pair(model, "vl", first, second, own, to_second=[hidden])
    assert same.item() == pytest.approx(plain.item())
    shown = More(vector_ME=unit(4, 2), there_NM=~never)
    more, _, _ = Contrast().pair(model, "vl", first, second, own, to_second=[shown])
    assert more.item() > plain.item()


def test_one_row_has_nothing_to_tell_apart() -> None:
    with pytest.raises(BadConfig, match="the pair 'va' has 1 rows in this batch"):
        own = torch.ones(1, 1, dtype=torch.bool)
        Contrast().pair(trainer().model, "va", unit(1, 0), unit(1, 1), own)
    rng = np.random.default_rng(0)
    rows, one = steps(rng, 2), segments(rng, 1)
    with pytest.raises(BadConfig, match="a batch of 1 segments"):
        trainer().step(rows, say_all(rng, rows), one, say(rng, one.meaning))


def test_where_one_alone_is_labelled_the_terms_of_actions_rest() -> None:
    rng = np.random.default_rng(0)
    rows, few = steps(rng, 4), segments(rng, 6)
    knots = few.knots.copy()
    knots[1:] = np.nan
    report = trainer().step(
        rows, say_all(rng, rows), replace(few, knots=knots), say(rng, few.meaning)
    )
    assert "contrast_vl" in report.terms
    assert {"contrast_la", "contrast_va", "cycle"}.isdisjoint(report.terms)


def test_everything_at_once_is_taken_finite_and_told() -> None:
    learner = trainer(EVERYTHING)
    one_step(learner, 0, 8)
    report = one_step(learner, 1, 8)
    assert {"triple", "cyclip_cross", "cyclip_inner", "contrast_step"} <= set(report.terms)
    assert all(np.isfinite(value) for value in report.terms.values())
    told = report.report
    assert told["effective_batch"] == 8.0
    assert told["unique_negatives_vl"] == told["unique_negatives_la"] == 3.0, "of four colours"
    assert told["unique_negatives_va"] > told["effective_batch"] - 1.0, "the bank adds some"
    assert {"semi_hard_vl", "semi_hard_la", "semi_hard_va", "cone"} <= set(told)
    assert learner.contrast.begun == {"la", "step"}
    bias = learner.model.contrast_bias["la"].item()
    assert -4.0 < bias < 0.0


def test_bank_mining_and_vote_wait_for_their_time() -> None:
    later = replace(EVERYTHING.contrast, warm_up=2)
    now, waiting = trainer(EVERYTHING), trainer(replace(EVERYTHING, contrast=later))
    reports = [[one_step(learner, seed, 6) for seed in range(3)] for learner in (now, waiting)]
    assert reports[0][0].terms == reports[1][0].terms
    assert reports[0][1].terms["contrast_vl"] != reports[1][1].terms["contrast_vl"]
    assert "semi_hard_vl" not in reports[1][1].report
    assert "semi_hard_vl" in reports[1][2].report


@pytest.mark.parametrize("reconciling", ["fixed", "pcgrad"])
def test_a_resumed_run_remembers_to_the_last_bit(reconciling: str, tmp_path: Path) -> None:
    config = replace(EVERYTHING, reconciling=RECONCILERS[reconciling])
    learner = trainer(config)
    for seed in range(3):
        one_step(learner, seed, 6)
    folder = save_checkpoint(tmp_path, learner.model, task_body=(0,), trainer=learner.state())
    expected = [one_step(learner, seed, 6) for seed in range(3, 5)]
    saved = load_checkpoint(folder)
    assert saved.trainer is not None
    assert saved.model.config == config.model
    resumed = trainer(config, seed=7)
    resumed.load_state(saved.trainer)
    assert [one_step(resumed, seed, 6) for seed in range(3, 5)] == expected


def test_a_state_from_before_there_was_a_bank_is_taken() -> None:
    learner = trainer()
    one_step(learner, 0)
    state = learner.state()
    old = replace(state, meta={k: v for k, v in state.meta.items() if k != "contrast"})
    resumed = trainer()
    resumed.load_state(old)
    assert one_step(resumed, 1) == one_step(learner, 1)


def test_only_siglip_brings_a_bias() -> None:
    assert not any("contrast_bias" in name for name in trainer().model.state_dict())
    config = replace(ALL, model=ModelConfig(siglip=CONTRASTED), weights=Weights(contrast_step=0.5))
    model = trainer(config).model
    assert set(model.contrast_bias) == set(CONTRASTED)


def used_by(contrast: ContrastConfig, **weights: float) -> TrainerConfig:
    """Settings whose only terms beside behaviour are those that are given a weight."""
    none = dict.fromkeys(vars(Weights()), 0.0)
    return replace(ALL, contrast=contrast, weights=Weights(**{**none, "behaviour": 1.0, **weights}))


def test_the_vote_weighs_clips_and_words_where_the_cycle_brings_actions() -> None:
    config = used_by(ContrastConfig(vote=VoteConfig(floor=0.0), warm_up=0), contrast_vl=1, cycle=1)
    plain = used_by(ContrastConfig(), contrast_vl=1, cycle=1)
    voted, usual = (one_step(trainer(c), 0, 8).terms["contrast_vl"] for c in (config, plain))
    assert voted != usual


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ModelConfig(siglip=("lv",)), "no pair for siglip 'lv'"),
        (lambda: OptimiserConfig(temperature_learning_rate=2e-3), "temperature_learning_rate is"),
        (lambda: VoteConfig(floor=1.5), "floor is 1.5"),
        (lambda: SemiHardConfig(boost=0.5), "boost is 0.5"),
        (
            lambda: Weights(contrast_vl=0.0, contrast_la=0.0, contrast_va=0.0, cyclip_cross=0.1),
            "cyclip_cross is 0.1, and it is taken of pairs",
        ),
        (
            lambda: replace(ALL, model=ModelConfig(siglip=("step",))),
            "model.siglip names 'step', and weights.contrast_step is 0",
        ),
        (
            lambda: replace(ALL, contrast=ContrastConfig(targets=SoftTargetsConfig(step="dtw"))),
            "contrast.targets.step is 'dtw', and weights.contrast_step is 0",
        ),
        (
            lambda: replace(
                ALL, contrast=ContrastConfig(bank=MemoryBankConfig(batches=2, max_age=3))
            ),
            "max_age is 3, and segment_every is 4: every batch would be forgotten",
        ),
        (
            lambda: used_by(ContrastConfig(bank=MemoryBankConfig(batches=2)), triple=1.0),
            "contrast.bank is on, and none of contrast_la, contrast_va, contrast_vl has a weight",
        ),
        (
            lambda: used_by(ContrastConfig(semi_hard=SemiHardConfig(margin=0.2)), cycle=1.0),
            "contrast.semi_hard is on, and none of contrast_la, contrast_step,",
        ),
        (
            lambda: used_by(ContrastConfig(vote=VoteConfig(floor=0.2)), contrast_vl=1.0),
            "contrast.vote is on, and none of contrast_la, contrast_va, cycle, triple has a weight",
        ),
        (
            lambda: used_by(ContrastConfig(vote=VoteConfig(floor=0.2)), cycle=1.0),
            "contrast.vote is on, and none of contrast_la, contrast_va, contrast_vl, triple has",
        ),
        (
            lambda: EVERYTHING.contrast.require_time(1),
            "warm_up is 1, and the run has 1 updates: contrast.bank and contrast.semi_hard",
        ),
    ],
)
def test_bad_settings_are_refused_by_name(make: Any, said: str) -> None:
    with pytest.raises((BadConfig, UnknownName), match=said):
        make()


def test_a_default_trainer_config_switches_nothing_on() -> None:
    config = TrainerConfig().contrast
    assert not config.bank.batches and not config.semi_hard.margin and config.vote.floor == 1.0
    assert {config.targets.la, config.targets.va, config.targets.step} == {"hard"}
