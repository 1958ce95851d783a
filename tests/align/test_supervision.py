"""Laws of supervision: off it changes nothing, on it teaches, and a resume is exact."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.align import squares
from vla_sim.align.checkpoint import load_checkpoint, save_checkpoint
from vla_sim.align.curriculum import CurriculumConfig
from vla_sim.align.model import ModelConfig
from vla_sim.align.objective import GROUPS, LossReport, Weights
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.align.supervision.balance import BalanceConfig
from vla_sim.align.supervision.band import BandConfig
from vla_sim.align.supervision.coherency import CoherencyConfig
from vla_sim.align.supervision.config import SupervisionConfig
from vla_sim.align.supervision.masking import MaskingConfig
from vla_sim.align.supervision.modality_dropout import ModalityDropoutConfig
from vla_sim.align.supervision.paraphrase import ParaphraseConfig
from vla_sim.align.supervision.pseudo_labels import PseudoLabelConfig
from vla_sim.align.supervision.reachability import ReachabilityConfig
from vla_sim.align.supervision.sources import Sources
from vla_sim.align.trainer import AlignTrainer
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig
from vla_sim.records.triple import N_ACT, SegmentTriples, StepTriples, StripTriples

STRIP_STEPS = 24
PLAIN = TrainerConfig(
    curriculum=CurriculumConfig(first="all"), weights=replace(Weights(), contrast_step=0.3)
)
HEADS = ModelConfig(reach=True, motion=True)
ALL_ON = SupervisionConfig(
    band=BandConfig(first=0.25),
    paraphrase=ParaphraseConfig(weight=1.0),
    masking=MaskingConfig(weight=1.0),
    pseudo_labels=PseudoLabelConfig(
        weight=1.0, since=0.0, full=0.1, mode_probability=0.0, similarity=None
    ),
    modality_dropout=ModalityDropoutConfig(weight=1.0),
    balance=BalanceConfig(weight=1.0),
    coherency=CoherencyConfig(weight=1.0, strip_steps=STRIP_STEPS, every=2),
    reachability=ReachabilityConfig(weight=1.0),
)


class StraightThere:
    """A teacher of a pointer that goes straight, at 0.35 m/s."""

    def seconds(self, rows: StepTriples) -> NDArray[np.float32]:
        way = rows.goal_point[:, :, 0] - rows.proprio[:, None, :3]
        return np.asarray(np.linalg.norm(way, axis=-1) / 0.35, dtype=np.float32)


def reword(meaning: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    return squares.say(rng, meaning.ravel())


SOURCES = Sources(reword=reword, reach=StraightThere())


def trainer(config: TrainerConfig, sources: Sources | None = SOURCES) -> AlignTrainer:
    return AlignTrainer(
        config,
        corpus=squares.CORPUS,
        bodies=[squares.BODY],
        task_body=[0],
        seed=0,
        sources=sources,
    )


def strips(rng: np.random.Generator, n: int = 6) -> StripTriples:
    return StripTriples(
        strip=rng.integers(0, 255, (n, STRIP_STEPS + 1, 64, 64, 3), dtype=np.uint8),
        action=rng.normal(size=(n, STRIP_STEPS, N_ACT)).astype(np.float32),
        task=np.zeros(n, dtype=np.int64),
        seed=np.array([0, 5, 1, 2, 3, 4][:n]),
    )


def one_step(learner: AlignTrainer, seed: int, *, unlabelled: int = 0, n: int = 4) -> LossReport:
    rng = np.random.default_rng(seed)
    rows = squares.steps(rng, n)
    rows.chunk[:unlabelled] = np.nan
    texts = squares.say_all(rng, rows)
    segments: SegmentTriples | None = squares.segments(rng, n)
    assert segments is not None
    said = squares.say(rng, segments.meaning)
    seen = strips(rng) if learner.wants_strips else None
    if not learner.wants_segments:
        segments, said = None, []
    return learner.step(rows, texts, segments, said, strips=seen)


def with_all(**changed: Any) -> TrainerConfig:
    return replace(PLAIN, supervision=ALL_ON, model=HEADS, **changed)


@pytest.mark.parametrize("reconciling", ["fixed", "pcgrad"])
def test_every_kind_is_taken_is_finite_and_teaches(reconciling: str) -> None:
    learner = trainer(with_all(reconciling=RECONCILERS[reconciling]))
    learner.set_progress(0.2)
    before = {name: p.clone() for name, p in learner.model.named_parameters()}
    report = one_step(learner, 0, unlabelled=2)
    assert set(ALL_ON.of_terms) <= report.terms.keys()
    assert all(np.isfinite(v) for v in (*report.terms.values(), *report.report.values()))
    for head in ("reach.", "motion."):
        after = {n: p for n, p in learner.model.named_parameters() if n.startswith(head)}
        assert any(not torch.equal(p, before[n]) for n, p in after.items()), head
    watched = {
        *("chunk_moved_by_paraphrase", "chunk_moved_by_other_goal", "pseudo_labels_passed"),
        *("modality_entropy", "va_coherence", "va_noise_line", "va_delay_s", "reach_time_error_s"),
    }
    assert watched <= report.report.keys()


def test_every_kind_belongs_to_a_group_of_surgery() -> None:
    grouped = {name for group in GROUPS.values() for name in group}
    assert set(ALL_ON.of_terms) <= grouped


def test_heads_that_nobody_asks_leave_all_other_weights_as_they_were() -> None:
    plain, with_heads = trainer(PLAIN), trainer(replace(PLAIN, model=HEADS))
    for learner in (plain, with_heads):
        one_step(learner, 0)
    heads = with_heads.model.state_dict()
    assert all(torch.equal(v, heads[k]) for k, v in plain.model.state_dict().items())
    assert any(k.startswith("reach.") for k in heads.keys() - plain.model.state_dict().keys())


def test_a_resumed_run_has_the_same_losses_to_the_last_bit() -> None:
    learner = trainer(with_all())
    for seed in range(2):
        learner.set_progress(0.1 + 0.1 * seed)
        one_step(learner, seed, unlabelled=1)
    state = learner.state()

    def go_on(run: AlignTrainer) -> list[LossReport]:
        run.set_progress(0.3)
        return [one_step(run, seed, unlabelled=1) for seed in range(2, 5)]

    other = trainer(with_all())
    other.load_state(state)
    assert go_on(learner) == go_on(other)


def test_heads_travel_with_a_checkpoint(tmp_path: Any) -> None:
    learner = trainer(replace(PLAIN, model=HEADS))
    save_checkpoint(tmp_path, learner.model, task_body=[0])
    loaded = load_checkpoint(tmp_path).model
    assert loaded.config == learner.model.config
    assert loaded.reach is not None and loaded.motion is not None


def test_watching_alone_reports_and_teaches_nothing() -> None:
    watch = SupervisionConfig(paraphrase=ParaphraseConfig(watch=True))
    plain, watching = trainer(PLAIN), trainer(replace(PLAIN, supervision=watch))
    for k in range(2):  # what is drawn in the second step is what would have been
        reports = [one_step(learner, k) for learner in (plain, watching)]
        assert reports[0].terms == reports[1].terms
        assert k or "chunk_moved_by_paraphrase" in reports[1].report
    assert torch.equal(plain.generator.get_state(), watching.generator.get_state())
    state = watching.model.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in plain.model.state_dict().items())


def test_where_no_picture_has_another_goal_nothing_is_said_of_one() -> None:
    watch = SupervisionConfig(paraphrase=ParaphraseConfig(watch=True))
    rng = np.random.default_rng(0)
    rows = squares.steps(rng, 2)
    alone = replace(rows, meaning=np.zeros_like(rows.meaning))
    for given, said in ((rows, True), (alone, False)):
        report = trainer(replace(PLAIN, supervision=watch)).step(given, squares.say_all(rng, given))
        assert "chunk_moved_by_paraphrase" in report.report
        assert ("chunk_moved_by_other_goal" in report.report) == said


@pytest.mark.slow
def test_paraphrases_come_to_mean_the_same_and_other_goals_do_not() -> None:
    def moved(weight: float) -> tuple[float, float]:
        kind = ParaphraseConfig(weight=weight, every=1, watch=True)
        config = replace(
            PLAIN, supervision=SupervisionConfig(paraphrase=kind), freeze_text_after=1.0
        )
        learner, rng, n = trainer(config), np.random.default_rng(0), 40
        reports = []
        for step in range(n):
            learner.set_progress(step / n)
            rows = squares.steps(rng, 8)
            reports.append(learner.step(rows, squares.say_all(rng, rows)).report)
        names = ("chunk_moved_by_paraphrase", "chunk_moved_by_other_goal")
        own, other = (float(np.mean([r[name] for r in reports[-12:]])) for name in names)
        return own, other

    (own, other), (plain_own, _) = moved(4.0), moved(0.0)
    assert own < 0.8 * plain_own
    assert other > 1.5 * own, "not by ignoring language"


def test_pseudo_labels_need_a_gate_to_be_passed_and_rows_without_actions() -> None:
    def passed(**settings: Any) -> LossReport:
        kind = PseudoLabelConfig(weight=1.0, since=0.0, full=0.1, **settings)
        learner = trainer(replace(PLAIN, supervision=SupervisionConfig(pseudo_labels=kind)))
        learner.set_progress(0.5)
        return one_step(learner, 0, unlabelled=2)

    shut = passed(similarity=1.0)
    assert shut.report["pseudo_labels_passed"] == 0.0 and "pseudo_labels" not in shut.terms
    wide = passed(similarity=-1.0, mode_probability=0.0)
    assert wide.report["pseudo_labels_passed"] == 1.0 and wide.terms["pseudo_labels"] > 0.0
    kind = PseudoLabelConfig(weight=1.0, since=0.0, full=0.1)
    learner = trainer(replace(PLAIN, supervision=SupervisionConfig(pseudo_labels=kind)))
    learner.set_progress(0.5)
    assert "pseudo_labels" not in one_step(learner, 0).terms, "all rows have their actions"


def test_strips_without_motion_are_left_out_and_said_to_be() -> None:
    config = replace(PLAIN, supervision=SupervisionConfig(coherency=ALL_ON.coherency), model=HEADS)
    learner, rng = trainer(config), np.random.default_rng(0)
    rows = squares.steps(rng, 2)
    still = replace(strips(rng), action=np.full((6, STRIP_STEPS, N_ACT), 0.5, np.float32))
    report = learner.step(rows, squares.say_all(rng, rows), strips=still)
    assert "coherency" not in report.terms and "va_coherence" not in report.report


def test_a_strip_that_is_drawn_twice_is_measured_once() -> None:
    """Two of the very same are coherent in everything, noise too."""
    watch = SupervisionConfig(coherency=replace(ALL_ON.coherency, weight=0.0, watch=True))
    rng = np.random.default_rng(0)
    rows, drawn = squares.steps(rng, 2), strips(rng)
    texts = squares.say_all(rng, rows)

    def measured(places: list[int]) -> dict[str, float]:
        mine = StripTriples(**{name: value[places] for name, value in vars(drawn).items()})
        learner = trainer(replace(PLAIN, supervision=watch, model=HEADS))
        report = learner.step(rows, texts, strips=mine).report
        return {name: value for name, value in report.items() if name.startswith("va_")}

    assert measured([0, 0, 2, 3]) == {}, "one episode alone tells nothing"
    assert measured([0, 1, 0, 1, 1]) == measured([0, 1]) != {}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reachability": ReachabilityConfig(weight=1.0)}, "model.reach = True"),
        ({"coherency": CoherencyConfig(watch=True)}, "model.motion = True"),
        ({"balance": BalanceConfig(weight=1.0)}, "weights.contrast_step is 0"),
        ({"pseudo_labels": PseudoLabelConfig(weight=1.0)}, "set similarity to None"),
    ],
)
def test_what_nothing_would_teach_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        TrainerConfig(supervision=SupervisionConfig(**changed))
    without_words = replace(Weights(), contrast_vl=0.0)
    with pytest.raises(BadConfig, match="where everything is the same"):
        TrainerConfig(
            weights=without_words, supervision=SupervisionConfig(masking=MaskingConfig(weight=1.0))
        )


def test_who_is_not_there_cannot_be_asked() -> None:
    for kind, needed in (("paraphrase", "says a meaning"), ("reachability", "knows the limits")):
        own = SupervisionConfig(**{kind: getattr(ALL_ON, kind)})
        with pytest.raises(BadConfig, match=needed):
            trainer(replace(PLAIN, supervision=own, model=HEADS), sources=None)


def test_a_band_of_no_frequency_is_refused() -> None:
    with pytest.raises(BadConfig, match="low_hz has to be less"):
        CoherencyConfig(low_hz=1.0, high_hz=1.0)
    with pytest.raises(BadConfig, match="take 20 steps or more"):
        CoherencyConfig(strip_steps=16).check_rate("panda", 0.05)
    CoherencyConfig().check_rate("panda", 0.05)
