"""Demos by name, and reports, which need a folder more than a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vla_sim.loop.demo import DemoRun
from vla_sim.loop.showing.reporting import ReportRun
from vla_sim.recipes import align, bench, collect

UPDATES = 2_000
"""More than half of the default recipe's: the loop is to be seen to work within minutes."""
EPISODES = 50
"""Half of the default benchmark's per task and arm, for the same reason."""


def default() -> DemoRun:
    """The closed loop on the embedded defaults, shorter than they are, on 2 cores."""
    return DemoRun(
        align=replace(align.default(), max_updates=UPDATES),
        bench=replace(bench.default(), episodes=EPISODES),
    )


def glance() -> DemoRun:
    """Every step for seconds: shows that all of it works, learns nothing."""
    return DemoRun(
        collect=replace(collect.glance(), episodes=1),
        align=align.glance(),
        bench=bench.glance(),
    )


DEMOS: Mapping[str, Callable[[], DemoRun]] = {"default": default, "glance": glance}
REPORTS: Mapping[str, Callable[[], ReportRun]] = {"default": ReportRun}
