"""How much longer it took than it had to."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def time_over_optimal(episode: Episode, body: Body) -> float:
    """Duration over the least time that the body needs for the expert's path; >= 1 on that path.

    The least time is that of pulling with all the acceleration of the manner's motion group up to
    its limit of speed, from the speed at the start, without stopping at the end. NaN for a failure.

    Source:
        Time-optimal motion on a given path, Bobrow et al., Int. J. Robot. Res. 4 (1985) 3, with the
        limits as norms.
    """
    if not episode.success_at_end:
        return np.nan
    name = body.profile(episode).motion_group
    group = body.embodiment.motion_group(name)
    limit, pull = group.velocity_limit, group.acceleration_limit
    begin = float(np.linalg.norm(episode.velocity[0, body.embodiment.motion_slice(name)]))
    begin = min(begin, limit)
    way = episode.expert_path_length_m
    pulling = (limit**2 - begin**2) / (2.0 * pull)  # [m] until the limit is reached
    if way <= pulling:
        least_s = (np.sqrt(begin**2 + 2.0 * pull * way) - begin) / pull
    else:
        least_s = (limit - begin) / pull + (way - pulling) / limit
    return float(episode.n_steps * episode.control_dt_s / least_s)
