"""How long the attempt took."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def time_s(episode: Episode, body: Body) -> float:
    """Duration of the episode [s]; a failure counts with all the time that it used."""
    del body
    return episode.n_steps * episode.control_dt_s
