"""Charts as Plotly specifications.

A colour is the name of a CSS property ("--success"): the page looks it up, so that a chart follows
the reader's light or dark theme.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.eval.aggregate import overall_rate
from vla_sim.eval.report.content import ReportInput
from vla_sim.eval.report.numbers import short
from vla_sim.eval.report.timeline import Timeline
from vla_sim.records.reports import EvalReport

Chart = dict[str, Any]
SERIES = tuple(f"--series-{i}" for i in range(1, 9))
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
    data.append(_line(x, success, "Success, mean over tasks", "--success", width=3))
    found = _retrieval(history, content.retrieval, chance=False)
    if any(value is not None for value in found):
        data.append(_line(x, found, "Retrieval R@10", "--retrieval", width=3, symbol="square"))
        chance = _line(
            x,
            _retrieval(history, content.retrieval, chance=True),
            "R@10 by chance",
            "--retrieval",
            width=1.5,
        )
        chance["mode"], chance["line"]["dash"] = "lines", "dot"
        data.append(chance)
    layout = _layout(f"training time [{unit}]", "% of episodes, % of queries")
    layout["yaxis"]["range"] = [-2, 104]
    layout["shapes"], layout["annotations"] = [], []
    kept, stopped = content.kept, content.stopped
    if kept is not None:
        _mark(layout, x[kept], f"kept: evaluation {kept + 1}", "--good", side="right")
    if stopped is not None and stopped != kept:
        _mark(layout, x[stopped], "stop", "--bad", side="left")
    return {"id": "curves", "height": 400, "data": data, "layout": layout}


def task_curves(content: ReportInput) -> Chart:
    """Success of each task over the same time axis."""
    x, unit = _time_axis([report.elapsed_s for report in content.history])
    names = sorted({t.task_id for r in content.history for t in r.tasks if t.arm == "correct"})
    data = [
        _line(
            x,
            [_task_success(report, name, content.success) for report in content.history],
            short(name),
            SERIES[i % len(SERIES)],
        )
        for i, name in enumerate(names)
    ]
    layout = _layout(f"training time [{unit}]", "success [%]")
    layout["yaxis"]["range"] = [-2, 104]
    layout["shapes"], layout["annotations"] = [], []
    if content.kept is not None:
        _mark(layout, x[content.kept], "kept", "--good", side="right")
    return {"id": "task-curves", "height": 300, "data": data, "layout": layout}


def loss_curves(content: ReportInput) -> Chart:
    """Every column of the loss history that is a positive number somewhere, on a log axis."""
    rows = content.losses
    x, unit = _time_axis([row["elapsed_s"] for row in rows])
    names = [n for n in dict.fromkeys(k for row in rows for k in row) if n not in _NO_LOSS]
    # The sum first: it is what is looked for.
    names.sort(key=lambda name: name not in ("total", "loss/total"))
    data: list[Chart] = []
    for i, name in enumerate(names):
        y = [_positive(row.get(name)) for row in rows]
        if all(value is None for value in y):
            continue
        line = _line(x, y, name, SERIES[i % len(SERIES)], width=3 if i == 0 else 1.5)
        line["mode"] = "lines"
        line["line"]["dash"] = ("solid", "dash", "dot")[i // len(SERIES) % 3]
        data.append(line)
    layout = _layout(f"training time [{unit}]", "loss")
    layout["yaxis"].update(type="log", dtick=1, tickformat="~g")
    return {"id": "losses", "height": 320, "data": data, "layout": layout}


def action_timeline(identity: str, line: Timeline) -> Chart:
    """Speed, acceleration and jerk above each other, each with its red line."""
    layout = _layout("time [s]", "")
    layout["showlegend"] = False
    layout["shapes"], layout["annotations"] = [], []
    layout["margin"].update(t=4, l=44)
    data: list[Chart] = []
    time_s = _numbers(line.time_s)
    rows = (
        ("speed", line.speed, line.speed_limit, f"{line.unit}/s"),
        ("acceleration", line.acceleration, line.acceleration_limit, f"{line.unit}/s²"),
        ("jerk", line.jerk, line.jerk_limit, f"{line.unit}/s³"),
    )
    for i, (name, signal, limit, unit) in enumerate(rows):
        axis = "" if i == 0 else str(i + 1)
        trace = _line(time_s, _numbers(signal), name, SERIES[i])
        trace.update(mode="lines", yaxis=f"y{axis}", hovertemplate=f"%{{y:.2f}} {unit}")
        data.append(trace)
        top = 1.12 * max(limit, float(np.nanmax(np.append(signal, 0.0))))
        layout[f"yaxis{axis}"] = {
            **layout["yaxis"],
            "title": {"text": ""},
            "range": [0, top],
            "domain": [0.7 - i * 0.35, 0.94 - i * 0.35],
            "nticks": 4,
        }
        layout["annotations"].append(
            {
                "xref": "paper",
                "x": 0,
                "yref": "paper",
                "y": 0.945 - i * 0.35,
                "yanchor": "bottom",
                "xanchor": "left",
                "text": f"{name} [{unit}]",
                "showarrow": False,
                "font": {"size": 12},
            }
        )
        layout["shapes"].append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "yref": f"y{axis}",
                "y0": limit,
                "y1": limit,
                "line": {"color": "--limit", "width": 2, "dash": "dash"},
            }
        )
    layout["xaxis"]["anchor"] = "y3"
    return {"id": identity, "height": 340, "data": data, "layout": layout}


_NO_LOSS = ("elapsed_s", "step", "epoch", "lr")


def _layout(x: str, y: str) -> Chart:
    axis = {"gridcolor": "--grid", "zeroline": False, "linecolor": "--grid", "automargin": True}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--text-soft", "size": 13},
        "margin": {"l": 64, "r": 16, "t": 28, "b": 48},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "--card", "bordercolor": "--grid", "font": {"color": "--text"}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": {**axis, "title": _title(x), "rangemode": "tozero"},
        "yaxis": {**axis, "title": _title(y)},
    }


def _title(text: str) -> Chart:
    return {"text": text, "font": {"size": 13}, "standoff": 10}


def _line(
    x: Sequence[float | None],
    y: Sequence[float | None],
    name: str,
    colour: str,
    *,
    width: float = 2,
    symbol: str = "circle",
) -> Chart:
    return {
        "x": x,
        "y": y,
        "name": name,
        "mode": "lines+markers",
        "line": {"color": colour, "width": width},
        "marker": {"color": colour, "size": 3 + 2 * width, "symbol": symbol},
        "hovertemplate": "%{y:.3~g}",
    }


def _mark(layout: Chart, x: float, text: str, colour: str, *, side: str) -> None:
    layout["shapes"].append(
        {
            "type": "line",
            "x0": x,
            "x1": x,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": colour, "width": 2, "dash": "dash"},
        }
    )
    layout["annotations"].append(
        {
            "x": x,
            "yref": "paper",
            "y": 0.03,
            "text": f"<b>{text}</b>",
            "showarrow": False,
            "xanchor": "right" if side == "right" else "left",
            "xshift": -6 if side == "right" else 6,
            "font": {"color": colour},
        }
    )


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


def _numbers(values: NDArray[np.floating]) -> list[float | None]:
    """Plain floats for JSON; what is not finite becomes a gap."""
    return [float(v) if np.isfinite(v) else None for v in values]
