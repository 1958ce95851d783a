"""Detectors by name."""

from collections.abc import Callable, Mapping

from vla_sim.loop.detecting.detect import DetectRun


def default() -> DetectRun:
    """A detector of the spine's tasks."""
    return DetectRun()


RECIPES: Mapping[str, Callable[[], DetectRun]] = {"default": default}
