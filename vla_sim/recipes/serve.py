"""Servers by name."""

from collections.abc import Callable, Mapping

from vla_sim.loop.serving.serve import ServeRun


def default() -> ServeRun:
    """A policy for clients of this machine, in the words that `bench` uses."""
    return ServeRun()


RECIPES: Mapping[str, Callable[[], ServeRun]] = {"default": default}
