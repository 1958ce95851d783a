"""Whether the adverb was obeyed."""

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def manner_kept(episode: Episode, body: Body) -> float:
    """1 if the measured motion lies within the bands of the true manner, else 0.

    See `MannerProfile.is_kept`; a diverged simulation keeps no manner either.
    """
    profile = body.profile(episode)
    group = body.embodiment.motion_slice(profile.motion_group)
    return float(
        not episode.diverged
        and profile.is_kept(
            episode.velocity[1:, group], episode.acceleration[:, group], episode.control_dt_s
        )
    )
