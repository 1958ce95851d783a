"""Collections by name."""

from collections.abc import Callable, Mapping

from vla_sim.envs.crank import CrankConfig
from vla_sim.loop.collecting.collect import CollectRun


def default() -> CollectRun:
    """50 episodes of each of the four tasks that the default model learns, by the experts."""
    return CollectRun()


def arm() -> CollectRun:
    """The arm's two of these tasks."""
    return CollectRun(tasks=("Reach", "Lift"))


def car() -> CollectRun:
    """The car's two of these tasks."""
    return CollectRun(tasks=("DriveToGoal", "ChangeLane"))


def large() -> CollectRun:
    """2,000 episodes of each of the four tasks, in pictures of 96 px."""
    return CollectRun(episodes=2_000, n_slots=64, crank=CrankConfig(image_size=96))


def glance() -> CollectRun:
    """2 episodes of each of the four tasks, to look at the format."""
    return CollectRun(episodes=2, n_slots=2)


RECIPES: Mapping[str, Callable[[], CollectRun]] = {
    "default": default,
    "arm": arm,
    "car": car,
    "large": large,
    "glance": glance,
}
