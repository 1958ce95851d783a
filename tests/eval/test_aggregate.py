"""Reports do not depend on order, pair their arms, and survive the disk."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from vla_sim.errors import BadConfig, DamagedFile, UnknownName
from vla_sim.eval.aggregate import eval_report, overall_rate, task_report
from vla_sim.eval.body import Body
from vla_sim.eval.language_gain import language_gain, language_gains
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.protocol import Protocol
from vla_sim.eval.report_file import from_json, to_json
from vla_sim.records.episode import Episode
from vla_sim.records.reports import EvalReport, RetrievalReport

Make = Callable[..., Episode]
PROTOCOL = Protocol(
    name="p",
    tasks=("a", "b"),
    first_seed=0,
    n_episodes=10,
    arms=("correct", "swapped"),
    renderer="raycast 1",
    engine="mujoco 4.0.0",
    image_size=(96, 96),
)


def full(episode: Make, body: Body) -> EvalReport:
    """Two tasks, two arms, ten seeds; the words decide on nine."""
    episodes = [
        episode(task_id=task, arm=arm, seed=seed, success=(arm == "correct") == (seed > 0))
        for task in ("a", "b")
        for arm in ("correct", "swapped")
        for seed in range(10)
    ]
    return eval_report(
        episodes,
        {"a": body, "b": body},
        protocol=PROTOCOL,
        step=7,
        elapsed_s=12.5,
        retrieval=RetrievalReport(gallery_size=9, values={"V->L/R@1": 1 / 3}, chance={}),
        run_card={"说": "话"},
    )


def test_a_report_holds_every_metric_with_its_n(episode: Make, body: Body) -> None:
    report = full(episode, body)
    assert [(t.task_id, t.arm) for t in report.tasks] == [
        ("a", "correct"),
        ("a", "swapped"),
        ("b", "correct"),
        ("b", "swapped"),
    ]
    for task in report.tasks:
        undefined = {"overtake_order", "collision_delta_v"}  # of what nobody overtook or hit
        assert METRICS.keys() - undefined == METRICS.keys() & (
            task.rates.keys() | task.means.keys()
        )
        assert {"violation/jerk", "manner_kept/normal", "comfortable/normal"} <= task.rates.keys()
        assert {"violation_steps/jerk", "typical_speed/normal"} <= task.means.keys()
        assert "manner_kept/slowly" not in task.rates
        assert task.rates["success_at_end"].n == 10
        assert task.guess_rate == 0.25
    overall = overall_rate(report, "success_at_end")
    assert overall is not None
    assert (overall.value, overall.n) == (0.9, 20)
    assert overall_rate(report, "success_at_end", "empty") is None


def test_gains_are_paired_by_seed(episode: Make, body: Body) -> None:
    gains = full(episode, body).gains
    assert gains.keys() == {"a/swapped", "b/swapped", "all/swapped"}
    assert gains["all/swapped"].value == pytest.approx(0.8)
    assert (gains["all/swapped"].n, gains["a/swapped"].n) == (20, 10)
    assert 0.3 < gains["all/swapped"].low < 0.8 < gains["all/swapped"].high


def test_a_policy_that_ignores_words_gains_nothing(episode: Make) -> None:
    correct = [episode(seed=s, success=s % 2 == 0) for s in range(40)]
    empty = [replace(e, spec=replace(e.spec, arm="empty")) for e in correct]
    gain = language_gain(correct, empty)
    assert gain.difference.value == 0.0
    assert gain.difference.low < 0.0 < gain.difference.high
    assert gain.p_value == 1.0


def test_arms_pair_across_languages_and_refuse_strangers(episode: Make) -> None:
    english = [episode(seed=s) for s in range(5)]
    chinese = [episode(seed=s, language="zh", success=False) for s in range(5)]
    assert language_gain(english, chinese).difference.value == 1.0
    with pytest.raises(BadConfig, match="share no"):
        language_gain(english, [episode(seed=99)])
    with pytest.raises(BadConfig, match="twice"):
        language_gain(english + english, chinese)


def test_a_list_that_asks_for_a_scene_in_two_languages_still_has_a_report(episode: Make) -> None:
    correct = [episode(seed=1), episode(seed=1, language="zh"), episode(seed=2)]
    control = [episode(seed=s, arm="empty", language="zh", success=False) for s in (2, 3)]
    assert language_gains([*correct, *control])["all/empty"].difference.n == 1


def test_order_does_not_matter(episode: Make, body: Body) -> None:
    rng = np.random.default_rng(0)
    episodes = [
        episode(seed=s, manner=("slowly", "quickly")[s % 2], expert_path_length_m=0.1 + 0.01 * s)
        for s in range(12)
    ]
    shuffled = [episodes[i] for i in rng.permutation(12)]
    assert task_report(episodes, {"vla_sim/Reach-v1": body}) == task_report(
        shuffled, {"vla_sim/Reach-v1": body}
    )


def test_undefined_values_leave_n_and_never_reach_a_mean(episode: Make, body: Body) -> None:
    moving, still = episode(seed=0), episode(np.zeros(9), seed=1, success=False)
    report = task_report([moving, still], {"vla_sim/Reach-v1": body})
    assert report.means["typical_speed"].n == 1
    assert report.means["spl"].n == 2
    assert "typical_speed" not in task_report([still], {"vla_sim/Reach-v1": body}).means


def test_a_chain_is_guessed_instruction_by_instruction(episode: Make, body: Body) -> None:
    one = episode()
    chain = replace(one, spec=replace(one.spec, n_instructions=3))
    assert task_report([chain], {"vla_sim/Reach-v1": body}).guess_rate == 0.25**3


def test_what_cannot_be_reported_is_named(episode: Make, body: Body) -> None:
    with pytest.raises(UnknownName, match="Reach"):
        task_report([episode()], {"vla_sim/Lift-v1": body})
    with pytest.raises(BadConfig, match="one task under one arm"):
        task_report([], {"vla_sim/Reach-v1": body})
    with pytest.raises(BadConfig, match="one task under one arm"):
        task_report([episode(), episode(arm="empty")], {"vla_sim/Reach-v1": body})


def test_json_is_lossless(episode: Make, body: Body) -> None:
    report = full(episode, body)
    assert from_json(to_json(report)) == report
    bare = replace(report, retrieval=None, tasks=(), gains={})
    assert from_json(to_json(bare)) == bare


def test_json_refuses_what_is_not_finite(episode: Make, body: Body) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(replace(full(episode, body), elapsed_s=float("nan")))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', "null"])
def test_damaged_files_are_named(text: str) -> None:
    with pytest.raises(DamagedFile):
        from_json(text)


def test_a_file_with_a_missing_field_is_damaged(episode: Make, body: Body) -> None:
    read = json.loads(to_json(full(episode, body)))
    del read["tasks"][0]["rates"]["spl" if "spl" in read["tasks"][0]["rates"] else "diverged"]["n"]
    with pytest.raises(DamagedFile, match="no eval report"):
        from_json(json.dumps(read))
