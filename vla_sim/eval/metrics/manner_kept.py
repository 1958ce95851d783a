"""Whether the adverb was obeyed."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode

PERCENTILE = 95.0
"""Of acceleration and jerk: one contact step is no manner."""


def manner_kept(episode: Episode, body: Body) -> float:
    """1 if the measured motion lies within the bands of the true manner, else 0.

    The median speed over the moving steps must lie in `typical_speed_band`; the 95th percentiles of
    the acceleration and jerk norms over the same steps must not pass their bounds. Standing still
    keeps no manner, and neither does a diverged simulation.
    """
    profile = body.profile(episode)
    group = body.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[1:, group], axis=1)  # (T,), after each step
    moving = speed > profile.still_speed
    if episode.diverged or not moving.any():
        return 0.0
    low, high = profile.typical_speed_band
    if not low <= float(np.median(speed[moving])) <= high:
        return 0.0
    acceleration = episode.acceleration[:, group]
    if np.percentile(np.linalg.norm(acceleration[moving], axis=1), PERCENTILE) > (
        profile.peak_acceleration
    ):
        return 0.0
    jerk = np.linalg.norm(np.diff(acceleration, axis=0), axis=1) / episode.control_dt_s
    jerk = jerk[moving[1:]]
    return float(len(jerk) == 0 or np.percentile(jerk, PERCENTILE) <= profile.peak_jerk)
