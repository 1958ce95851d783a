"""How much of the way was driven at the speed that was asked for."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def speed_adherence(episode: Episode, body: Body) -> float:
    """Share of the moving steps whose speed lies in the true manner's band, in [0, 1].

    NaN where nothing moved or the physics diverged.

    Source:
        The idea of Bench2Drive-Speed: speed commands are scored by adherence over the drive.
    """
    profile = body.profile(episode)
    group = body.embodiment.motion_slice(profile.motion_group)
    speed = np.linalg.norm(episode.velocity[1:, group], axis=1)
    moving = speed > profile.still_speed
    if episode.diverged or not moving.any():
        return np.nan
    low, high = profile.typical_speed_band
    return float(((speed >= low) & (speed <= high))[moving].mean())
