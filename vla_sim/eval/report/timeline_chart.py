"""The action timeline as a chart."""

import numpy as np

from vla_sim.eval.report import plot
from vla_sim.eval.report.plot import SERIES, Chart
from vla_sim.eval.report.timeline import Timeline

OUT_OF_SIGHT = 4.0
"""A limit beyond this many times what was used is out of sight."""


def action_timeline(identity: str, line: Timeline) -> Chart:
    """Speed, acceleration and jerk above each other, with the robot's and the manner's lines.

    Where the shield changed what was asked for, the ground is shaded.
    """
    layout = plot.layout("time [s]", "")
    layout["showlegend"] = False
    layout["shapes"], layout["annotations"] = [], []
    layout["margin"].update(t=4, l=44)
    data: list[Chart] = []
    unit = line.unit
    rows = (
        (f"speed [{unit}/s]", line.speed, line.speed_limit, line.speed_asked),
        (
            f"acceleration [{unit}/s²]",
            line.acceleration,
            line.acceleration_limit,
            line.acceleration_asked,
        ),
        (f"jerk [{unit}/s³]", line.jerk, line.jerk_limit, line.jerk_asked),
    )
    for i, (title, signal, limit, asked) in enumerate(rows):
        axis = f"y{i + 1}" if i else "y"
        trace = plot.line(plot.numbers(line.time_s), plot.numbers(signal), title, SERIES[i])
        trace.update(mode="lines", yaxis=axis, hovertemplate="%{y:.2f}")
        data.append(trace)
        used = max(float(np.nanmax(np.append(signal, 0.0))), asked)
        # A limit far above would press the signal flat: then it is written, not drawn.
        in_sight = limit <= OUT_OF_SIGHT * used
        layout[axis.replace("y", "yaxis")] = {
            **layout["yaxis"],
            "title": {"text": ""},
            "range": [0, 1.12 * (limit if in_sight and limit > used else used)],
            "domain": [0.7 - i * 0.35, 0.94 - i * 0.35],
            "nticks": 4,
        }
        top = 0.945 - i * 0.35
        layout["annotations"].append(plot.label(title, "--text-soft", x=0, y=top))
        layout["shapes"].append(plot.level(axis, asked, "--low", "dot"))
        if in_sight:
            layout["shapes"].append(plot.level(axis, limit, "--limit", "dash"))
        else:
            layout["annotations"].append(plot.label(f"limit {limit:g} ↑", "--limit", x=1, y=top))
    layout["xaxis"]["anchor"] = "y3"
    if line.shielded is not None:
        layout["shapes"] += [plot.span(a, b, "--limit") for a, b in _spells(line)]
        share = 100.0 * float(np.mean(line.shielded))
        told = f"shaded: the shield acted, {share:.0f} % of the steps"
        layout["annotations"].append(plot.label(told, "--text-soft", x=1, y=1.0))
    return {"id": identity, "height": 340, "data": data, "layout": layout}


def _spells(line: Timeline) -> list[tuple[float, float]]:
    """From when to when the shield acted without a pause [s]."""
    assert line.shielded is not None
    edges = np.diff(np.concatenate([[0], line.shielded.astype(np.int64), [0]]))
    ends = np.concatenate([[0.0], line.time_s])  # step k lasts from ends[k] to ends[k + 1]
    begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(float(ends[a]), float(ends[b])) for a, b in zip(begin, end, strict=True)]
