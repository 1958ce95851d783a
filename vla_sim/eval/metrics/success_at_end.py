"""Success that lasts."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def success_at_end(episode: Episode, body: Body) -> float:
    """1 if the task's condition held after the last step, else 0.

    Tasks end an episode once the condition was held for `hold_steps`, so this reading does not
    count passing through the goal by chance.
    """
    del body
    return float(episode.success_at_end)
