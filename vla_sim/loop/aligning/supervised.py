"""Supervised: what supervision needs of a run is there, or the run does not begin."""

from vla_sim.envs.task_table import TaskTable
from vla_sim.envs.tasks import make_task
from vla_sim.errors import BadConfig
from vla_sim.loop.aligning.learner import LearnerConfig
from vla_sim.loop.aligning.reach_labels import ReachLabels
from vla_sim.loop.simulating.simulators import StationConfig


def check_supervised(
    learner: LearnerConfig,
    stations: StationConfig,
    table: TaskTable,
    task_ids: tuple[str, ...],
    *,
    simulated: bool,
) -> None:
    """See that every kind of supervision that is on has what it learns from.

    Args:
        learner: Settings of the learner.
        stations: Settings of the simulators.
        table: The tasks that rows count by.
        task_ids: The tasks of the run.
        simulated: Triples come from the running simulators, not from a dataset.

    Raises:
        BadConfig: It names the setting and the way out.
    """
    own = learner.trainer.supervision
    if own.reachability.weight:
        ReachLabels(table).check(task_ids)
    if own.coherency.steps_wanted:
        if not simulated:
            raise BadConfig(
                "supervision.coherency is on, and datasets give no strips of consecutive pictures: "
                "learn from the simulators (no --data), or set its weight to 0"
            )
        for task_id in task_ids:
            embodiment = make_task(task_id).robot.embodiment
            own.coherency.check_rate(embodiment.name, embodiment.control_dt_s)
    if stations.clip_jitter and not simulated:
        raise BadConfig(
            f"simulators.clip_jitter is {stations.clip_jitter}, and the clips of a dataset are cut "
            "as they are: learn from the simulators (no --data), or leave the setting away"
        )
    if own.pseudo_labels.weight and simulated and learner.memory.label_share == 1.0:
        raise BadConfig(
            f"supervision.pseudo_labels.weight is {own.pseudo_labels.weight}, and every row has "
            "its actions: there is nothing to label; give memory.label_share less than 1"
        )
