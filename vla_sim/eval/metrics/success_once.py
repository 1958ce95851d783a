"""Success at any time."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def success_once(episode: Episode, body: Body) -> float:
    """1 if the task's condition held after at least one step, else 0."""
    del body
    return float(episode.success_once)
