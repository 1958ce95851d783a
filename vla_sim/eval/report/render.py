"""From a ReportInput to one HTML file that needs nothing else."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from vla_sim.disk import atomic
from vla_sim.eval.failures import FAILURE_KINDS
from vla_sim.eval.health.health_report import HealthReport
from vla_sim.eval.report import charts, health_tables, numbers, tables, verdict
from vla_sim.eval.report.content import FailureExample, Film, ReportInput
from vla_sim.eval.report.gradient_charts import gradient_charts
from vla_sim.eval.report.pictures import film_uri, overlay, png_uri, stills
from vla_sim.eval.report.plot import Chart
from vla_sim.eval.report.practice_chart import practice_curves
from vla_sim.eval.report.timeline_chart import action_timeline
from vla_sim.records.reports import EvalReport

N_STILLS = 5


def render_report(content: ReportInput) -> str:
    """The report as HTML text: styles, scripts, pictures and films inside, no network needed."""
    final = content.final
    drawn: list[Chart] = []
    if content.history:
        drawn += [charts.learning_curves(content), charts.task_curves(content)]
    if content.practice is not None:
        drawn += practice_curves(content.practice)
    if content.losses:
        drawn.append(charts.loss_curves(content))
    codes = charts.code_curves(content)
    drawn += codes
    if content.gradients:
        drawn += gradient_charts(content.gradients)
    failures = []
    for i, example in enumerate(content.failures):
        identity = f"timeline-{i}"
        drawn.append(action_timeline(identity, example.timeline))
        failures.append(_failure(example, identity))
    has_tasks = final is not None and len(final.tasks) > 0
    page = _ENVIRONMENT.get_template("report.html.j2")
    return page.render(
        content=content,
        final=final,
        sentences=verdict.sentences(content),
        tiles=verdict.tiles(content),
        has_codes=bool(codes),
        decisions=list(zip(content.history, content.decisions, strict=True)),
        success=tables.success_table(final, content.success) if final and has_tasks else None,
        gains=tables.gain_table(final) if final and final.gains else None,
        violations=tables.violation_table(final) if final and has_tasks else None,
        motion=tables.motion_table(final) if final and has_tasks else None,
        manners=tables.manner_table(final) if final and has_tasks else None,
        retrieval=tables.retrieval_table(final.retrieval) if final and final.retrieval else None,
        information=_information(final),
        health=_health(content.health),
        films=[_film(film) for film in content.films],
        failures=failures,
        card=tables.card_groups(content.run_card or (final.run_card if final else {})),
        charts=drawn,
        drawn={chart["id"] for chart in drawn},
        plotly=get_plotlyjs() if drawn else "",
        numbers=numbers,
    )


def _information(final: EvalReport | None) -> tables.Table | None:
    bounds = final.retrieval.information if final and final.retrieval else {}
    return tables.information_table(bounds) if bounds else None


def write_report(content: ReportInput, path: Path) -> Path:
    """Write the report to `path`, all of it or nothing.

    Raises:
        RunFolderError: If the folder cannot be written.
    """
    atomic.write_text(path, render_report(content))
    return path


def _health(health: HealthReport | None) -> dict[str, Any] | None:
    if health is None:
        return None
    return {
        "step": health.step,
        "matrix": health_tables.matrix_table(health),
        "recall": health_tables.recall_table(health),
        "state": health_tables.state_table(health),
    }


def _film(film: Film) -> dict[str, Any]:
    return {
        "film": film,
        "task": numbers.short(film.task_id),
        "uri": film_uri(film.frames, film.frame_s),
        "stills": stills(film.frames, N_STILLS),
        "duration_s": len(film.frames) * film.frame_s,
    }


def _failure(example: FailureExample, identity: str) -> dict[str, Any]:
    attention = None
    if example.picture is not None and example.attention is not None:
        attention = png_uri(overlay(example.picture, example.attention))
    return {
        **_film(example.film),
        "example": example,
        "meaning": FAILURE_KINDS.get(example.kind, ""),
        "attention": attention,
        "chart": identity,
    }


_ENVIRONMENT = Environment(
    loader=PackageLoader("vla_sim.eval.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
