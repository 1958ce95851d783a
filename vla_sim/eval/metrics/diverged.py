"""Whether the physics blew up."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def diverged(episode: Episode, body: Body) -> float:
    """1 if the simulation diverged, else 0."""
    del body
    return float(episode.diverged)
