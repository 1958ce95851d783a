"""Shaped progress: how far an episode got, read off its shaped reward, of whatever task."""

from vla_sim.records.episode import Episode


def shaped_progress(episode: Episode) -> float:
    """Share of what could be gained that was gained at the best step, in [0, 1].

    The shaped reward is 1 where the task is done; what it was after the first step is the start. An
    episode that ended in success made all of it, one whose physics blew up none.
    """
    if episode.success_at_end:
        return 1.0
    if episode.diverged:
        return 0.0
    start, best = float(episode.reward[0]), float(episode.reward.max())
    gained = (best - start) / max(1.0 - start, 1e-9)
    return min(max(gained, 0.0), 1.0)
