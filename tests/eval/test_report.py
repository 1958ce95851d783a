"""The report is one file that needs nothing else and says what was measured."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.eval.synthetic_run import TASKS, synthetic_run
from vla_sim.errors import BadConfig, RunFolderError
from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.body import Body
from vla_sim.eval.report.charts import code_curves, loss_curves
from vla_sim.eval.report.content import Practice, ReportInput
from vla_sim.eval.report.gradient_charts import gradient_charts
from vla_sim.eval.report.numbers import percent, plain
from vla_sim.eval.report.pictures import film_uri, overlay
from vla_sim.eval.report.practice_chart import practice_curves
from vla_sim.eval.report.render import render_report, write_report
from vla_sim.eval.report.tables import manner_table, motion_table
from vla_sim.eval.report.timeline import timeline
from vla_sim.eval.report.timeline_chart import action_timeline
from vla_sim.records.episode import Episode
from vla_sim.records.manner import MANNERS

Make = Callable[..., Episode]


class Page(HTMLParser):
    """What a browser would load, link to, and show."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.anchors: list[str] = []
        self.shown: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster") and value:
                (self.anchors if value.startswith("#") else self.loads).append(value)
            if name == "id" and value:
                self.ids.add(value)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.shown.append(data)


@pytest.fixture(scope="module")
def content(episode: Make, body: Body) -> ReportInput:
    return synthetic_run(episode, body)


@pytest.fixture(scope="module")
def html(content: ReportInput) -> str:
    return render_report(content)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_nothing_is_loaded_from_elsewhere(html: str, page: Page) -> None:
    assert page.loads
    assert all(re.match(r"data:image/(png|webp);base64,", load) for load in page.loads)
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html
    assert len(html.encode()) < 12_000_000


def test_every_link_leads_somewhere_and_every_chart_has_a_place(html: str, page: Page) -> None:
    assert {anchor[1:] for anchor in page.anchors} <= page.ids
    drawn = re.findall(
        r'"id": "([\w-]+)"', html.split('id="charts-data">')[1].split("</script>")[0]
    )
    gradients = {"gradient-angles", "gradient-weights", "gradient-sigmas"}
    timelines = {"timeline-0", "timeline-1"}
    assert set(drawn) == {"curves", "task-curves", "losses"} | gradients | timelines
    assert set(drawn) <= page.ids


def test_the_key_numbers_are_said(content: ReportInput, page: Page) -> None:
    text = "".join(page.shown)
    final = content.final
    assert final is not None
    assert final.retrieval is not None
    for arm in ("correct", "swapped", "empty"):
        rate = overall_rate(final, "success_at_end", arm)
        assert rate is not None
        assert percent(rate.value) in text
        assert f"n = {rate.n}" in text
    assert percent(final.retrieval.values["V->L/R@10"]) in text
    assert percent(final.retrieval.chance["V->L/R@10"]) in text
    assert f"{final.retrieval.information['V-L@64'].nats:.2f} nat" in text
    assert text.count("saturated: there may be any amount more") == 1
    assert final.protocol in text
    assert content.kept is not None
    assert content.decisions[content.kept].reason in text
    for _, english, chinese in TASKS.values():
        assert english in text
        assert chinese in text


def test_the_stop_and_the_kept_checkpoint_are_marked(content: ReportInput, html: str) -> None:
    assert content.stopped is not None
    assert content.kept is not None
    assert content.kept < content.stopped
    assert f"kept: evaluation {content.kept + 1}" in html
    assert "\\u003cb\\u003estop\\u003c/b\\u003e" in html


def test_words_from_outside_stay_words(content: ReportInput) -> None:
    evil = "<script>alert(1)</script>"
    film = replace(content.films[0], text_en=evil)
    html = render_report(replace(content, title=evil, films=(film,), run_card={"a/b": evil}))
    assert evil not in html
    assert "&lt;script&gt;alert(1)" in html


def test_parts_may_be_missing(content: ReportInput) -> None:
    empty = render_report(ReportInput(title="nothing"))
    assert "no measurement yet" in empty
    assert len(empty) < 50_000, "without a chart the plotting library stays out"
    assert content.final is not None
    bare = replace(content.final, retrieval=None, gains={}, run_card={})
    only_final = Page(render_report(ReportInput(title="bench", final=bare)))
    assert "success" in only_final.ids
    assert {"learning", "retrieval", "films", "failures", "card"}.isdisjoint(only_final.ids)
    training = ReportInput(title="align", history=content.history, decisions=content.decisions)
    assert "learning" in Page(render_report(training)).ids


def test_every_manner_that_was_measured_has_its_column(content: ReportInput) -> None:
    final = content.final
    assert final is not None
    rate = final.tasks[0].rates["manner_kept"]
    rates = {**final.tasks[0].rates, **{f"manner_kept/{manner}": rate for manner in MANNERS}}
    table = manner_table(replace(final, tasks=(replace(final.tasks[0], rates=rates),)))
    assert set(table.columns) == {*MANNERS, "all manners"}
    assert all(cell.text == percent(rate.value) for cell in table.rows[0][1])


def test_chains_say_how_much_of_them_was_carried_out(content: ReportInput) -> None:
    final = content.final
    assert final is not None
    named = "Instructions carried out"
    assert named not in dict(motion_table(final).rows)
    chained = replace(final, run_card={"protocol/n_instructions": "3"})
    assert named in dict(motion_table(chained).rows)


def test_a_practice_is_drawn_over_control_steps(content: ReportInput) -> None:
    rows = tuple(
        {"env_steps": 1000.0 * k, "elapsed_s": 9.0 * k, "return": 0.1 * k}
        | ({"success": min(k / 9, 1.0)} if k > 2 else {})
        for k in range(1, 12)
    )
    learnt = Practice(rows=rows, window=100, steps_to_80=8000)
    html = render_report(ReportInput(title="ppo", practice=learnt, final=content.final))
    page, text = Page(html), "".join(Page(html).shown)
    assert {"practice", "practice-success", "practice-return", "success"} <= page.ids
    assert "learning" not in page.ids
    assert "PPO practised for 11,000 control steps in 1 min 39 s" in text
    assert "100.0 % of the last 100 training episodes succeeded" in text
    assert "after 8,000 control steps" in text
    assert "The start was kept" not in text
    for judged in (True, False):
        last = rows[-1] | ({"held_out": 0.5} if judged else {})
        begun = replace(learnt, rows=(*rows[:-1], last), kept_at=0)
        shown = Page(render_report(ReportInput(title="ppo", practice=begun, final=content.final)))
        assert ("The start was kept" in "".join(shown.shown)) == judged
    (success, _) = practice_curves(learnt)
    assert success["data"][0]["y"][:3] == [None, None, pytest.approx(100 / 3)]
    never = replace(learnt, rows=rows[:1], steps_to_80=None)
    alone = "".join(Page(render_report(ReportInput(title="ppo", practice=never))).shown)
    assert "It never had 80 % of 100 training episodes succeed" in alone
    with pytest.raises(BadConfig, match="has no row"):
        replace(never, rows=())


def test_the_use_of_codes_has_charts_of_its_own(content: ReportInput) -> None:
    used = {"used_picture": 0.5, "used_words": 0.2, "divergence": 0.9}
    codes = {f"codes/{n}": v for n, v in (used | {"perplexity_picture": 80.0}).items()}
    coded = replace(content, losses=tuple({**row, **codes} for row in content.losses))
    assert {"code-shares", "code-perplexity"} <= Page(render_report(coded)).ids
    shares, spread = code_curves(coded)
    assert [line["y"][0] for line in shares["data"]] == pytest.approx([50.0, 20.0, 90.0])
    assert [line["y"][0] for line in spread["data"]] == [80.0, None]
    assert loss_curves(coded) == loss_curves(content), "they are no losses"
    assert code_curves(content) == []


def test_a_history_without_decisions_is_refused(content: ReportInput) -> None:
    with pytest.raises(BadConfig, match="as many decisions"):
        replace(content, decisions=())


def test_a_film_needs_pictures(content: ReportInput) -> None:
    film = content.films[0]
    for frames in (film.frames[0], film.frames[:0], film.frames.astype(np.float32)):
        with pytest.raises(BadConfig, match="uint8 frames"):
            replace(film, frames=frames)  # type: ignore[arg-type]  # one has the wrong type on purpose


def test_writing_is_whole_or_not_at_all(content: ReportInput, tmp_path: Path) -> None:
    small = replace(content, history=(), decisions=(), losses=(), failures=())
    path = write_report(small, path=tmp_path / "run" / "report.html")
    assert path.read_text(encoding="utf-8") == render_report(small)
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot write .*report\.html"):
        write_report(small, path=tmp_path / "file" / "report.html")


def test_equal_input_gives_an_equal_file(content: ReportInput, html: str) -> None:
    assert render_report(content) == html


def test_long_films_stay_small() -> None:
    noise = np.random.default_rng(0).integers(0, 255, size=(1, 64, 64, 3), dtype=np.uint8)
    assert len(film_uri(np.repeat(noise, 2000, axis=0), 0.05)) < 2_000_000


def test_attention_glows_where_it_is() -> None:
    grey = np.full((64, 64, 3), 100, dtype=np.uint8)
    attention = np.zeros((8, 8))
    attention[1, 6] = 3.0
    glow = overlay(grey, attention).astype(int).sum(axis=2)
    v, u = np.unravel_index(glow.argmax(), glow.shape)
    assert (v // 8, u // 8) == (1, 6)
    assert np.unique(overlay(grey, np.zeros((8, 8)))).size <= 3


def test_a_limit_out_of_sight_is_written_instead_of_drawn(episode: Make, body: Body) -> None:
    near = timeline(episode(), body)
    far = replace(near, jerk_limit=6500.0)
    assert "limit 6500" not in str(action_timeline("t", near)["layout"])
    layout = action_timeline("t", far)["layout"]
    assert "limit 6500" in str(layout)
    assert layout["yaxis3"]["range"][1] < 100.0, "the signal stays readable"


def test_the_timeline_is_that_of_the_metrics(episode: Make, body: Body) -> None:
    one = episode()
    line = timeline(one, body)
    assert line.time_s[-1] == pytest.approx(one.n_steps * one.control_dt_s)
    assert len(line.speed) == len(line.acceleration) == len(line.jerk) == one.n_steps
    assert np.isnan(line.jerk[0])
    assert np.isfinite(line.jerk[1:]).all()
    assert line.jerk_limit == body.embodiment.motion_group("tool").jerk_limit


def test_the_timeline_is_shaded_where_the_shield_acted(episode: Make, body: Body) -> None:
    one = episode()
    assert "shaded" not in str(action_timeline("t", timeline(one, body))["layout"])
    change = np.zeros(one.n_steps, dtype=np.float32)
    change[2:5], change[-1] = 0.4, 2.0
    line = timeline(replace(one, shield_change=change), body)
    layout = action_timeline("t", line)["layout"]
    assert f"shaded: the shield acted, {100 * 4 / one.n_steps:.0f} % of the steps" in str(layout)
    bands = [shape for shape in layout["shapes"] if shape["type"] == "rect"]
    dt_s = one.control_dt_s
    assert [(band["x0"], band["x1"]) for band in bands] == [
        (pytest.approx(2 * dt_s), pytest.approx(5 * dt_s)),
        (pytest.approx((one.n_steps - 1) * dt_s), pytest.approx(one.n_steps * dt_s)),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1.234, "1.23"), (-12.34, "−12.3"), (1234.5, "1234"), (0.0123, "0.0123")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert plain(value) == text


def test_every_look_is_in_one_bin_of_its_pair_and_what_never_moved_is_not_drawn(
    content: ReportInput,
) -> None:
    angles, weights, sigmas = gradient_charts(content.gradients)
    for bars in angles["data"]:
        assert sum(bars["y"]) == pytest.approx(100.0)
    assert [line["name"] for line in weights["data"]] == ["goal", "hazard"]
    assert [line["name"] for line in sigmas["data"]] == ["goal"]
    fixed = [{**row, "weights": {}, "sigmas": {}} for row in content.gradients]
    assert len(gradient_charts(fixed)) == 1
