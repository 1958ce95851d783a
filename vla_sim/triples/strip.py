"""Strip: consecutive pictures of some episodes, on which motion can be told in time.

A segment's four pictures and eight knots hold no frequency; sixty pictures do, and cost sixty times
what a moment costs. So one episode in a few gives one strip, and nothing is kept on disk.
"""

import numpy as np

from vla_sim.envs.streams import stream
from vla_sim.errors import BadRows
from vla_sim.records.episode import Episode
from vla_sim.records.triple import N_ACT, StripTriples

ONE_IN = 4
"""Episodes, of which one gives a strip."""


def strip(episode: Episode, *, task: int, n_steps: int) -> StripTriples | None:
    """One row for an episode that gives a strip; None for the others, and for short ones.

    Which episodes give one, and from which step on, follows from the episode's seed.

    Args:
        episode: With pictures.
        task: Index of its task.
        n_steps: Steps of the strip.

    Raises:
        BadRows: If the episode has no pictures.
    """
    if episode.images is None:
        name = f"episode {episode.spec.task_id!r} with seed {episode.spec.seed}"
        raise BadRows(f"{name} has no pictures to cut a strip from: roll it out with cameras")
    rng = stream(episode.spec.task_id, episode.spec.seed, "strip")
    chosen = rng.integers(ONE_IN) == 0
    last = min(episode.n_steps, len(episode.images) - 1) - n_steps
    if not chosen or last < 0:
        return None
    start = int(rng.integers(last + 1))
    action = np.zeros((1, n_steps, N_ACT), np.float32)
    acted = episode.actions[start : start + n_steps]
    action[0, :, : acted.shape[1]] = acted
    return StripTriples(
        strip=episode.images[start : start + n_steps + 1][None],
        action=action,
        task=np.array([task], np.int64),
        seed=np.array([episode.spec.seed], np.int64),
    )
