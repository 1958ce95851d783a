"""The curves of a policy that got better by reinforcement, over control steps."""

from vla_sim.eval.report import plot
from vla_sim.eval.report.content import Practice
from vla_sim.eval.report.plot import Chart

_GOAL_PERCENT = 80


def practice_curves(practice: Practice) -> list[Chart]:
    """Success and return of the training episodes; the moment of 80 % is marked."""
    success = _curve("practice-success", practice, "success", "Success in training", "--success")
    success["layout"]["yaxis"].update(range=[-2, 104], title=plot.title("success [%]"))
    success["layout"]["shapes"] = [plot.level("y", _GOAL_PERCENT, "--text-soft", "dot")]
    if practice.steps_to_80 is not None:
        at, text = practice.steps_to_80 / 1000, f"80 % after {practice.steps_to_80:,} steps"
        plot.mark(success["layout"], at, text, "--good", side="right")
    gained = _curve("practice-return", practice, "return", "Return in training", "--series-2")
    gained["layout"]["yaxis"]["title"] = plot.title("return of an episode")
    return [success, gained]


def _curve(identity: str, practice: Practice, key: str, name: str, colour: str) -> Chart:
    factor = 100.0 if key == "success" else 1.0
    x = [row["env_steps"] / 1000 for row in practice.rows]
    y = [factor * row[key] if key in row else None for row in practice.rows]
    line = plot.line(x, y, name, colour, width=3)
    line["mode"] = "lines" if len(x) > 1 else "markers"
    layout = plot.layout("control steps of training [thousands]", "")
    return {"id": identity, "height": 300, "data": [line], "layout": layout}
