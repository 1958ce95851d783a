"""What two results allow to be said, and what they do not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from vla_sim.errors import BadConfig, ProtocolMismatch
from vla_sim.eval.body import Body
from vla_sim.eval.comparison import ALL, compare
from vla_sim.eval.report import numbers
from vla_sim.eval.rows import row_of
from vla_sim.eval.sentences import points, sentence, the_set, verdict
from vla_sim.eval.sequential import Decision
from vla_sim.eval.sign_flip import sign_flip
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import Estimate

Make = Callable[..., Episode]
Run = Callable[..., list[EpisodeRow]]


@pytest.fixture
def run(episode: Make, body: Body) -> Run:
    """Rows of two tasks that succeed on the seeds that are told, and get `progress` otherwise."""
    rows = {
        task_id: row_of(episode(task_id=task_id, success=False), body) for task_id in ("a", "b")
    }

    def made(hits: set[int], n: int = 30, progress: float = 0.5) -> list[EpisodeRow]:
        return [
            replace(
                row,
                spec=replace(row.spec, seed=seed),
                metrics={**row.metrics, "success_at_end": float(seed in hits)},
                progress=1.0 if seed in hits else progress,
            )
            for row in rows.values()
            for seed in range(n)
        ]

    return made


def test_better_is_said_only_where_the_test_rejected(run: Run) -> None:
    comparison = compare({"new": run(set(range(25))), "old": run(set(range(10)))})
    (overall,) = comparison.overall
    assert overall.difference.value == pytest.approx(0.5)
    assert overall.difference.n == 60
    assert overall.is_shown(0.05)
    said = sentence(overall, alpha=0.05)
    assert said.startswith("new is better than old: success 83.3 % against 33.3 %, +50.0 points")
    turned = compare({"old": run(set(range(10))), "new": run(set(range(25)))}).overall[0]
    assert sentence(turned, alpha=0.05) == said


def test_a_difference_that_is_not_shown_says_what_it_would_take(run: Run) -> None:
    comparison = compare({"new": run(set(range(12))), "old": run(set(range(10)))})
    (overall,) = comparison.overall
    assert not overall.is_shown(0.05)
    said = sentence(overall, alpha=0.05)
    assert said.startswith("new and old are not shown to differ: success 40.0 % against 33.3 %")
    assert "better" not in said
    assert overall.needed is not None
    assert overall.needed > 60
    assert f"it would take about {overall.needed} episodes" in said
    # Beside others the same difference is held to a stricter test, and takes more.
    other = compare({"new": run(set(range(12))), "old": run(set(range(10))), "c": run({1})})
    assert other.overall[0].difference == overall.difference
    assert other.overall[0].needed is not None
    assert other.overall[0].needed > overall.needed
    equal = compare({"new": run({1, 2}), "old": run({2, 1})}).overall[0]
    assert "no number of episodes" in sentence(equal, alpha=0.05)


def test_no_difference_has_no_minus() -> None:
    none = Estimate(value=-0.0, n=9, low=-0.0004, high=0.1)
    assert points(none) == "+0.0 points [+0.0, +10.0]"
    assert numbers.points(-0.0) == "+0.0 pp" and numbers.points(-0.05) == "−5.0 pp"


def test_several_are_tested_with_holm_and_the_best_are_a_set(run: Run) -> None:
    results = {"a": run(set(range(26))), "b": run(set(range(24))), "c": run(set(range(8)))}
    comparison = compare(results)
    assert comparison.best == "a"
    assert comparison.not_told == ("a", "b")
    assert the_set(comparison) == "cannot be told from the best: a and b; worse: c"
    assert len(comparison.overall) == 3
    assert len(comparison.by_task) == 6
    assert all(c.adjusted_p >= c.p_value for c in comparison.overall)
    assert {c.task_id for c in comparison.by_task} == {"a", "b"}
    assert {c.task_id for c in comparison.overall} == {ALL}
    alone = compare({"a": run(set(range(26))), "c": run(set(range(8)))})
    assert the_set(alone) == "a is better than all others"


def test_graded_progress_sees_what_success_does_not(run: Run) -> None:
    far, near = run(set(), progress=0.7), run(set(), progress=0.4)
    assert not compare({"far": far, "near": near}).overall[0].is_shown(0.05)
    (overall,) = compare({"far": far, "near": near}, outcome="progress").overall
    assert overall.difference.value == pytest.approx(0.3)
    assert overall.is_shown(0.05)
    assert sentence(overall, alpha=0.05).startswith("far is better than near: progress 70.0 %")


def test_what_cannot_be_compared_is_refused(run: Run) -> None:
    with pytest.raises(BadConfig, match="two results or more"):
        compare({"a": run({1})})
    with pytest.raises(ProtocolMismatch, match="b has 10 episodes that not all others have"):
        compare({"a": run({1}, n=25), "b": run({1}, n=30)})
    assert compare({"a": run({1}, n=25), "b": run({1}, n=30)}, partly=True).overall[0]
    with pytest.raises(BadConfig, match=r"4 pairs .* too few.* takes 6 at least"):
        compare({"a": run({1}, n=2), "b": run({1}, n=2)})
    with pytest.raises(BadConfig, match="no episodes of the arm 'empty'; it has correct"):
        compare({"a": run({1}), "b": run({1})}, arm="empty")
    with pytest.raises(BadConfig, match="alpha is 2"):
        compare({"a": run({1}), "b": run({1})}, alpha=2.0)


def test_the_verdict_says_which_end_a_sequential_test_came_to() -> None:
    told = partial(verdict, first="a", second="b", alpha=0.05, cap=100)
    decided = Decision(side="worse", n_pairs=23, e_value=31.4)
    said = told(decided, outcome="success")
    assert said.startswith("a is worse than b on success: decided after 23 pairs (e = 31.4")
    open_ = Decision(side="", n_pairs=100, e_value=2.0)
    said = told(open_, outcome="progress")
    assert said.startswith("a and b are not shown to differ on progress: undecided after 100")


def test_sign_flips_turn_round_and_agree_beyond_what_is_gone_through() -> None:
    x = np.random.default_rng(0).normal(0.3, 1.0, 16)
    assert sign_flip(x) == sign_flip(-x)
    assert sign_flip(np.append(x, 0.0)) == sign_flip(x)
    assert sign_flip(np.append(x, 1e-9)) == pytest.approx(sign_flip(x), abs=0.02)
    assert sign_flip([0.0, 0.0]) == 1.0
    with pytest.raises(BadConfig, match="needs differences"):
        sign_flip([])
