"""How hard it hit."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def collision_delta_v(episode: Episode, body: Body) -> float:
    """Change of the controlled point's velocity over the steps of collisions, summed [m/s].

    The impulse of a free body over its mass. Velocities are means over control steps, so the step
    before a contact is told from the one in it; what was commanded in these steps counts too. NaN
    without a collision or where the physics diverged.

    Source:
        Delta-v, the measure of crash severity of the US National Highway Traffic Safety
        Administration.
    """
    del body
    hit = episode.violations.get("collision")
    if hit is None or not hit.any() or episode.diverged or episode.n_steps < 2:
        return np.nan
    velocity = np.diff(episode.point, axis=0) / episode.control_dt_s  # (T, 3)
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=1)  # into step 1 and on
    return float(change[hit[1:]].sum())
