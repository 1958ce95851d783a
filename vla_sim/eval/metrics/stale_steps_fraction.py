"""How often actions acted late."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def stale_steps_fraction(episode: Episode, body: Body) -> float:
    """Share of the steps on which an action acted that had been sent for an earlier one.

    Source:
        The stale-action ratio of vla-eval's RFC 0001.
    """
    del body
    return 0.0 if episode.stale is None else float(episode.stale.mean())
