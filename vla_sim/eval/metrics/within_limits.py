"""Whether the body's own limits were kept: the tier above comfort."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.eval.comfort import ArmComfort, peak_use
from vla_sim.records.episode import Episode

_HARDWARE = ArmComfort(acceleration_share=1.0, jerk_share=1.0)


def within_limits(episode: Episode, body: Body) -> float:
    """1 if no motion group passed its limits of acceleration and jerk at any step, else 0.

    Comfort of an arm is a share of these, so this is the second of its two tiers. NaN if the
    episode is too short to say; 0 if the physics diverged.
    """
    if episode.diverged:
        return 0.0
    used = np.array(list(peak_use(_HARDWARE, episode, body.embodiment).values()))
    used = used[~np.isnan(used)]
    return float((used <= 1.0).all()) if len(used) else np.nan
