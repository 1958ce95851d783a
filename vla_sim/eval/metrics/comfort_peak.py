"""The worst moment for comfort."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.eval.comfort import peak_use
from vla_sim.records.episode import Episode


def comfort_peak(episode: Episode, body: Body) -> float:
    """Largest use of any comfort bound at any step; 1 is the bound itself.

    NaN if the episode is too short for any signal, or the physics diverged.
    """
    used = np.array(list(peak_use(body.comfort, episode, body.embodiment).values()))
    used = used[~np.isnan(used)]
    return float(used.max()) if len(used) and not episode.diverged else np.nan
