"""Suites: what a benchmark runs, by name."""

from vla_sim.envs.task_names import task_id_of

SPINE: tuple[str, ...] = tuple(
    task_id_of(name) for name in ("Reach", "Lift", "DriveToGoal", "ChangeLane")
)
"""Two tasks of either robot, which the default model learns together within minutes."""

CORE: tuple[str, ...] = SPINE
