"""Everything that a report says, it says in both languages; several results stand on one page."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.eval.synthetic_run import synthetic_run
from vla_sim.envs.axes import AXES
from vla_sim.envs.language.arms import ARMS
from vla_sim.errors import BadConfig, ProtocolMismatch
from vla_sim.eval.body import Body
from vla_sim.eval.comparison import compare
from vla_sim.eval.failures import FAILURE_KINDS
from vla_sim.eval.protocol import OWN_TASK, Protocol, require_same, require_same_tasks
from vla_sim.eval.report import render
from vla_sim.eval.report.change import Change
from vla_sim.eval.report.chinese import CHINESE
from vla_sim.eval.report.content import Clip, Practice, ReportInput
from vla_sim.eval.report.episodes import episode_table
from vla_sim.eval.report.render import render_report
from vla_sim.eval.report.together import Together
from vla_sim.eval.report.translation import both, chinese_of
from vla_sim.eval.rows import row_of
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.manner import MANNERS

Make = Callable[..., Episode]
_PART = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def rows(episode: Make, body: Body) -> tuple[EpisodeRow, ...]:
    made = row_of(episode(), body)
    kinds = ("", "collision", "timeout_far")
    return tuple(
        replace(
            made,
            spec=replace(made.spec, seed=k),
            failure=kinds[k % 3],
            metrics={**made.metrics, "success_at_end": float(k % 3 == 0)},
        )
        for k in range(24)
    )


@pytest.fixture(scope="module")
def whole(episode: Make, body: Body, rows: tuple[EpisodeRow, ...]) -> ReportInput:
    content = synthetic_run(episode, body)
    row = {"env_steps": 1000.0, "elapsed_s": 9.0, "return": 0.1, "success": 0.5, "held_out": 0.6}
    practice = Practice(
        rows=({**row, "share/collision": 0.1, "price/collision": 0.2},),
        window=100,
        steps_to_80=None,
        kept_at=0,
        unmeasured="This run holds no measurement before practice, so what practice changed "
        "cannot be said; `vla-sim finetune` with --episodes above 0 makes both.",
    )
    better = tuple(replace(r, metrics={**r.metrics, "success_at_end": 1.0}) for r in rows)
    change = Change(
        before=rows,
        after=better,
        comparison=compare({"after": better, "before": rows}),
        not_filmed="it is gone",
    )
    clip = Clip(place=1, gif=b"GIF89a")
    return replace(
        content,
        name="mine",
        practice=practice,
        change=change,
        rows=rows,
        clips=(clip,),
        sheet=b"\x89PNG",
    )


def test_every_text_has_its_translation(
    whole: ReportInput, rows: tuple[EpisodeRow, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(text: object) -> str:
        asked.append(re.sub(r"\s+", " ", str(text)).strip())
        return str(both(text))

    # Templates compiled anew: those that were keep what was said of their constants.
    monkeypatch.setattr(render, "_ENVIRONMENT", render._ENVIRONMENT.overlay())
    monkeypatch.setitem(render._ENVIRONMENT.filters, "both", noted)
    worse = tuple(
        replace(row, metrics={**row.metrics, "success_at_end": 0.0}, failure="collision")
        for row in rows
    )
    together = Together(comparison=compare({"mine": rows, "other": worse}))
    other = replace(whole, name="other", rows=worse)
    assert "mine" in render_report(whole, other, title="Closed loop of vla-sim", together=together)
    assert len(asked) > 200
    spoken = {text for text in asked if re.search(r"[A-Za-z]{2}", text)}
    # Names of tasks, results, losses and policies, quantities, and what the run itself wrote.
    names = r"[\w.-]+-v\d+|mine|other|SPL|R@\d+|MRR|nDCG@10|[VLA+ ]+→.*|[VLA] – [VLA]"
    outside = rf"{names}|[−\d.]+ (nat|m/s³|pp|s)"
    missing = {t for t in spoken if chinese_of(t) is None and not re.fullmatch(outside, t)}
    own = {whole.title, "it is gone"} | {e.verdict for e in whole.failures}
    assert missing - own - {film.outcome for film in whole.films} <= {"failure"}


def test_all_that_a_row_may_hold_can_be_said() -> None:
    kinds = [kind.replace("_", " ") for kind in FAILURE_KINDS]
    arms = [arm.replace("_", " ") for arm in ARMS]
    axes = [f"{axis} 2" for axis in AXES]
    for text in (*kinds, *FAILURE_KINDS.values(), *arms, *axes, *MANNERS):
        assert chinese_of(text), text


def test_every_reason_why_results_are_not_compared_has_its_translation(
    rows: tuple[EpisodeRow, ...],
) -> None:
    def moved(by: int) -> list[EpisodeRow]:
        return [replace(row, spec=replace(row.spec, seed=row.spec.seed + by)) for row in rows]

    told = f"{OWN_TASK}mine:T"
    one = Protocol(
        name="p",
        tasks=("t",),
        first_seed=0,
        n_episodes=1,
        renderer="",
        engine="",
        image_size=(8, 8),
    )
    refusals: list[Callable[[], object]] = [
        lambda: compare({"a": rows[:1], "b": rows[:1]}),
        lambda: compare({"a": rows, "b": moved(10_000)}),
        lambda: compare({"a": rows, "b": rows}, arm="nobody's"),
        lambda: require_same(one, replace(one, first_seed=1)),
        lambda: require_same_tasks(one.stamp, {told: "C(a=1, b=2)"}, {told: "C(a=1, b=3)"}),
    ]
    for refuses in refusals:
        with pytest.raises((BadConfig, ProtocolMismatch)) as why:
            refuses()
        assert chinese_of(str(why.value)), str(why.value)
    assert "since mine:T differs: b=2) against b=3)." in str(why.value)


def test_translations_keep_what_they_are_given() -> None:
    for english, chinese in CHINESE.items():
        assert set(_PART.findall(english)) == set(_PART.findall(chinese)), english
        assert chinese.strip() == chinese
    said = "It met the condition, but did not keep it. Limits broken on the way: jerk."
    assert chinese_of(said) == "达到过条件，但没有保持住。途中违反的限值：加加速度。"
    assert chinese_of("success 81.2 %, R@10 9.0 % (chance 3.1 %): first report") == (
        "成功 81.2 %，R@10 9.0 %（随机 3.1 %）：第一次评估"
    )
    assert chinese_of("Reach-v1") is None
    assert str(both("<b>")) == "&lt;b&gt;"
    assert "<i>" not in both("seed <i>")


def test_places_of_several_results_are_told_apart(whole: ReportInput) -> None:
    html = render_report(whole, replace(whole, name="other"), together=Together(refused="no"))
    ids = re.findall(r' id="([\w-]+)"', html)
    assert len(ids) == len(set(ids))
    drawn = re.findall(r'"id": "([\w-]+)"', html.split('id="charts-data">')[1])
    assert set(drawn) <= set(ids)
    assert {"curves", "2-curves", "2-verdict", "together"} <= set(ids)
    assert "not compared" in html
    assert "Paired differences" not in html
    column = f'<th scope="col">{both("Result")}</th>'
    assert column in html
    first = replace(whole, change=None)
    alone = render_report(first, replace(first, name="other", rows=(), clips=()))
    assert column not in alone, "rows of one result name it nowhere"


def test_the_table_of_episodes_holds_every_row(rows: tuple[EpisodeRow, ...]) -> None:
    table = episode_table({"a": rows, "b": rows[:3]})
    assert table["n"] == 27
    assert table["place"] == [*range(24), *range(3)]
    failure = table["filters"]["failure"]
    told = [failure["names"][k] for k in failure["of"]]
    assert told == [row.failure.replace("_", " ") or "success" for row in (*rows, *rows[:3])]
    assert table["filters"]["result"]["names"] == ["a", "b"]
    assert {len(f["of"]) for f in table["filters"].values()} == {27}
    assert table["seed"][23] == 23
