"""Timeline: how fast, how hard and how rough an episode was, with the limits as red lines."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Norms of one motion group over the episode, one entry a control step.

    Attributes:
        time_s: (T,), end of each step.
        unit: Unit of position.
        speed: (T,) [unit/s], after each step.
        acceleration: (T,) [unit/s^2], mean over each step.
        jerk: (T,) [unit/s^3], its change since the step before; NaN in the first.
        speed_limit: The Embodiment's bound, also below: the same as in the priors and violations.
        acceleration_limit: [unit/s^2].
        jerk_limit: [unit/s^3].
        speed_asked: What the manner allows: the upper end of its typical speed [unit/s].
        acceleration_asked: Its 95th percentile [unit/s^2].
        jerk_asked: Its 95th percentile [unit/s^3].
        shielded: (T,) whether the shield changed the action of the step; None without a shield.
    """

    time_s: Floats
    unit: str
    speed: Floats
    acceleration: Floats
    jerk: Floats
    speed_limit: float
    acceleration_limit: float
    jerk_limit: float
    speed_asked: float
    acceleration_asked: float
    jerk_asked: float
    shielded: NDArray[np.bool_] | None = None


def timeline(episode: Episode, body: Body) -> Timeline:
    """The timeline of the motion group that carries the manner."""
    profile = body.profile(episode)
    name = profile.motion_group
    part, group = body.embodiment.motion_slice(name), body.embodiment.motion_group(name)
    acceleration = episode.acceleration[:, part]
    jerk = np.full(len(acceleration), np.nan)
    jerk[1:] = np.linalg.norm(np.diff(acceleration, axis=0), axis=1) / episode.control_dt_s
    return Timeline(
        time_s=np.arange(1.0, episode.n_steps + 1.0) * episode.control_dt_s,
        unit=group.unit,
        speed=np.linalg.norm(episode.velocity[1:, part], axis=1),
        acceleration=np.linalg.norm(acceleration, axis=1),
        jerk=jerk,
        speed_limit=group.velocity_limit,
        acceleration_limit=group.acceleration_limit,
        jerk_limit=group.jerk_limit,
        speed_asked=profile.typical_speed_band[1],
        acceleration_asked=profile.peak_acceleration,
        jerk_asked=profile.peak_jerk,
        shielded=None if episode.shield_change is None else episode.shield_change > 0.0,
    )
