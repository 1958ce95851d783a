"""From a ReportInput to one HTML file that needs nothing else."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from vla_sim.disk import atomic
from vla_sim.eval.failures import FAILURE_KINDS
from vla_sim.eval.health.health_report import HealthReport
from vla_sim.eval.report import change_tables, charts, health_tables, numbers, tables, verdict
from vla_sim.eval.report.change import Change, SceneFilm
from vla_sim.eval.report.content import Clip, FailureExample, Film, ReportInput
from vla_sim.eval.report.episodes import SUCCESS, episode_table
from vla_sim.eval.report.gradient_charts import gradient_charts
from vla_sim.eval.report.pictures import film_uri, overlay, png_uri, stills, stored_uri
from vla_sim.eval.report.plot import Chart
from vla_sim.eval.report.practice_chart import practice_curves
from vla_sim.eval.report.timeline_chart import action_timeline
from vla_sim.eval.report.together import Together, side_by_side
from vla_sim.eval.report.translation import both, spoken_in
from vla_sim.records.episode_row import EpisodeRow
from vla_sim.records.reports import EvalReport

N_STILLS = 5
SCRIPT = ("all", "{n} of {m} episodes", "more", "nothing", "of", "success", "episodes")
"""What the page's scripts say."""


def render_report(*parts: ReportInput, title: str = "", together: Together | None = None) -> str:
    """The report as HTML text: styles, scripts, pictures and films inside, no network needed.

    Args:
        parts: What is shown, one or several results.
        title: At the head of the page; that of the first part where none is given.
        together: What the parts say of each other.
    """
    shown = [_part(part, f"{k + 1}-" if k else "") for k, part in enumerate(parts)]
    drawn = [chart for one in shown for chart in one["charts"]]
    several = len(parts) > 1
    rows = {name: rows for part in parts for name, rows in _rows(part, several).items()}
    episodes = episode_table(rows) if rows else None
    page = _ENVIRONMENT.get_template("report.html.j2")
    return page.render(
        title=title or parts[0].title,
        parts=shown,
        together=together,
        beside=side_by_side(parts) if together else None,
        episodes=episodes,
        # Where practice has something to say, that comes before its single episodes.
        episodes_last=any(part.change is not None for part in parts),
        charts=drawn,
        script_words={**spoken_in(drawn), **spoken_in(episodes), **spoken_in(SCRIPT)},
        plotly=get_plotlyjs() if drawn else "",
        numbers=numbers,
    )


def _rows(content: ReportInput, several: bool) -> dict[str, tuple[EpisodeRow, ...]]:
    """The episodes of a part by the result that they are of."""
    change = content.change
    if change is not None:
        place = f"{content.name}/" if several else ""
        return {f"{place}before": change.before, f"{place}after": change.after}
    return {content.name: content.rows} if content.rows else {}


def _part(content: ReportInput, prefix: str) -> dict[str, Any]:
    """One result, ready to be written; `prefix` tells its places from those of the others."""
    final = content.final
    drawn: list[Chart] = []
    if content.history:
        drawn += [charts.learning_curves(content), charts.task_curves(content)]
    if content.practice is not None:
        comparison = None if content.change is None else content.change.comparison
        drawn += practice_curves(content.practice, comparison)
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
        failures.append(_failure(example, prefix + identity))
    has_tasks = final is not None and len(final.tasks) > 0
    return {
        "content": content,
        "prefix": prefix,
        "final": final,
        "sentences": verdict.sentences(content),
        "tiles": verdict.tiles(content),
        "change": None if content.change is None else _change(content.change),
        "has_codes": bool(codes),
        "decisions": list(zip(content.history, content.decisions, strict=True)),
        "success": tables.success_table(final, content.success) if final and has_tasks else None,
        "gains": tables.gain_table(final) if final and final.gains else None,
        "violations": tables.violation_table(final) if final and has_tasks else None,
        "motion": tables.motion_table(final) if final and has_tasks else None,
        "manners": tables.manner_table(final) if final and has_tasks else None,
        "retrieval": tables.retrieval_table(final.retrieval) if final and final.retrieval else None,
        "information": _information(final),
        "health": _health(content.health),
        "films": [_film(film) for film in content.films],
        "clips": [_clip(clip, content) for clip in content.clips],
        "sheet": stored_uri("image/png", content.sheet) if content.sheet else "",
        "failures": failures,
        "card": tables.card_groups(content.run_card or (final.run_card if final else {})),
        "drawn": {chart["id"] for chart in drawn},
        "charts": [{**chart, "id": prefix + chart["id"]} for chart in drawn],
    }


def _information(final: EvalReport | None) -> tables.Table | None:
    bounds = final.retrieval.information if final and final.retrieval else {}
    return tables.information_table(bounds) if bounds else None


def write_report(
    *parts: ReportInput, path: Path, title: str = "", together: Together | None = None
) -> Path:
    """Write the report to `path`, all of it or nothing.

    Raises:
        RunFolderError: If the folder cannot be written.
    """
    atomic.write_text(path, render_report(*parts, title=title, together=together))
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


def _change(change: Change) -> dict[str, Any]:
    compared = change.comparison is not None
    return {
        "refused": change.refused,
        "success": change_tables.success_change_table(change),
        "limits": change_tables.moved_table(change.limits) if compared else None,
        "unbroken": ", ".join(map(numbers.words, change.unbroken)),
        "motion": change_tables.moved_table(change.motion) if compared else None,
        "films": [_scene(film) for film in change.films],
        "not_filmed": change.not_filmed,
    }


def _scene(film: SceneFilm) -> dict[str, Any]:
    was, now = film.pair
    return {
        "place": film.place,
        "task": numbers.short(now.spec.task_id),
        "seed": now.spec.seed,
        "text": now.text,
        "sides": [
            (name, row.success_at_end, FAILURE_KINDS.get(row.failure, "") or SUCCESS)
            for name, row in (("before", was), ("after", now))
        ],
        "uri": film_uri(film.frames, film.frame_s),
    }


def _film(film: Film) -> dict[str, Any]:
    return {
        "film": film,
        "task": numbers.short(film.task_id),
        "uri": film_uri(film.frames, film.frame_s),
        "stills": stills(film.frames, N_STILLS),
        "duration_s": len(film.frames) * film.frame_s,
    }


def _clip(clip: Clip, content: ReportInput) -> dict[str, Any]:
    row = content.rows[clip.place]
    return {
        "place": clip.place,
        "task": numbers.short(row.spec.task_id),
        "seed": row.spec.seed,
        "text": row.text,
        "arm": tables.ARM_TITLES.get(row.spec.arm, numbers.words(row.spec.arm)),
        "succeeded": row.success_at_end,
        "outcome": FAILURE_KINDS.get(row.failure, "") or SUCCESS,
        "uri": stored_uri("image/gif", clip.gif),
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
_ENVIRONMENT.filters["both"] = both
_ENVIRONMENT.policies[
    "json.dumps_kwargs"
] = {}  # filters stand in their order, not in that of words
