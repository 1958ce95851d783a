"""Laws of the trainer: it learns, frozen towers stand still, a resumed run goes on exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.align import squares
from tests.align.square_trainer import ALL, one_step, trainer
from vla_sim.align.contrast_config import ContrastConfig
from vla_sim.align.fusion.table import FUSIONS
from vla_sim.align.inference import ModelPolicyCore
from vla_sim.align.losses.temperature import TemperatureConfig
from vla_sim.align.model import PAIRS, TOWERS, ModelConfig
from vla_sim.align.negatives.bank import MemoryBankConfig
from vla_sim.align.objective import LossReport, Weights
from vla_sim.align.optimiser import OptimiserConfig
from vla_sim.align.proposing import propose
from vla_sim.align.reconciling.pcgrad import PcgradConfig
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig, DamagedFile, LossNotFinite, UnknownName
from vla_sim.records.triple import GRID, N_GOALS, THING, StepTriples

POLICY_PARTS = ("vision", "text", "attention", "goal", "hazard")
"""Of a model: what its policy acts with; alignment has heads of its own beside them."""


def test_it_learns_to_look_and_to_point() -> None:
    learner, rng, n_steps = trainer(), np.random.default_rng(0), 260
    for step in range(n_steps):
        learner.set_progress(step / n_steps)
        rows = squares.steps(rng, 16)
        learner.step(rows, squares.say_all(rng, rows))
    test = squares.steps(np.random.default_rng(99), 64)
    goal = np.arange(64) % N_GOALS
    own = np.arange(64), goal
    told = squares.say(rng, goal)
    decision = ModelPolicyCore(learner.model).decide(test.image, test.proprio, told, 0)
    looked = np.stack(
        np.unravel_index(decision.attention.reshape(64, -1).argmax(1), (GRID, GRID))[::-1], axis=1
    )
    hit = (np.abs((looked + 0.5) / GRID - test.cell[own][:, THING]) < 1.0 / GRID).all(axis=1)
    assert hit.mean() > 0.9  # chance: 4 of 256 cells
    error_m = np.linalg.norm(decision.goal - test.goal_point[own][:, THING], axis=1)
    chance_m = np.linalg.norm(
        (test.goal_point[own] - test.goal_point.mean((0, 1)))[:, THING], axis=1
    )
    assert error_m.mean() < 0.4 * chance_m.mean()
    action_error = np.abs(decision.chunk - test.chunk[own])[..., :3].mean()
    assert action_error < 0.5 * np.abs(test.chunk[own])[..., :3].mean()
    # Words decide: with another colour named, the same picture is another goal.
    swapped = squares.say(rng, (goal + 1) % N_GOALS)
    other = ModelPolicyCore(learner.model).decide(test.image, test.proprio, swapped, 0)
    assert (
        np.linalg.norm(other.goal - test.goal_point[own][:, THING], axis=1).mean()
        > 2 * error_m.mean()
    )
    # What is asked for is painted over: attention goes somewhere all the same, and the peak tells.
    bare = test.image.copy()
    for picture, (u, v) in zip(bare, test.cell[own][:, THING] * squares.PX, strict=True):
        picture[int(v) - 5 : int(v) + 5, int(u) - 5 : int(u) + 5] = 95
    words = [[text] for text in told]
    there, gone = (
        propose(ModelPolicyCore(learner.model), image, test.proprio, words, 0).peak[:, 0, THING]
        for image in (test.image, bare)
    )
    assert (there > gone).mean() > 0.9  # chance: a half


def test_every_term_is_taken_and_finite() -> None:
    weights = replace(Weights(), **dict.fromkeys(OFF, 0.5))
    report = one_step(trainer(replace(ALL, weights=weights)), 0)
    assert set(report.terms) == set(vars(weights)) - {"rehearsal"}, "it comes with rows of its own"
    assert all(np.isfinite(value) for value in report.terms.values())
    total = sum(
        value * getattr(weights, name) * (ALL.priors_every if name in PRIORS else 1)
        for name, value in report.terms.items()
    )
    assert report.total == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("term", ["contrast_vl", "cycle", "triple"])
def test_a_term_of_segments_is_taken_alone(term: str) -> None:
    none = dict.fromkeys(vars(Weights()), 0.0)
    alone = replace(Weights(), **(none | {"behaviour": 1.0, term: 0.5}))
    assert set(one_step(trainer(replace(ALL, weights=alone)), 0).terms) == {"behaviour", term}


OFF = ("contrast_step", "triple", "cyclip_cross", "cyclip_inner")
"""Terms that have no weight unless they are given one."""
PRIORS = ("velocity", "acceleration", "jerk")


def test_segments_teach_clips_and_words() -> None:
    config = replace(ALL, segment_every=1, weights=replace(Weights(), behaviour=0.0, goal=0.0))
    learner = trainer(config)
    first = [one_step(learner, seed, 8) for seed in range(4)]
    for seed in range(4, 60):
        learner.set_progress(seed / 80)
        last = one_step(learner, seed, 8)
    assert last.terms["outcome"] < 0.7 * np.mean([r.terms["outcome"] for r in first])


@pytest.mark.parametrize("tower", TOWERS)
def test_a_frozen_tower_stands_still_and_can_be_freed(tower: str) -> None:
    learner = trainer(replace(ALL, freeze=(tower,)))
    parts = learner.model.parts(tower)
    before = [p.clone() for part in parts for p in part.parameters()]
    outside = [p.clone() for p in learner.model.parameters()]
    one_step(learner, 0)
    one_step(learner, 1)
    after = [p for part in parts for p in part.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not all(
        torch.equal(a, b) for a, b in zip(outside, learner.model.parameters(), strict=True)
    )
    learner.freeze(())
    learner.n_steps = 0
    one_step(learner, 2)
    assert not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_an_unknown_tower_is_named_before_a_trainer_is_made() -> None:
    with pytest.raises(UnknownName, match=r"no tower 'eyes'.*vision"):
        replace(ALL, freeze=("eyes",))


@pytest.mark.parametrize("name", ["fixed", "pcgrad"])
def test_an_update_in_which_nothing_can_learn_moves_nothing_and_ends_no_run(name: str) -> None:
    learner = trainer(replace(ALL, reconciling=RECONCILERS[name]))
    learner.freeze(("vision", "text", "policy"))
    assert one_step(learner, 0).report["gradient_norm"] > 0.0  # segments have heads of their own
    before = {k: v.clone() for k, v in learner.model.state_dict().items()}
    told = one_step(learner, 1)  # no segments are due: all that is taken is of the policy
    assert told.total > 0.0 and told.report["gradient_norm"] == 0.0
    assert all(torch.equal(v, before[k]) for k, v in learner.model.state_dict().items())
    assert learner.n_steps == 2


@pytest.mark.parametrize("reconciling", RECONCILERS)
def test_a_resumed_run_has_the_same_losses_to_the_last_bit(reconciling: str) -> None:
    config = replace(ALL, reconciling=RECONCILERS[reconciling])
    learner = trainer(config)
    for seed in range(3):
        learner.set_progress(0.2 * seed)
        one_step(learner, seed)
    state = learner.state()

    # The second half lies beyond the point where words are frozen.
    def go_on(run: AlignTrainer) -> list[LossReport]:
        reports = []
        for seed in range(3, 6):
            run.set_progress(0.2 * seed)
            reports.append(one_step(run, seed))
        return reports

    expected = go_on(learner)
    resumed = trainer(config, seed=77)
    resumed.load_state(state)
    assert go_on(resumed) == expected
    assert resumed.frozen == learner.frozen == ("text",)


def test_equal_seeds_give_equal_runs() -> None:
    assert one_step(trainer(seed=5), 0) == one_step(trainer(seed=5), 0)
    assert one_step(trainer(seed=5), 0) != one_step(trainer(seed=6), 0)


def test_building_a_trainer_leaves_the_global_randomness_alone() -> None:
    before = torch.get_rng_state()
    trainer()
    assert torch.equal(before, torch.get_rng_state())


def test_surgery_without_conflict_changes_nothing() -> None:
    """One group of losses alone has nobody to conflict with: plain and surgical steps agree."""
    weights = Weights(**{name: 0.0 for name in vars(Weights()) if name != "grounding"})
    plain = trainer(replace(ALL, weights=weights))
    surgical = trainer(replace(ALL, weights=weights, reconciling=PcgradConfig()))
    for seed in range(2):
        rng = np.random.default_rng(seed)
        rows = squares.steps(rng, 4)
        texts = squares.say_all(rng, rows)
        plain.step(rows, texts)
        surgical.step(rows, texts)
    for a, b in zip(plain.model.parameters(), surgical.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-3)


def test_a_state_of_another_model_is_refused() -> None:
    other = trainer(replace(ALL, model=ModelConfig(hidden=64))).state()
    with pytest.raises(DamagedFile, match="other settings"):
        trainer().load_state(other)
    learner = trainer()
    one_step(learner, 0)
    state = learner.state()
    kept = {k: v for k, v in state.tensors.items() if not k.startswith("optimiser.")}
    with pytest.raises(DamagedFile, match="moments"):
        trainer().load_state(replace(state, tensors=kept))


def test_temperatures_stay_within_bounds() -> None:
    narrow = TemperatureConfig(vl=(0.04, 0.0599), la=(0.0601, 0.1))
    learner = trainer(replace(ALL, contrast=ContrastConfig(temperatures=narrow)))
    for seed in range(3):
        taus = {
            k: float(v.detach().exp()) ** -1
            for k, v in learner.model.log_inverse_temperature.items()
        }
        for pair in PAIRS:
            least, largest = getattr(narrow, pair)
            assert least - 1e-6 <= taus[pair] <= largest + 1e-6
        one_step(learner, seed)


def rows_and_texts() -> tuple[StepTriples, list[list[str]]]:
    rng = np.random.default_rng(0)
    rows = squares.steps(rng, 2)
    return rows, squares.say_all(rng, rows)


def test_bad_batches_are_refused() -> None:
    learner = trainer()
    rows, texts = rows_and_texts()
    with pytest.raises(BadConfig, match="sentences"):
        learner.step(rows, texts[:1])
    with pytest.raises(BadConfig, match="sentence each"):
        learner.step(rows, texts, None, ["go"])
    with pytest.raises(UnknownName, match="task"):
        learner.step(replace(rows, task=rows.task + 5), texts)
    chunk = rows.chunk.copy()
    chunk[0, 0, 0, 0] = np.nan
    with pytest.raises(LossNotFinite, match="behaviour"):
        learner.step(replace(rows, chunk=chunk), texts)


def test_an_update_that_is_given_up_leaves_nothing_behind() -> None:
    """Not in what is remembered either: the next update would be given up for it as well."""
    config = replace(
        ALL,
        weights=replace(Weights(), contrast_step=0.5),
        model=ModelConfig(siglip=("la", "step"), fusion=FUSIONS["codebook"]),
        contrast=ContrastConfig(bank=MemoryBankConfig(batches=2)),
        rehearsal_noise=None,
    )
    learner = trainer(config)
    before = learner.state()
    rng = np.random.default_rng(0)
    (rows, texts), segments = rows_and_texts(), squares.segments(rng, 4)
    goal, knots = rows.goal_point.copy(), segments.knots.copy()
    goal[0, 0, 0, 0], knots[0, 0, 0] = np.nan, np.nan
    rows, segments = replace(rows, goal_point=goal), replace(segments, knots=knots)
    with pytest.raises(LossNotFinite, match="goal"):
        learner.step(rows, texts, segments, squares.say(rng, segments.meaning))
    learner.contrast.settle()
    learner.model.fusion.settle(learner.generator)
    after = learner.state()
    assert after.meta == before.meta
    assert after.tensors.keys() == before.tensors.keys()
    same = {k: torch.equal(v, after.tensors[k]) for k, v in before.tensors.items()}
    assert [k for k, is_same in same.items() if not is_same] == ["random.own"]
    one_step(learner, 1)


def test_no_clip_is_looked_at_for_what_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contrast of single moments is no term of segments."""
    of_moments = {**dict.fromkeys(vars(Weights()), 0.0), "contrast_step": 1.0, "outcome": 1.0}
    learner = trainer(replace(ALL, weights=Weights(**of_moments)))
    monkeypatch.delattr(type(learner.model), "embed_clip")
    assert set(one_step(learner, 0).terms) == {"contrast_step"}


def test_bad_settings_are_refused() -> None:
    with pytest.raises(BadConfig, match="segment_every"):
        TrainerConfig(segment_every=0)
    with pytest.raises(BadConfig, match="learning_rate"):
        OptimiserConfig(learning_rate=0.0)
    with pytest.raises(BadConfig, match="task_body"):
        AlignTrainer(ALL, corpus=squares.CORPUS, bodies=[squares.BODY], task_body=[3], seed=0)


@pytest.mark.parametrize("portion", [None, 2])
def test_alignment_eased_into_towers_teaches_its_heads_in_full(portion: int | None) -> None:
    share = 0.25
    none = dict.fromkeys(vars(Weights()), 0.0)
    weights = Weights(**{**none, "contrast_vl": 1.0, "cycle": 1.0, "contrast_step": 1.0})
    gradients, totals = [], []
    for into_towers in (1.0, share):
        config = replace(
            ALL,
            weights=weights,
            segment_portion=portion,
            contrast=ContrastConfig(into_towers=into_towers),
            optimiser=replace(ALL.optimiser, gradient_norm=1e9),
        )
        learner = trainer(config)
        totals.append(one_step(learner, 0).total)
        named = learner.model.named_parameters()
        gradients.append({name: p.grad for name, p in named if p.grad is not None})
    whole, eased = gradients
    assert totals[0] == totals[1], "nothing is seen otherwise"
    acts = tuple(name for name in whole if name.partition(".")[0] in POLICY_PARTS)
    assert 0 < len(acts) < len(whole)
    for name, gradient in whole.items():
        expected = share * gradient if name in acts else gradient
        torch.testing.assert_close(eased[name], expected, rtol=1e-4, atol=1e-8)


def test_an_update_in_which_no_term_is_due_rests() -> None:
    """Alignment alone comes with segments, and those on every fourth update."""
    none = dict.fromkeys(vars(Weights()), 0.0)
    learner = trainer(replace(ALL, weights=Weights(**{**none, "contrast_vl": 1.0})))
    terms, weights = [], []
    for seed in range(5):
        terms.append(one_step(learner, seed).terms.keys())
        weights.append(learner.model.state_dict()["vision.stem.weight"].clone())
    assert [len(taken) for taken in terms] == [1, 0, 0, 0, 1]
    assert torch.equal(weights[0], weights[3]) and not torch.equal(weights[3], weights[4])


def test_the_learning_rate_rises_and_falls() -> None:
    config = OptimiserConfig()
    shares = [config.share(fraction) for fraction in (0.0, 0.02, 0.5, 0.9, 1.0)]
    assert shares[0] < 0.1 and shares[1] > 0.99
    assert shares[1] > shares[2] > shares[3] > shares[4]
    assert shares[4] == pytest.approx(config.last_rate)
