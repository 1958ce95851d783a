"""What practice changed: said where it was shown, and by the numbers of the same episodes."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from vla_sim.eval.body import Body
from vla_sim.eval.comparison import compare
from vla_sim.eval.report.change import ANY_LIMIT, Change, Moved, pairs_of
from vla_sim.eval.report.change_tables import (
    change_sentences,
    moved_table,
    success_change_table,
)
from vla_sim.eval.report.content import Practice
from vla_sim.eval.report.practice_chart import practice_curves
from vla_sim.eval.rows import row_of
from vla_sim.eval.statistics import paired_difference
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.manner import MANNERS

Make = Callable[..., Episode]
N = 40
TASKS = ("vla_sim/Lift-v1", "vla_sim/Reach-v1")


@pytest.fixture(scope="module")
def row(episode: Make, body: Body) -> EpisodeRow:
    return row_of(episode(), body)


def rows(
    row: EpisodeRow, success: Sequence[bool], collides: Sequence[bool] = (), time_s: float = 3.0
) -> tuple[EpisodeRow, ...]:
    """Episodes of two tasks in turn, with what is given of each."""
    hits = collides or [False] * len(success)
    return tuple(
        replace(
            row,
            spec=replace(
                row.spec, seed=k, task_id=TASKS[k % 2], manner=MANNERS[k // 2 % len(MANNERS)]
            ),
            metrics={
                **row.metrics,
                "success_at_end": float(done),
                "manner_kept": float(done) if k % 4 else np.nan,
                "time_s": time_s + 0.01 * k,
            },
            violations={"collision": 3 * int(hit), "jerk": 0},
        )
        for k, (done, hit) in enumerate(zip(success, hits, strict=True))
    )


def change(before: Sequence[EpisodeRow], after: Sequence[EpisodeRow]) -> Change:
    return Change(
        before=tuple(before),
        after=tuple(after),
        comparison=compare({"after": after, "before": before}),
    )


def by_name(moved: Sequence[Moved]) -> dict[str, Moved]:
    return {one.name: one for one in moved}


def test_nothing_changed_is_nothing_said(row: EpisodeRow) -> None:
    same = rows(row, [k % 3 > 0 for k in range(N)], [k % 5 == 0 for k in range(N)])
    found = change(same, same)
    assert (found.gained, found.lost) == (0, 0)
    for moved in (*found.limits, *found.motion):
        assert moved.difference.value == 0 and moved.verdict == 0 and moved.adjusted_p == 1.0
    said = " ".join(change_sentences(found))
    assert "not shown to differ" in said and "is better than" not in said
    assert "No single task is shown" in said and "No limit is shown" in said


def test_the_numbers_are_those_of_the_pairs_in_any_order(row: EpisodeRow) -> None:
    rng = np.random.default_rng(3)
    was, now = rng.random(N) < 0.4, rng.random(N) < 0.9
    hit_was, hit_now = rng.random(N) < 0.1, rng.random(N) < 0.8
    before = rows(row, was.tolist(), hit_was.tolist())
    after = rows(row, now.tolist(), hit_now.tolist(), time_s=2.0)
    found = change(before, after[::-1])
    assert found.gained == int((~was & now).sum()) and found.lost == int((was & ~now).sum())
    limits, motion = by_name(found.limits), by_name(found.motion)
    assert limits["collision"].difference == paired_difference(hit_now, hit_was)
    assert limits[ANY_LIMIT].difference == limits["collision"].difference
    assert found.unbroken == ("jerk",) and "jerk" not in limits
    assert limits["collision"].verdict == -1, "more collisions are worse"
    assert motion["time_s"].difference.value == pytest.approx(-1.0)
    assert motion["time_s"].verdict == 1, "less time is better"
    asked = np.arange(N) % 4 > 0
    assert motion["manner_kept"].difference == paired_difference(now[asked], was[asked])
    assert motion["manner_kept"].difference.n == sum(
        motion[f"manner_kept/{manner}"].difference.n for manner in MANNERS
    )
    said = " ".join(change_sentences(found))
    assert "after is better than before: success" in said
    assert f"Of {N} scenes, {found.gained} that failed before succeed now" in said
    assert "Shown to be better: Lift-v1, Reach-v1." in said
    assert "Limits broken more often than before: collision, any of them." in said


def test_a_task_that_got_worse_is_named_beside_one_that_got_better(row: EpisodeRow) -> None:
    before = rows(row, [k % 2 == 0 for k in range(N)])
    after = rows(row, [k % 2 == 1 for k in range(N)])
    found = change(before, after)
    said = change_sentences(found)
    assert "Shown to be better: Reach-v1." in said and "Shown to be worse: Lift-v1." in said
    table = success_change_table(found)
    assert table is not None
    tones = {title: cells[2].tone for title, cells in table.rows}
    assert tones == {"All tasks": "", "Lift-v1": "bad", "Reach-v1": "good"}
    turned = {title: (cells[3].text, cells[4].text) for title, cells in table.rows}
    assert turned == {"All tasks": ("20", "20"), "Lift-v1": ("0", "20"), "Reach-v1": ("20", "0")}


def test_only_the_true_instruction_counts_and_only_what_both_have(row: EpisodeRow) -> None:
    every = rows(row, [True] * N)
    other = replace(every[0], spec=replace(every[0].spec, arm="swapped"))
    pairs = pairs_of([*every, other], [*every[::-1][:10], other])
    assert [now.spec.seed for _, now in pairs] == sorted(
        range(N - 10, N), key=lambda k: (TASKS[k % 2], k)
    )
    assert all(was.pair_key == now.pair_key for was, now in pairs)


def test_a_refused_comparison_says_nothing(row: EpisodeRow) -> None:
    every = rows(row, [True] * 4)
    found = Change(before=every, after=every, comparison=None, refused="too few")
    assert change_sentences(found) == [] and success_change_table(found) is None
    assert moved_table(found.limits).rows == () and found.unbroken == ("collision", "jerk")


def test_the_curve_shows_what_it_holds(row: EpisodeRow) -> None:
    rows_of_curve = tuple(
        {
            "env_steps": 1000.0 * k,
            "elapsed_s": float(k),
            **({"success": 0.1 * k} if k > 1 else {}),
            **({"held_out": 0.5, "held_out/Park": 0.25} if k % 4 == 0 else {}),
            "share/collision": 0.2,
            "price/collision": 1.5,
        }
        for k in range(1, 9)
    )
    practice = Practice(rows=rows_of_curve, window=100, steps_to_80=8000, kept_at=4000)
    found = change(rows(row, [False] * N), rows(row, [True] * N))
    success, _, tasks, shares, prices = practice_curves(practice, found.comparison)
    drawn = {line["name"]: line["y"] for line in success["data"]}
    assert drawn["Success in training"][0] is None
    assert drawn["Success in training"][1] == pytest.approx(20.0)
    assert [y for y in drawn["Success on held-out scenes"] if y is not None] == [50.0, 50.0]
    assert drawn["Benchmark before"] == [0.0, 0.0] and drawn["Benchmark after"] == [100.0, 100.0]
    marks = [note["text"] for note in success["layout"]["annotations"]]
    assert marks == ["<b>80 % after 8,000 steps</b>", "<b>kept: after 4,000 steps</b>"]
    (park,) = tasks["data"]
    assert park["name"] == "Park" and [y for y in park["y"] if y is not None] == [25.0, 25.0]
    assert shares["data"][0]["y"][0] == pytest.approx(20.0)
    assert prices["data"][0]["y"][0] == 1.5
    plain = Practice(rows=({"env_steps": 1.0, "elapsed_s": 1.0},), window=100, steps_to_80=None)
    assert [chart["id"] for chart in practice_curves(plain)] == [
        "practice-success",
        "practice-return",
    ]
