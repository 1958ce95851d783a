"""The curves of a run: retrieval, success, losses and the use of codes over training time."""

import numpy as np

from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.report import plot
from vla_sim.eval.report.content import ReportInput
from vla_sim.eval.report.numbers import short
from vla_sim.eval.report.plot import SERIES, Chart
from vla_sim.records.reports import CODES, EvalReport

MINUTES_FROM_S = 180.0
"""Runs that are longer are drawn in minutes."""


def learning_curves(content: ReportInput) -> Chart:
    """Retrieval and success over one time axis, with the kept checkpoint and the stop marked."""
    history = content.history
    x, unit = _time_axis([report.elapsed_s for report in history])
    rates = [overall_rate(report, content.success) for report in history]
    data: list[Chart] = []
    low = [None if rate is None else 100 * rate.low for rate in rates]
    high = [None if rate is None else 100 * rate.high for rate in rates]
    success = [None if rate is None else 100 * rate.value for rate in rates]
    data.append(
        {
            "x": x + x[::-1],
            "y": high + low[::-1],
            "fill": "toself",
            "fillcolor": "--success-soft",
            "line": {"width": 0},
            "mode": "lines",
            "name": "95 % interval",
            "hoverinfo": "skip",
        }
    )
    data.append(plot.line(x, success, "Success, mean over tasks", "--success", width=3))
    found = _retrieval(history, content.retrieval, chance=False)
    if any(value is not None for value in found):
        data.append(plot.line(x, found, "Retrieval R@10", "--retrieval", width=3, symbol="square"))
        chance = plot.line(
            x,
            _retrieval(history, content.retrieval, chance=True),
            "R@10 by chance",
            "--retrieval",
            width=1.5,
        )
        chance["mode"], chance["line"]["dash"] = "lines", "dot"
        data.append(chance)
    layout = plot.layout(f"training time [{unit}]", "% of episodes, % of queries")
    layout["yaxis"]["range"] = [-2, 104]
    kept, stopped = content.kept, content.stopped
    if kept is not None:
        plot.mark(layout, x[kept], f"kept: evaluation {kept + 1}", "--good", side="right")
    if stopped is not None and stopped != kept:
        plot.mark(layout, x[stopped], "stop", "--bad", side="left")
    return {"id": "curves", "height": 400, "data": data, "layout": layout}


def task_curves(content: ReportInput) -> Chart:
    """Success of each task over the same time axis."""
    x, unit = _time_axis([report.elapsed_s for report in content.history])
    names = sorted({t.task_id for r in content.history for t in r.tasks if t.arm == "correct"})
    data = [
        plot.line(
            x,
            [_task_success(report, name, content.success) for report in content.history],
            short(name),
            SERIES[i % len(SERIES)],
        )
        for i, name in enumerate(names)
    ]
    layout = plot.layout(f"training time [{unit}]", "success [%]")
    layout["yaxis"]["range"] = [-2, 104]
    if content.kept is not None:
        plot.mark(layout, x[content.kept], "kept", "--good", side="right")
    return {"id": "task-curves", "height": 300, "data": data, "layout": layout}


def loss_curves(content: ReportInput) -> Chart:
    """Every column of the loss history that is a positive number somewhere, on a log axis."""
    rows = content.losses
    x, unit = _time_axis([row["elapsed_s"] for row in rows])
    names = [n for n in dict.fromkeys(k for row in rows for k in row) if n not in _NO_LOSS]
    names = [name for name in names if not name.startswith(CODES)]
    # The sum first: it is what is looked for.
    names.sort(key=lambda name: name not in ("total", "loss/total"))
    data: list[Chart] = []
    for i, name in enumerate(names):
        y = [_positive(row.get(name)) for row in rows]
        if all(value is None for value in y):
            continue
        line = plot.line(x, y, name, SERIES[i % len(SERIES)], width=3 if i == 0 else 1.5)
        line["mode"] = "lines"
        line["line"]["dash"] = ("solid", "dash", "dot")[i // len(SERIES) % 3]
        data.append(line)
    layout = plot.layout(f"training time [{unit}]", "value")
    layout["yaxis"].update(type="log", dtick=1, tickformat="~g")
    return {"id": "losses", "height": 320, "data": data, "layout": layout}


def code_curves(content: ReportInput) -> list[Chart]:
    """How a shared codebook is used, by pictures and by words; nothing where there is none."""
    rows = [row for row in content.losses if any(name.startswith(CODES) for name in row)]
    if not rows:
        return []
    x, unit = _time_axis([row["elapsed_s"] for row in rows])

    def curve(name: str, title: str, colour: str, factor: float = 1.0) -> Chart:
        values = [row.get(CODES + name) for row in rows]
        y = [None if value is None else factor * value for value in values]
        return {**plot.line(x, y, title, colour), "mode": "lines" if len(x) > 1 else "markers"}

    shares = [
        curve("used_picture", "Codes that pictures use [%]", SERIES[0], 100.0),
        curve("used_words", "Codes that words use [%]", SERIES[1], 100.0),
        curve("divergence", "Divergence of the two [% of a bit]", SERIES[2], 100.0),
    ]
    spread = [
        curve("perplexity_picture", "Perplexity of pictures", SERIES[0]),
        curve("perplexity_words", "Perplexity of words", SERIES[1]),
    ]
    of_shares = plot.layout(f"training time [{unit}]", "%")
    of_shares["yaxis"]["range"] = [-2, 104]
    of_spread = plot.layout(f"training time [{unit}]", "codes")
    of_spread["yaxis"]["rangemode"] = "tozero"
    return [
        {"id": "code-shares", "height": 300, "data": shares, "layout": of_shares},
        {"id": "code-perplexity", "height": 300, "data": spread, "layout": of_spread},
    ]


_NO_LOSS = ("elapsed_s", "waited_s", "step", "epoch", "lr")


def _time_axis(seconds: list[float]) -> tuple[list[float], str]:
    if seconds and seconds[-1] > MINUTES_FROM_S:
        return [s / 60 for s in seconds], "min"
    return list(seconds), "s"


def _task_success(report: EvalReport, task_id: str, name: str) -> float | None:
    for task in report.tasks:
        if task.task_id == task_id and task.arm == "correct" and name in task.rates:
            return 100 * task.rates[name].value
    return None


def _retrieval(
    history: tuple[EvalReport, ...], keys: tuple[str, ...], *, chance: bool
) -> list[float | None]:
    drawn: list[float | None] = []
    for report in history:
        held = None
        if report.retrieval is not None:
            held = report.retrieval.chance if chance else report.retrieval.values
        values = [] if held is None else [held[key] for key in keys if key in held]
        drawn.append(100 * float(np.mean(values)) if values else None)
    return drawn


def _positive(value: float | None) -> float | None:
    return float(value) if value is not None and np.isfinite(value) and value > 0 else None
