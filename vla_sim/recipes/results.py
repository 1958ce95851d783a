"""What is done with results, by name: one entry each, its settings are what is typed."""

from collections.abc import Callable, Mapping

from vla_sim.loop.benching.comparing import CompareRun
from vla_sim.loop.benching.merging import MergeRun
from vla_sim.loop.benching.powering import PowerRun
from vla_sim.loop.benching.spanning import AcrossRun


def compare() -> CompareRun:
    """On success, under the true instruction."""
    return CompareRun()


def across() -> AcrossRun:
    """From the rows alone; --distances runs the episodes again."""
    return AcrossRun()


def merge() -> MergeRun:
    """All shards that are named."""
    return MergeRun()


def power() -> PowerRun:
    """From 50 to 70 %, with outcomes that correlate by 0.5."""
    return PowerRun()


ACROSSES: Mapping[str, Callable[[], AcrossRun]] = {"default": across}
COMPARES: Mapping[str, Callable[[], CompareRun]] = {"default": compare}
MERGES: Mapping[str, Callable[[], MergeRun]] = {"default": merge}
POWERS: Mapping[str, Callable[[], PowerRun]] = {"default": power}
