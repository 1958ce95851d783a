"""The hardest jolt."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def peak_jerk(episode: Episode, body: Body) -> float:
    """Largest jerk norm of the manner's motion group at the control rate [m/s^3].

    NaN for an episode of one step or a diverged one. Compare at equal control rates only.
    """
    group = body.embodiment.motion_slice(body.profile(episode).motion_group)
    jerk = np.diff(episode.acceleration[:, group], axis=0) / episode.control_dt_s
    size = np.linalg.norm(jerk, axis=1)
    return float(size.max()) if len(size) and not episode.diverged else np.nan
