"""Discomfort on the whole."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.eval.comfort import rms_use
from vla_sim.records.episode import Episode


def comfort_rms(episode: Episode, body: Body) -> float:
    """Largest root mean square use of any comfort bound; 1 is the bound itself.

    NaN if the episode is too short for any signal, or the physics diverged.
    """
    used = np.array(list(rms_use(body.comfort, episode, body.embodiment).values()))
    used = used[~np.isnan(used)]
    return float(used.max()) if len(used) and not episode.diverged else np.nan
