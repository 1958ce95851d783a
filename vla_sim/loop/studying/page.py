"""The page of a study: tables, plots and sentences in both languages, of the cells there are."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vla_sim.disk import atomic
from vla_sim.eval.statistics import student_reach
from vla_sim.loop.studying.comparison import ALPHA, Comparison, Spread, compare, paid_for, spread
from vla_sim.loop.studying.measures import MEASURES, SUCCESS, Measure
from vla_sim.loop.studying.page_cells import write_cells
from vla_sim.loop.studying.plots import PlotRow, Tone, rows_svg
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.loop.studying.summary import ArmSummary, Summary
from vla_sim.loop.studying.wording import VERDICTS, bounds, number, over_seeds, sentence, signed
from vla_sim.records.instruction import Language
from vla_sim.records.reports import Estimate

SUFFIXES: Mapping[Language, str] = {"en": ".md", "zh": ".zh-CN.md"}
BESIDE = ("manner", "comfort", "violations", "held-out", "zh", "swapped")
RETRIEVAL = ("V-L", "L-A", "V-A")
SHOWN = {"success": SUCCESS, "retrieval": "V-L", "cpu": "cpu"}
"""{plot: the measure that it shows, a dot for each seed}; `difference` is drawn besides."""
DIFFERENCE = "difference"
TONES: Mapping[str, Tone] = {"helps": "good", "hurts": "bad"}


def write_pages(found: Summary, run: StudyRun) -> list[Path]:
    """Write both pages, their plots, and of which cells they are.

    Returns:
        The pages, the English one first.

    Raises:
        RunFolderError: If the folder cannot be written.
    """
    made = comparisons(found)
    drawn = plots(found, made[SUCCESS])
    for name, svg in drawn.items():
        atomic.write_text(run.docs_folder / run.name / f"{name}.svg", svg)
    pages = []
    for language, suffix in SUFFIXES.items():
        pages.append(run.docs_folder / f"{run.name}{suffix}")
        atomic.write_text(pages[-1], render(found, made, run, language, drawn))
    write_cells(run)
    return pages


def comparisons(found: Summary) -> dict[str, dict[str, Comparison]]:
    """{measure: {arm: its comparison with the base}} of what is there."""
    made: dict[str, dict[str, Comparison]] = {}
    for name in MEASURES:
        each = {arm.name: compare(arm.values, found.base.values, name) for arm in found.others}
        there = {arm: one for arm, one in each.items() if one is not None}
        made[name] = paid_for(there, n_arms=len(found.others))
    return made


def render(
    found: Summary,
    made: Mapping[str, Mapping[str, Comparison]],
    run: StudyRun,
    language: Language,
    drawn: Collection[str],
) -> str:
    """One page as markdown, with those plots that were drawn."""
    base = spread(found.base.values, MEASURES[SUCCESS])
    sentences = [
        sentence(
            arm,
            spread(arm.values, MEASURES[SUCCESS]),
            base,
            made[SUCCESS].get(arm.name),
            MEASURES[SUCCESS],
            language,
        )
        for arm in found.others
    ]
    template = _ENVIRONMENT.get_template(f"study.{language}.md.j2")
    return template.render(
        found=found,
        run=run,
        drawn=drawn,
        sentences=sentences,
        success=[_success_row(arm, found, made[SUCCESS], language) for arm in found.arms],
        beside=_table(found, made, BESIDE, language),
        retrieval=_table(found, made, RETRIEVAL, language),
        cpu=_cpu(found),
        chances=_chances(found),
        tasks=_by_task(found),
        by_chance=f"{ALPHA * len(found.others):.1f}",
        n_episodes=run.measured.episodes,
        student=f"{student_reach(n):.1f}" if (n := len(run.seeds)) > 1 else "",
        failed=_failed,
        silent=_silent(found),
    )


def _success_row(
    arm: ArmSummary, found: Summary, made: Mapping[str, Comparison], language: Language
) -> dict[str, str]:
    measure = MEASURES[SUCCESS]
    mine, compared = spread(arm.values, measure), made.get(arm.name)
    return {
        "arm": arm.name,
        "section": arm.arm.section,
        "seeds": f"{len(arm.values)}/{len(arm.outcomes)}",
        "mean": over_seeds(mine, measure),
        "worst": "–" if mine is None else number(mine.worst, measure),
        "difference": "–" if compared is None else signed(compared.mean),
        "by_seed": bounds(compared.seeds if compared else None),
        "by_episode": bounds(compared.episodes if compared else None),
        "verdict": "–" if compared is None else VERDICTS[language][compared.verdict],
    }


def _table(
    found: Summary,
    made: Mapping[str, Mapping[str, Comparison]],
    names: tuple[str, ...],
    language: Language,
) -> dict[str, Any]:
    """A table of measures, an arm a row; a mark where the seeds leave no difference of 0."""
    measures = {name: MEASURES[name] for name in names}
    return {
        "head": [m.en if language == "en" else m.zh for m in measures.values()],
        "rows": [
            [arm.name, *(_marked(arm, made[name], m) for name, m in measures.items())]
            for arm in found.arms
        ],
    }


def _marked(arm: ArmSummary, made: Mapping[str, Comparison], measure: Measure) -> str:
    told = over_seeds(spread(arm.values, measure), measure)
    compared = made.get(arm.name)
    if compared is None or compared.verdict == "not shown to differ":
        return told
    return f"{told} {'▲' if compared.verdict == 'helps' else '▼'}"


def _cpu(found: Summary) -> list[tuple[str, str, str]]:
    """Arm, minutes, and how many times those of the base."""
    measure = MEASURES["cpu"]
    base = spread(found.base.values, measure)
    rows = []
    for arm in found.arms:
        mine = spread(arm.values, measure)
        ratio = "–" if mine is None or base is None else f"{mine.mean / base.mean:.2f}"
        rows.append((arm.name, over_seeds(mine, measure), ratio))
    return rows


def _chances(found: Summary) -> dict[str, str]:
    """{direction: the chance of its R@10} of the first cell that is there; empty where none is."""
    for arm in found.arms:
        for values in arm.values.values():
            shown = {name: f"{100 * one.chance:.1f}" for name, one in values.recalls.items()}
            return {**shown, "gallery": str(values.gallery)}
    return {}


def _failed(arm: ArmSummary) -> str:
    """Seeds that failed and why, fit for a cell of a table."""
    told = (f"{seed}: {' '.join(why.split())}" for seed, why in arm.failures.items())
    return "; ".join(told).replace("|", "\\|")


def _silent(found: Summary) -> list[str]:
    """What runs said of terms that taught nothing, with the arms and seeds that said it."""
    said: dict[str, list[str]] = {}
    for arm in found.arms:
        for seed, values in arm.values.items():
            for line in values.silent:
                said.setdefault(line, []).append(f"{arm.name} {seed}")
    return [f"{line} ({', '.join(of)})" for line, of in said.items()]


def _by_task(found: Summary) -> dict[str, Any]:
    """Success of each task, an arm a row: mean over seeds."""
    held = [values for arm in found.arms for values in arm.values.values()]
    ids = sorted({task_id for values in held for task_id in values.tasks})
    rows = []
    for arm in found.arms:
        row = [arm.name]
        for task_id in ids:
            seen = [v.tasks[task_id]["correct"].success for v in arm.values.values()]
            row.append(f"{100 * sum(seen) / len(seen):.1f}" if seen else "–")
        rows.append(row)
    return {"head": [task_id.rpartition("/")[2] for task_id in ids], "rows": rows}


def plots(found: Summary, made: Mapping[str, Comparison]) -> dict[str, str]:
    """{name: SVG} of every plot for which something is there."""
    drawn = {}
    for plot, name in SHOWN.items():
        measure = MEASURES[name]
        held = {arm.name: spread(arm.values, measure) for arm in found.arms}
        there = {arm: one for arm, one in held.items() if one is not None}
        if there:
            base = there.get(found.against)
            drawn[plot] = rows_svg(
                [_seeds_row(arm, one, measure, found, made) for arm, one in there.items()],
                title=measure.en,
                line=None if base is None else _scale(measure) * base.mean,
                signed=False,
            )
    if made:
        drawn[DIFFERENCE] = rows_svg(
            [_difference_row(arm, one) for arm, one in made.items()],
            title=f"success less that of {found.against}, points",
            line=0.0,
            signed=True,
        )
    return drawn


def _seeds_row(
    arm: str, one: Spread, measure: Measure, found: Summary, made: Mapping[str, Comparison]
) -> PlotRow:
    scale = _scale(measure)
    compared = made.get(arm) if measure is MEASURES[SUCCESS] else None
    tone: Tone = "plain" if compared is None else TONES.get(compared.verdict, "plain")
    return PlotRow(
        label=arm,
        dots=tuple(scale * value for value in one.by_seed.values()),
        mean=scale * one.mean,
        tone="base" if arm == found.against else tone,
    )


def _difference_row(arm: str, one: Comparison) -> PlotRow:
    def points(estimate: Estimate | None) -> tuple[float, float] | None:
        return None if estimate is None else (100.0 * estimate.low, 100.0 * estimate.high)

    return PlotRow(
        label=arm,
        dots=tuple(100.0 * value for value in one.by_seed.values()),
        mean=100.0 * one.mean,
        thin=points(one.seeds),
        thick=points(one.episodes),
        tone=TONES.get(one.verdict, "plain"),
    )


def _scale(measure: Measure) -> float:
    return 100.0 if measure.unit == "%" else 1.0


_ENVIRONMENT = Environment(
    loader=PackageLoader("vla_sim.loop.studying"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,
    keep_trailing_newline=True,
)
