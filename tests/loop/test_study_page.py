"""What a page says follows from its cells, in both languages and with what is missing."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.loop.study_cells import REACH, values
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.cell_values import CellValues, TaskValues
from vla_sim.loop.studying.comparison import Comparison, compare, paid_for, spread
from vla_sim.loop.studying.measures import MEASURES
from vla_sim.loop.studying.page import write_pages
from vla_sim.loop.studying.plots import PlotRow, rows_svg
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.loop.studying.summary import Summary, summary

Cells = dict[int, CellValues]
ARMS = ("base", "no-vl", "no-la", "pcgrad", "guidance", "few-labels")
SVG = "{http://www.w3.org/2000/svg}"


def over(*hits: int, vl: float = 0.5) -> Cells:
    return {seed: values(hit, vl=vl) for seed, hit in enumerate(hits)}


def in_other_scenes(cells: Cells) -> Cells:
    """As many successes, in the scenes from the last on."""

    def turned(values: TaskValues) -> TaskValues:
        return replace(values, outcomes=values.outcomes[::-1])

    return {
        seed: replace(
            cell, tasks={t: {k: turned(v) for k, v in by.items()} for t, by in cell.tasks.items()}
        )
        for seed, cell in cells.items()
    }


def compared(arm: Cells, base: Cells, measure: str = "success") -> Comparison:
    made = compare(arm, base, measure)
    assert made is not None
    return made


BASE = over(60, 62, 64)


def test_a_large_even_difference_is_said() -> None:
    made = compared(over(40, 43, 43), BASE)
    assert made.verdict == "hurts"
    assert made.seeds is not None and made.seeds.value == pytest.approx(-0.20)
    assert made.episodes is not None and made.episodes.n == 300
    assert compared(BASE, over(40, 43, 43)).verdict == "helps"


def test_less_is_better_of_what_should_not_be() -> None:
    worse = {seed: replace(values(60), tasks=violating(0.4)) for seed in range(3)}
    better = {seed: replace(values(60), tasks=violating(0.1)) for seed in range(3)}
    assert compared(worse, better, "violations").verdict == "hurts"
    assert compared(better, worse, "violations").verdict == "helps"


def violating(share: float) -> dict[str, dict[str, TaskValues]]:
    tasks = values(60).tasks
    return {REACH: {"correct": replace(tasks[REACH]["correct"], violated=share)}}


def test_what_scatters_over_seeds_is_not_said_however_many_episodes_there_are() -> None:
    made = compared(over(90, 75, 62), BASE)
    assert made.verdict == "not shown to differ"
    assert made.only_these_models, "300 pairs of episodes do tell these three apart"


def test_what_three_seeds_agree_in_is_not_said_where_scenes_could_have_made_it() -> None:
    made = compared(in_other_scenes(over(62, 64, 66)), BASE)
    assert made.seeds is not None and made.seeds.low > 0.0
    assert made.episodes is not None and made.episodes.low < 0.0
    assert made.verdict == "not shown to differ"


def test_seeds_that_agree_to_the_episode_are_no_proof_that_they_do_not_scatter() -> None:
    arm = {seed: replace(values(60), tasks=violating(0.01)) for seed in range(3)}
    base = {seed: replace(values(60), tasks=violating(0.0)) for seed in range(3)}
    assert compared(arm, base, "violations").verdict == "not shown to differ"
    few = compared({0: values(5, 10), 1: values(8, 10)}, {0: values(2, 10), 1: values(5, 10)})
    assert few.episodes is not None and few.episodes.low > 0.0
    assert few.verdict == "not shown to differ" and not few.survives


def test_one_seed_shows_nothing() -> None:
    made = compared(over(99), over(1))
    assert made.seeds is None and made.p_value is None
    assert made.verdict == "not shown to differ" and made.only_these_models


def test_an_arm_is_not_unlike_itself() -> None:
    for measure in MEASURES:
        made = compare(BASE, BASE, measure)
        assert made is None or made.verdict == "not shown to differ"


def test_arms_are_compared_on_the_seeds_that_both_have() -> None:
    made = compared({1: values(70), 5: values(0)}, BASE)
    assert dict(made.by_seed) == {1: pytest.approx(0.08)}
    assert compare({7: values(70)}, BASE, "success") is None


def test_what_a_cell_does_not_have_is_left_out() -> None:
    cut = {0: values(60), 1: values(61, cpu_s=None)}
    shown = spread(cut, MEASURES["cpu"])
    assert shown is not None and dict(shown.by_seed) == {0: 2.0} and shown.sd is None
    assert spread(cut, MEASURES["zh"]) is None, "no cell was told in Chinese"


def test_more_arms_ask_for_more_also_those_that_are_not_measured_yet() -> None:
    alone = {"a": compared(over(50, 53, 53), BASE)}
    among = {**alone, "b": compared(over(61, 62, 63), BASE), "c": compared(over(58, 66, 61), BASE)}
    one = paid_for(alone, n_arms=1)["a"].p_value
    assert one is not None
    assert paid_for(among, n_arms=3)["a"].p_value == pytest.approx(3 * one)
    assert paid_for(alone, n_arms=3)["a"].p_value == pytest.approx(3 * one), "two are yet to come"


@pytest.fixture
def study(tmp_path: Path) -> StudyRun:
    return StudyRun(arms=ARMS, out=tmp_path, name="made")


def filled(study: StudyRun) -> Summary:
    """Cells by hand: one arm is not there at all, one lacks a seed, one failed."""
    store = CellStore(folder=study.cells_folder)
    held = {
        "base": BASE,
        "no-vl": over(40, 43, 43, vl=0.3),
        "no-la": in_other_scenes(over(62, 64, 66)),
        "pcgrad": over(90, 75, 62),
        "guidance": {0: values(60), 2: values(61, cpu_s=None)},
    }
    for cell in study.all_cells:
        if cell.seed in held.get(cell.arm, {}):
            store.write(cell, values=held[cell.arm][cell.seed])
        elif cell.arm == "guidance":
            store.write(cell, failure="LossNotFinite: a | b\nis no number")
    return summary(study, store)


def row(page: str, arm: str, table: int = 0) -> list[str]:
    """The cells of an arm's row in the n-th table that has one."""
    lines = [line for line in page.splitlines() if line.startswith(f"| {arm} |")]
    return [cell.strip() for cell in lines[table].strip("|").split("|")]


def test_the_page_says_what_the_cells_say(study: StudyRun) -> None:
    found = filled(study)
    english, chinese = (path.read_text(encoding="utf-8") for path in write_pages(found, study))
    assert "13 of 18 cells are there, 1 failed." not in english  # 3 x 4 + 2, and 1 failed
    assert "14 of 18 cells are there, 1 failed." in english
    assert "已有 14 个，1 个失败" in chinese
    success = row(english, "no-vl")
    assert success[:7] == ["no-vl", "5.2", "3/3", "42.0 ± 1.7", "40.0", "−20.0", "[−22.5, −17.5]"]
    assert success[8] == "hurts"
    assert row(chinese, "no-vl")[:8] == success[:8]
    assert row(chinese, "no-vl")[8] == "有害"
    # The first table that names these arms is that of what is missing.
    assert row(english, "few-labels") == ["few-labels", "0, 1, 2", "–"]
    assert row(english, "guidance")[:2] == ["guidance", "–"]
    assert r"1: LossNotFinite: a \| b is no number" in english
    assert row(english, "guidance", 1)[2:4] == ["2/3", "60.5 ± 0.7"]
    assert row(english, "few-labels", 1)[2:] == ["0/3", *["–"] * 6]
    assert row(english, "no-vl", 3)[1] == "30.0 ± 0.0 ▼"
    assert row(english, "guidance", 5)[1:] == ["2.0", "1.00"], "a cut training has no CPU time"


def test_every_arm_has_a_sentence_with_its_verdict(study: StudyRun) -> None:
    found = filled(study)
    english, chinese = (path.read_text(encoding="utf-8") for path in write_pages(found, study))
    said = {
        "no-vl": (r"success 42.0 % against 62.0 %, −20.0 points \[.*: \*\*hurts\*\*", r"有害"),
        "no-la": (r"\*\*not shown to differ\*\*\.", r"未见差别"),
        "pcgrad": (r"\*\*not shown to differ\*\*; these very models do differ", r"就这几个模型"),
        "few-labels": (r"not measured yet", r"尚未测量"),
    }
    for arm, words in said.items():
        for page, word in zip((english, chinese), words, strict=True):
            (line,) = [x for x in page.splitlines() if x.startswith(f"- **{arm}**")]
            assert re.search(word, line), line


def test_a_complete_study_misses_nothing(tmp_path: Path) -> None:
    study = StudyRun(arms=("base", "no-vl"), seeds=(0, 1), out=tmp_path, name="whole")
    store = CellStore(folder=study.cells_folder)
    for cell in study.all_cells:
        store.write(cell, values=values(60 + 10 * cell.seed))
    found = summary(study, store)
    assert found.is_complete
    english, _ = (path.read_text(encoding="utf-8") for path in write_pages(found, study))
    assert "What is missing" not in english
    assert "very little" in english
    again = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    write_pages(found, study)
    assert again == {path: path.read_bytes() for path in tmp_path.rglob("*.*")}


def test_a_page_of_nothing_is_still_a_page(study: StudyRun) -> None:
    found = summary(study, CellStore(folder=study.cells_folder))
    english, chinese = write_pages(found, study)
    assert "0 of 18 cells are there" in english.read_text(encoding="utf-8")
    assert "svg" not in chinese.read_text(encoding="utf-8")


def test_plots_that_pages_show_are_there_and_small(study: StudyRun) -> None:
    pages = write_pages(filled(study), study)
    for page in pages:
        shown = re.findall(r"!\[.*?\]\((.*?)\)", page.read_text(encoding="utf-8"))
        assert shown == [f"made/{x}.svg" for x in ("difference", "success", "retrieval", "cpu")]
        assert all((page.parent / name).stat().st_size < 12_000 for name in shown)


def test_a_plot_has_a_dot_for_each_seed_at_its_place() -> None:
    rows = [
        PlotRow(label="a & b", dots=(0.0, 10.0), mean=5.0, thin=(-2.0, 12.0), tone="good"),
        PlotRow(label="c", dots=(20.0,), mean=None, thick=(15.0, 25.0)),
    ]
    tree = ElementTree.fromstring(rows_svg(rows, title="t", line=0.0, signed=True))
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    assert {"a & b", "c", "0", "+10", "+20"} <= set(texts)
    x = [float(dot.attrib["cx"]) for dot in tree.iter(f"{SVG}circle")]
    assert len(x) == 3
    assert np.allclose(np.diff(x), np.diff(x)[0], atol=0.2), "evenly spread values are so drawn"
    ticks = {t.text: float(t.attrib["x"]) for t in tree.iter(f"{SVG}text") if t.text != "c"}
    assert ticks["+10"] == pytest.approx(x[1], abs=0.1)
    assert max(x) < float(tree.attrib["width"])


@pytest.mark.parametrize("dots", [(), (3.0,), (0.0, 0.0), (1e-9, 2e-9), (-5e6, 5e6)])
def test_any_numbers_make_a_plot(dots: tuple[float, ...]) -> None:
    row = PlotRow(label="x", dots=dots, mean=None)
    tree = ElementTree.fromstring(rows_svg([row], title="t", line=None, signed=False))
    assert len(list(tree.iter(f"{SVG}circle"))) == len(dots)
