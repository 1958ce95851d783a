"""Success weighted by path length."""

from vla_sim.errors import BadConfig
from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def spl(episode: Episode, body: Body) -> float:
    """Success at the end times the expert's path length over the longer of the two paths.

    Returns:
        Pure number in [0, 1]; 0 for a failure.

    Raises:
        BadConfig: If the expert's path has no length: a task must not start on its goal.

    Source:
        Anderson et al., arXiv 1807.06757; the geodesic is the expert's path ("expert-SPL").
    """
    del body
    expert_m = episode.expert_path_length_m
    if not expert_m > 0:
        raise BadConfig(
            f"{episode.spec.task_id} seed {episode.spec.seed}: the expert's path is {expert_m} m "
            "long, so SPL is 0/0; the task must not start on its goal"
        )
    if not episode.success_at_end:
        return 0.0
    return expert_m / max(episode.path_length_m, expert_m)
