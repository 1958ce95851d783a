"""Demos by name, and reports, which need a folder more than a recipe."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from vla_sim.loop.demo import DemoRun
from vla_sim.loop.showing.reporting import ReportRun
from vla_sim.recipes import align, bench, collect

UPDATES = 1_700
"""Nearly half of the default recipe's: the loop is to be seen to work within 8 minutes. It is
judged oftener, so that the curriculum still opens its gates."""


def default() -> DemoRun:
    """The closed loop on the embedded defaults, aligned for a shorter time, on 2 cores."""
    shorter = replace(align.default(), max_updates=UPDATES, rounds_per_evaluation=6)
    return DemoRun(align=shorter, bench=bench.default())


def glance() -> DemoRun:
    """Every step for seconds: shows that all of it works, learns nothing."""
    return DemoRun(
        collect=replace(collect.glance(), episodes=1),
        align=align.glance(),
        bench=bench.glance(),
    )


DEMOS: Mapping[str, Callable[[], DemoRun]] = {"default": default, "glance": glance}
REPORTS: Mapping[str, Callable[[], ReportRun]] = {"default": ReportRun}
