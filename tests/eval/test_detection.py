"""Detectors tell apart what differs, keep their false alarms, and judge by the past alone."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import norm

from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.eval.detection.auroc import auroc, auroc_within
from vla_sim.eval.detection.conformal import conformal_threshold
from vla_sim.eval.detection.detector import EARLY, KINDS, Detector, TracedEpisode, features
from vla_sim.records.signals import SIGNALS

TASK = "vla_sim/Reach-v1"


def test_auroc_is_the_chance_of_the_right_order() -> None:
    assert auroc([1, 2, 3, 4], [False, False, True, True]).value == 1.0
    assert auroc([1, 1, 1, 1], [False, False, True, True]).value == 0.5
    assert auroc([3, 1, 2], [True, False, True]).value == 1.0
    rng = np.random.default_rng(0)
    scores, positive = rng.normal(size=60), rng.integers(0, 2, 60).astype(bool)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[~positive]]
    found = auroc(scores, positive)
    assert found.value == pytest.approx(np.mean(pairs))
    assert found.low < found.value < found.high and found.n == 60
    with pytest.raises(BadConfig, match="both kinds"):
        auroc([1.0, 2.0], [True, True])
    with pytest.raises(BadConfig, match="finite"):
        auroc([1.0, np.nan], [True, False])


def test_within_groups_what_groups_differ_by_tells_nothing() -> None:
    rng = np.random.default_rng(4)
    group = np.repeat(["often", "seldom", "never"], 400)
    positive = rng.random(1200) < np.repeat([0.5, 0.05, 0.0], 400)
    base = np.repeat([1.0, 0.0, -1.0], 400)
    assert auroc(base, positive).value > 0.8
    by_group = auroc_within(base, positive, list(group))
    assert by_group is not None and by_group.value == 0.5
    seen = base + 0.1 * (rng.normal(size=1200) + 2.2 * positive)
    within = auroc_within(seen, positive, list(group))
    assert within is not None and within.n == 800
    assert within.low < norm.cdf(2.2 / 2**0.5) < within.high
    one = [k for k, name in enumerate(group) if name == "often"]
    alone = auroc_within(seen[one], positive[one], ["often"] * len(one))
    assert alone is not None and alone.value == auroc(seen[one], positive[one]).value
    assert auroc_within([1.0, 2.0], [True, False], ["a", "b"]) is None
    for scores, names in (([1.0, np.nan], ["a", "a"]), ([1.0, 2.0], ["a"])):
        with pytest.raises(BadConfig, match="a finite score, a kind and a group of each"):
            auroc_within(scores, [True, False], names)


def test_an_area_of_few_is_not_known_for_certain() -> None:
    perfect = auroc([1, 2, 3, 4, 5], [False, False, False, True, True])
    assert perfect.value == perfect.high == 1.0 and perfect.low < 0.7
    worst = auroc([1, 2, 3, 4, 5], [True, True, False, False, False])
    assert worst.low == 0.0 and worst.high == pytest.approx(1.0 - perfect.low)
    # Normal scores that differ by 2.2 standard deviations: an area of 0.94.
    rng, truth, positive = np.random.default_rng(3), norm.cdf(2.2 / 2**0.5), np.arange(40) < 8
    found = [auroc(rng.normal(size=40) + 2.2 * positive, positive) for _ in range(600)]
    assert 0.93 <= np.mean([area.low <= truth <= area.high for area in found]) <= 0.99


@given(n=some.integers(9, 60), seed=some.integers(0, 99))
def test_a_conformal_threshold_lets_few_of_its_own_pass(n: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=n)
    assert (scores > conformal_threshold(scores, 0.1)).mean() <= 0.1


def test_a_conformal_threshold_is_not_rounded_up_by_binary_fractions() -> None:
    """In floating point 150 (1 - .18) lies a little above 123."""
    assert conformal_threshold(np.arange(1, 150), 0.18) == 123.0


def test_a_conformal_threshold_holds_for_the_next_one() -> None:
    rng = np.random.default_rng(0)
    passed = [rng.normal() > conformal_threshold(rng.normal(size=19), 0.1) for _ in range(4000)]
    assert 0.08 < np.mean(passed) <= 0.11  # 1 - 18 / 20
    with pytest.raises(BadConfig, match=r"8 scenes are too few .* take 9 or more"):
        conformal_threshold(np.zeros(8), 0.1)


def test_a_scene_that_was_told_twice_is_no_two_draws() -> None:
    """Five scenes in two wordings give no threshold, ten scenes give one that holds."""
    calibrated = [e for e in episodes(1) if e.success]
    five = [replace(e, scene=k // 2) for k, e in enumerate(calibrated[:10])]
    detector = Detector.learnt(episodes(0, n=80), alpha=0.1).calibrated(five)
    assert set(detector.thresholds["failure"].values()) == {None}
    trace = episodes(2)[-1].trace
    assert detector.alarms(TASK, trace, 0.1) == {}, "without a threshold nothing is said"
    twice = [replace(e, scene=k) for k, e in enumerate(calibrated[:10])] * 2
    once = Detector.learnt(episodes(0, n=80), alpha=0.1).calibrated(twice[:10])
    assert (
        Detector.learnt(episodes(0, n=80), alpha=0.1).calibrated(twice).thresholds
        == once.thresholds
    )


def episode(rng: np.random.Generator, *, success: bool, mismatch: bool = False) -> TracedEpisode:
    """Failures get restless after a while; what is not there is looked for everywhere."""
    n = int(rng.integers(12, 18)) if success else 30
    trace = rng.normal(size=(n, len(SIGNALS)))
    if not success:
        trace[4:, SIGNALS.index("inconsistency")] += 1.5
    if mismatch:
        trace[:, SIGNALS.index("thing_entropy")] += 4.0
    return TracedEpisode(
        task_id=TASK,
        scene=int(rng.integers(1 << 40)),
        trace=trace,
        decision_s=0.1,
        duration_s=0.1 * n,
        success=success and not mismatch,
        mismatch=mismatch,
    )


def episodes(seed: int, n: int = 40) -> list[TracedEpisode]:
    rng = np.random.default_rng(seed)
    return [
        *(episode(rng, success=True) for _ in range(n)),
        *(episode(rng, success=False) for _ in range(n // 2)),
        *(episode(rng, success=True, mismatch=True) for _ in range(n // 2)),
    ]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.learnt(episodes(0, n=80), alpha=0.1).calibrated(episodes(1))


def test_it_finds_what_differs_on_episodes_that_it_never_saw(detector: Detector) -> None:
    others = episodes(2, n=100)
    good = [e for e in others if e.success]
    bad = [e for e in others if not e.success and not e.mismatch]
    unfit = [e for e in others if e.mismatch]
    raised = {id(e): detector.alarms(e.task_id, e.trace, e.decision_s) for e in others}
    assert np.mean(["failure" in raised[id(e)] for e in good]) < 0.3
    assert np.mean(["failure" in raised[id(e)] for e in bad]) > 0.8
    assert np.mean(["mismatch" in raised[id(e)] for e in unfit]) > 0.9
    assert np.mean(["mismatch" in raised[id(e)] for e in good]) < 0.3
    assert all(raised[id(e)]["mismatch"] < EARLY for e in unfit if "mismatch" in raised[id(e)])


OTHER, CALM = "vla_sim/Lift-v1", "vla_sim/Park-v1"


def told_otherwise(episode: TracedEpisode) -> TracedEpisode:
    """The same of a task in which what is not there is looked for less far, and failures freeze."""
    return replace(episode, task_id=OTHER, trace=-episode.trace)


def test_each_task_has_its_own_signs() -> None:
    learnt, calibrated, others = (
        [*made, *map(told_otherwise, made)] for made in (episodes(0), episodes(1), episodes(2))
    )
    detector = Detector.learnt(learnt, alpha=0.1).calibrated(calibrated)
    for task_id in (TASK, OTHER):
        mine = [e for e in others if e.task_id == task_id]
        told = [detector.scores("mismatch", task_id, e.trace, 0.1)[-1] for e in mine]
        assert auroc(told, [e.mismatch for e in mine]).value > 0.9
        right = [e for e in mine if not e.mismatch]
        told = [detector.scores("failure", task_id, e.trace, 0.1)[-1] for e in right]
        assert auroc(told, [not e.success for e in right]).value > 0.9


def test_a_task_that_never_fails_is_judged_by_what_failures_of_others_look_like() -> None:
    calm = [replace(e, task_id=CALM) for e in episodes(4) if e.success]
    detector = Detector.learnt([*episodes(0), *calm], alpha=0.1)
    restless = episode(np.random.default_rng(5), success=False)
    easy = episode(np.random.default_rng(5), success=True)
    told = [detector.scores("failure", CALM, e.trace, 0.1)[-1] for e in (restless, easy)]
    assert told[0] > told[1] + 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_follows_from_the_past_alone(detector: Detector, kind: str) -> None:
    (chosen,) = [k for k in KINDS if k == kind]
    whole = episode(np.random.default_rng(5), success=False)
    scores = detector.scores(chosen, TASK, whole.trace, 0.1)
    for n in (1, 3, 10):
        part = detector.scores(chosen, TASK, whole.trace[:n], 0.1)
        np.testing.assert_allclose(part, scores[: len(part)])
    assert len(features(chosen, whole.trace, 0.1, detector.usual[TASK])) == len(scores)


def test_it_is_the_same_from_its_file(detector: Detector) -> None:
    read = Detector.from_json(detector.to_json(), "x.json")
    trace = episodes(3)[0].trace
    for kind in KINDS:
        assert np.array_equal(
            read.scores(kind, TASK, trace, 0.1), detector.scores(kind, TASK, trace, 0.1)
        )
    assert read.thresholds == detector.thresholds
    with pytest.raises(DamagedFile, match=r"x\.json lacks or garbles 'heads'"):
        Detector.from_json({k: v for k, v in detector.to_json().items() if k != "heads"}, "x.json")
    half = {**detector.to_json(), "prior": {}}
    with pytest.raises(DamagedFile, match="tells of some tasks in part"):
        Detector.from_json(half, "x.json")
    with pytest.raises(DamagedFile, match="reads other signals"):
        Detector.from_json({**detector.to_json(), "signals": ["luck"]}, "x.json")


def test_bad_input(detector: Detector) -> None:
    with pytest.raises(UnknownName, match="task of the detector"):
        detector.scores("failure", "vla_sim/Nowhere-v0", np.zeros((3, len(SIGNALS))), 0.1)
    unfit = [e for e in episodes(0) if e.mismatch]
    with pytest.raises(BadConfig, match=r"no episode of .* has words that fit"):
        Detector.learnt(unfit, alpha=0.1)


@pytest.mark.parametrize("success", [True, False])
def test_where_all_end_alike_failures_are_silent_and_words_are_not(*, success: bool) -> None:
    learnt, more, others = (
        [e for e in episodes(seed) if e.mismatch or e.success == success] for seed in range(3)
    )
    detector = Detector.learnt(learnt, alpha=0.1).calibrated(more)
    assert not detector.knows("failure") and detector.knows("mismatch")
    assert detector.thresholds["failure"] == {TASK: None}
    told = [detector.scores("mismatch", TASK, e.trace, 0.1)[-1] for e in others]
    assert auroc(told, [e.mismatch for e in others]).value > 0.9
    raised = [detector.alarms(TASK, e.trace, 0.1) for e in others if e.mismatch]
    assert all(set(alarms) <= {"mismatch"} for alarms in raised) and any(raised)
    assert Detector.from_json(detector.to_json(), "x.json") == detector


def test_a_task_that_never_succeeds_leaves_the_others_theirs() -> None:
    hopeless = [replace(e, task_id=CALM) for e in episodes(4) if not e.success]
    both = Detector.learnt([*episodes(0), *hopeless], alpha=0.1).calibrated(
        [*episodes(1), *hopeless]
    )
    assert both.thresholds["failure"][CALM] is None
    assert both.thresholds["failure"][TASK] is not None
    assert both.thresholds["mismatch"][CALM] is not None


def garbled(detector: Detector, where: str, what: object) -> dict[str, Any]:
    """Its file with one value replaced; `where` is the way there."""
    values: dict[str, Any] = json.loads(json.dumps(detector.to_json()))
    *way, last = where.split("/")
    inner = values
    for key in way:
        inner = inner[TASK if key == "TASK" else key]
    inner[TASK if last == "TASK" else last] = what
    return values


@pytest.mark.parametrize(
    ("where", "what", "said"),
    [
        ("heads/failure/TASK/weight", [0.0] * 5, "unequal lengths"),
        ("heads/failure/TASK/bias", float("nan"), "whose numbers are none"),
        ("heads/mismatch/TASK", {"centre": [0], "scale": [1], "weight": [0], "bias": 0}, "fit"),
        ("thresholds/failure/TASK", float("nan"), "the threshold for failure .* is no number"),
        ("usual/TASK/duration_s", 0.0, "the unit of .* is none"),
        ("usual/TASK/centre", [0.0], "no unit for each signal"),
    ],
)
def test_a_garbled_file_is_refused_when_it_is_read(
    detector: Detector, where: str, what: object, said: str
) -> None:
    with pytest.raises(DamagedFile, match=rf"x\.json.*{said}.*run `vla-sim detect` again"):
        Detector.from_json(garbled(detector, where, what), "x.json")
