"""Plotly specifications piece by piece.

A colour is the name of a CSS property ("--success"): the page looks it up, so that a chart follows
the reader's light or dark theme.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Chart = dict[str, Any]
SERIES = tuple(f"--series-{i}" for i in range(1, 9))


def layout(x: str, y: str) -> Chart:
    """Axes, legend and margins, without any data."""
    axis = {"gridcolor": "--grid", "zeroline": False, "linecolor": "--grid", "automargin": True}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--text-soft", "size": 13},
        "margin": {"l": 64, "r": 16, "t": 28, "b": 48},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "--card", "bordercolor": "--grid", "font": {"color": "--text"}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": {**axis, "title": title(x), "rangemode": "tozero"},
        "yaxis": {**axis, "title": title(y)},
    }


def title(text: str) -> Chart:
    """An axis title."""
    return {"text": text, "font": {"size": 13}, "standoff": 10}


def line(
    x: Sequence[float | None],
    y: Sequence[float | None],
    name: str,
    colour: str,
    *,
    width: float = 2,
    symbol: str = "circle",
) -> Chart:
    """A line with markers; None in y is a gap."""
    return {
        "x": x,
        "y": y,
        "name": name,
        "mode": "lines+markers",
        "line": {"color": colour, "width": width},
        "marker": {"color": colour, "size": 3 + 2 * width, "symbol": symbol},
        "hovertemplate": "%{y:.3~g}",
    }


def level(axis: str, level: float, colour: str, dash: str) -> Chart:
    """A horizontal line through the whole width of one axis."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": level,
        "y1": level,
        "line": {"color": colour, "width": 2, "dash": dash},
    }


def span(x0: float, x1: float, colour: str) -> Chart:
    """A shaded band from x0 to x1 over the whole height."""
    return {
        "type": "rect",
        "x0": x0,
        "x1": x1,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "fillcolor": colour,
        "opacity": 0.15,
        "line": {"width": 0},
    }


def label(text: str, colour: str, *, x: float, y: float) -> Chart:
    """Small text at the left (x = 0) or right (x = 1) end of the height y."""
    return {
        "xref": "paper",
        "x": x,
        "yref": "paper",
        "y": y,
        "yanchor": "bottom",
        "xanchor": "right" if x else "left",
        "text": text,
        "showarrow": False,
        "font": {"size": 12, "color": colour},
    }


def mark(layout: Chart, x: float, text: str, colour: str, *, side: str, y: float = 0.03) -> None:
    """A vertical line at x with words beside it, at the height y in [0, 1]."""
    layout.setdefault("shapes", []).append(
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
    layout.setdefault("annotations", []).append(
        {
            "x": x,
            "yref": "paper",
            "y": y,
            "text": f"<b>{text}</b>",
            "showarrow": False,
            "xanchor": "right" if side == "right" else "left",
            "xshift": -6 if side == "right" else 6,
            "font": {"color": colour},
        }
    )


def numbers(values: NDArray[np.floating]) -> list[float | None]:
    """Plain floats for JSON; what is not finite becomes a gap."""
    return [float(v) if np.isfinite(v) else None for v in values]
