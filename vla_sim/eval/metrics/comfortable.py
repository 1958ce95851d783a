"""Whether all comfort bounds were kept."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.eval.comfort import peak_use
from vla_sim.records.episode import Episode


def comfortable(episode: Episode, body: Body) -> float:
    """1 if no comfort bound of the body was passed at any step, else 0.

    NaN if the episode is too short for any signal; 0 if the physics diverged.
    """
    if episode.diverged:
        return 0.0
    used = np.array(list(peak_use(body.comfort, episode, body.embodiment).values()))
    used = used[~np.isnan(used)]
    return float((used <= 1.0).all()) if len(used) else np.nan
