"""What is done with results, by name: one entry each, its settings are what is typed."""

from collections.abc import Callable, Mapping

from vla_sim.loop.benching.comparing import CompareRun
from vla_sim.loop.benching.merging import MergeRun
from vla_sim.loop.benching.powering import PowerRun


def compare() -> CompareRun:
    """On success, under the true instruction."""
    return CompareRun()


def merge() -> MergeRun:
    """All shards that are named."""
    return MergeRun()


def power() -> PowerRun:
    """From 50 to 70 %, with outcomes that correlate by 0.5."""
    return PowerRun()


COMPARES: Mapping[str, Callable[[], CompareRun]] = {"default": compare}
MERGES: Mapping[str, Callable[[], MergeRun]] = {"default": merge}
POWERS: Mapping[str, Callable[[], PowerRun]] = {"default": power}
