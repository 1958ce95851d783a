"""How rough the motion is on the whole."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def rms_jerk(episode: Episode, body: Body) -> float:
    """Root mean square jerk of the manner's motion group over the moving steps [m/s^3].

    Still phases would dilute it, so they do not count. NaN where nothing moved or the physics
    diverged. Compare at equal control rates only.
    """
    profile = body.profile(episode)
    group = body.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[:, group], axis=1)
    jerk = np.diff(episode.acceleration[:, group], axis=0) / episode.control_dt_s  # (T - 1, g)
    moving = speed[1:-1] > profile.still_speed  # the state between the two accelerations
    if not moving.any() or episode.diverged:
        return np.nan
    return float(np.sqrt((jerk[moving] ** 2).sum(axis=1).mean()))
