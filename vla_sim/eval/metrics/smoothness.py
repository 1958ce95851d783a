"""Jerk without units, so that slow and fast motions compare."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode

START = 0.01
"""Share of the top speed at which motion begins and ends; relative, so size does not matter."""


def log_dimensionless_jerk(episode: Episode, body: Body) -> float:
    """ln(T^5 / L^2 * integral of |jerk|^2 dt) of the manner's motion group; lower is smoother.

    T and L are duration and length of the part between the first and the last step above `START`:
    waiting is no roughness. A minimum-jerk reach from rest to rest has ln 720, less what lies below
    `START`. NaN where nothing moved, no jerk could be measured, or the physics diverged.

    Source:
        Hogan and Sternad, J. Mot. Behav. 41 (2009) 529.
    """
    profile = body.profile(episode)
    group = body.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[:, group], axis=1)  # (T + 1,)
    if episode.diverged or not speed.max() > profile.still_speed:
        return np.nan
    (moving,) = np.nonzero(speed > START * speed.max())
    first, last = max(moving[0] - 1, 0), min(moving[-1] + 1, episode.n_steps)
    dt_s = episode.control_dt_s
    jerk = np.diff(episode.acceleration[first:last, group], axis=0) / dt_s
    length = float(speed[first : last + 1].sum() * dt_s)
    duration_s = float(last - first) * dt_s
    integral = float((jerk**2).sum() * dt_s)
    if integral == 0.0:
        return np.nan
    return float(np.log(duration_s**5 / length**2 * integral))
