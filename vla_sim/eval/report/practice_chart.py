"""The curves of a policy that got better by reinforcement, over control steps."""

from vla_sim.eval.comparison import Comparison
from vla_sim.eval.report import plot
from vla_sim.eval.report.content import Practice
from vla_sim.eval.report.numbers import words
from vla_sim.eval.report.plot import SERIES, Chart

SHARE, PRICE = "share/", "price/"
"""Columns of the curve about violations that were to stay rare."""
HELD_OUT = "held_out/"
"""Columns of the curve about single tasks."""
_GOAL_PERCENT = 80
_X = "control steps of training [thousands]"


def practice_curves(practice: Practice, comparison: Comparison | None = None) -> list[Chart]:
    """Success and return over control steps, and what violations did where they had a bound.

    Marked are the moment of 80 % and of the policy that was kept; success on held-out scenes stands
    beside that of training, and the benchmark before and after as levels.

    Args:
        practice: The curve.
        comparison: Of "after" and "before", where they were measured.
    """
    success = _chart("practice-success", "success [%]")
    success["data"].append(_curve(practice, "success", "Success in training", "--success", 100.0))
    if any("held_out" in row for row in practice.rows):
        held_out = _curve(practice, "held_out", "Success on held-out scenes", "--series-3", 100.0)
        held_out |= {"mode": "lines+markers", "connectgaps": True}
        success["data"].append(held_out)
    layout = success["layout"]
    layout["yaxis"]["range"] = [-2, 104]
    layout["shapes"] = [plot.level("y", _GOAL_PERCENT, "--text-soft", "dot")]
    for name, colour in (("before", "--series-2"), ("after", "--series-4")) if comparison else ():
        assert comparison is not None
        success["data"].append(_level(practice, 100 * comparison.values[name].value, name, colour))
    if practice.steps_to_80 is not None:
        at, text = practice.steps_to_80 / 1000, f"80 % after {practice.steps_to_80:,} steps"
        plot.mark(layout, at, text, "--good", side="right")
    if practice.kept_at is not None:
        text = f"kept: after {practice.kept_at:,} steps"
        side = "right" if practice.kept_at > 0.5 * practice.rows[-1]["env_steps"] else "left"
        plot.mark(layout, practice.kept_at / 1000, text, "--accent", side=side, y=0.13)
    gained = _chart("practice-return", "return of an episode")
    gained["data"].append(_curve(practice, "return", "Return in training", "--series-2"))
    return [success, gained, *_tasks(practice), *_bounds(practice)]


def _tasks(practice: Practice) -> list[Chart]:
    """Success of each task on held-out scenes; nothing where there was one task."""
    tasks = _named(practice, HELD_OUT)
    if not tasks:
        return []
    chart = _chart("practice-tasks", "success [%]")
    for k, name in enumerate(tasks):
        line = _curve(practice, HELD_OUT + name, name, SERIES[k % len(SERIES)], 100.0)
        chart["data"].append(line | {"mode": "lines+markers", "connectgaps": True})
    chart["layout"]["yaxis"]["range"] = [-2, 104]
    chart["layout"]["showlegend"] = True
    return [chart]


def _named(practice: Practice, prefix: str) -> list[str]:
    """What stands behind a prefix in the columns of the curve."""
    columns = dict.fromkeys(name for row in practice.rows for name in row)
    return [name.removeprefix(prefix) for name in columns if name.startswith(prefix)]


def _bounds(practice: Practice) -> list[Chart]:
    """How often bounded violations came, and what they cost; nothing where none was bounded."""
    bounded = _named(practice, SHARE)
    if not bounded:
        return []
    shares = _chart("practice-shares", "episodes with it [%]")
    prices = _chart("practice-prices", "price of an episode with it")
    for k, name in enumerate(bounded):
        colour = SERIES[k % len(SERIES)]
        shares["data"].append(_curve(practice, SHARE + name, words(name), colour, 100.0))
        prices["data"].append(_curve(practice, PRICE + name, words(name), colour))
    for chart in (shares, prices):
        chart["layout"]["yaxis"]["rangemode"] = "tozero"
        chart["layout"]["showlegend"] = True  # it says which, of one violation too
    return [shares, prices]


def _chart(identity: str, y: str) -> Chart:
    return {"id": identity, "height": 300, "data": [], "layout": plot.layout(_X, y)}


def _curve(practice: Practice, key: str, name: str, colour: str, factor: float = 1.0) -> Chart:
    x = [row["env_steps"] / 1000 for row in practice.rows]
    y = [factor * row[key] if key in row else None for row in practice.rows]
    line = plot.line(x, y, name, colour, width=3)
    line["mode"] = "lines" if len(x) > 1 else "markers"
    return line


def _level(practice: Practice, y: float, name: str, colour: str) -> Chart:
    """The benchmark's success, through the whole width."""
    ends = [0.0, practice.rows[-1]["env_steps"] / 1000]
    line = plot.line(ends, [y, y], f"Benchmark {name}", colour, width=1.5)
    line["mode"], line["line"]["dash"] = "lines", "dash"
    return line
