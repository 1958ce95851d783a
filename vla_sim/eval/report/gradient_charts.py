"""Which way the losses pulled, and what each weighed, over the updates of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_sim.eval.report import plot
from vla_sim.eval.report.plot import SERIES, Chart

BIN_DEG = 15.0
RIGHT_ANGLE_DEG = 90.0
TICKS = [m * 10.0**k for k in range(-4, 4) for m in (1.0, 3.0)]


def gradient_charts(rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """A histogram of the angles, and curves of weights and sigmas where those were learnt.

    Args:
        rows: Each with "step" and, by name, "angles" [deg], "weights" and "sigmas".
    """
    charts = [_angles(rows)]
    for key, title in (("weights", "multiplies its weight"), ("sigmas", "sigma")):
        if any(row[key] for row in rows):
            charts.append(_curves(rows, key, title))
    return charts


def _angles(rows: Sequence[Mapping[str, Any]]) -> Chart:
    edges = np.arange(0.0, 180.0 + BIN_DEG, BIN_DEG)
    data: list[Chart] = []
    for i, pair in enumerate(_names(rows, "angles")):
        seen = [float(row["angles"][pair]) for row in rows if pair in row["angles"]]
        counts, _ = np.histogram(seen, edges)
        data.append(
            {
                "type": "bar",
                "x": (edges[:-1] + BIN_DEG / 2).tolist(),
                "y": (100.0 * counts / len(seen)).tolist(),
                "name": pair.replace("/", " / "),
                "marker": {"color": SERIES[i % len(SERIES)]},
                "hovertemplate": f"%{{y:.0f}} % of {len(seen)}",
            }
        )
    layout = plot.layout("angle between gradients [°]", "% of looks")
    layout["barmode"] = "group"
    layout["xaxis"].update(range=[0, 180], dtick=30)
    plot.mark(layout, RIGHT_ANGLE_DEG, "", "--bad", side="left")
    return {"id": "gradient-angles", "height": 300, "data": data, "layout": layout}


def _curves(rows: Sequence[Mapping[str, Any]], key: str, title: str) -> Chart:
    data = []
    x = [float(row["step"]) for row in rows]
    # What was never moved is one line at 1, and says nothing.
    names = [
        name for name in _names(rows, key) if any(row[key].get(name, 1.0) != 1.0 for row in rows)
    ]
    for i, name in enumerate(names):
        line = plot.line(x, [row[key].get(name) for row in rows], name, SERIES[i % len(SERIES)])
        line["line"]["dash"] = ("solid", "dash", "dot")[i // len(SERIES) % 3]
        line["mode"] = "lines" if len(x) > 1 else "markers"
        data.append(line)
    layout = plot.layout("updates", title)
    layout["yaxis"].update(type="log", tickformat="~g", tickvals=TICKS)
    return {"id": f"gradient-{key}", "height": 320, "data": data, "layout": layout}


def _names(rows: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    """All names under a key, in the order in which they came."""
    return list(dict.fromkeys(name for row in rows for name in row[key]))
