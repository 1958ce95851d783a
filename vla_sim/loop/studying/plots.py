"""Plots: rows of dots and intervals on one axis, as SVG that reads on light and on dark pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

Tone = Literal["base", "plain", "good", "bad"]
Interval = tuple[float, float]
ROW_PX = 22
TOP_PX = 10
AXIS_PX = 30
PLOT_PX = 520
LETTER_PX = 7.4
"""Width of a letter of the labels, on the wide side: fonts differ."""
MARGIN_PX = 16
MOST_TICKS = 8


@dataclass(frozen=True, kw_only=True)
class PlotRow:
    """One line of a plot.

    Attributes:
        label: What stands at its left.
        dots: One for each seed.
        mean: A longer mark; None for none.
        thin: An interval as a line; None for none.
        thick: An interval as a bar; None for none.
        tone: How it is coloured.
    """

    label: str
    dots: tuple[float, ...]
    mean: float | None
    thin: Interval | None = None
    thick: Interval | None = None
    tone: Tone = "plain"


def rows_svg(rows: Sequence[PlotRow], *, title: str, line: float | None, signed: bool) -> str:
    """One plot.

    Args:
        rows: From the top down; values are what the axis shows.
        title: For who cannot see it.
        line: A value that all rows are seen against; None for none.
        signed: Ticks show the sign of a difference.

    Returns:
        SVG text.
    """
    low, high = _range(rows, line)
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    left = MARGIN_PX + LETTER_PX * max(len(row.label) for row in rows)
    height = TOP_PX + ROW_PX * len(rows)

    def x(value: float) -> float:
        return left + MARGIN_PX / 2 + (value - low) / (high - low) * PLOT_PX

    def placed(interval: Interval | None) -> Interval | None:
        return None if interval is None else (x(interval[0]), x(interval[1]))

    drawn: list[dict[str, Any]] = [
        {
            "label": row.label,
            "tone": row.tone,
            "y": TOP_PX + ROW_PX * (k + 0.5),
            "dots": [x(dot) for dot in row.dots],
            "mean": None if row.mean is None else x(row.mean),
            "thin": placed(row.thin),
            "thick": placed(row.thick),
        }
        for k, row in enumerate(rows)
    ]
    return _ENVIRONMENT.get_template("rows.svg.j2").render(
        title=title,
        rows=drawn,
        ticks=[(x(tick), _written(tick, signed=signed)) for tick in ticks],
        line=None if line is None else x(line),
        label_x=left - MARGIN_PX / 2,
        top=TOP_PX / 2,
        bottom=height + TOP_PX / 2,
        width=left + PLOT_PX + 2 * MARGIN_PX,
        height=height + AXIS_PX,
    )


def _range(rows: Sequence[PlotRow], line: float | None) -> Interval:
    """What the axis has to reach; an interval of a few seeds may be cut off at thrice that."""
    shown = [value for row in rows for value in (*row.dots, *(row.thick or ()))]
    shown += [] if line is None else [line]
    if not shown:
        return 0.0, 1.0
    low, high = min(shown), max(shown)
    room = max(high - low, 1e-6)
    ends = [value for row in rows for value in (row.thin or ())]
    low = max(min([low, *ends]), low - room)
    high = min(max([high, *ends]), high + room)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers over a range, a few of them."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [k * step for k in range(first, last + 1)]


def _written(value: float, *, signed: bool) -> str:
    text = f"{value:+.6g}" if signed and value else f"{value:.6g}"
    return text.replace("-", "−")


_ENVIRONMENT = Environment(
    loader=PackageLoader("vla_sim.loop.studying"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
)
_ENVIRONMENT.filters["px"] = lambda value: f"{value:.1f}".removesuffix(".0")
