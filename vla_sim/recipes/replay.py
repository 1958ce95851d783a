"""Replays, which need a result more than a recipe."""

from collections.abc import Callable, Mapping

from vla_sim.loop.showing.replay import ReplayRun


def default() -> ReplayRun:
    """An episode of a result, by its place there."""
    return ReplayRun()


RECIPES: Mapping[str, Callable[[], ReplayRun]] = {"default": default}
