"""How fast it went."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def typical_speed(episode: Episode, body: Body) -> float:
    """Median speed of the manner's motion group over the moving steps [m/s]; NaN if none moved."""
    profile = body.profile(episode)
    group = body.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[1:, group], axis=1)
    moving = speed > profile.still_speed
    return float(np.median(speed[moving])) if moving.any() and not episode.diverged else np.nan
