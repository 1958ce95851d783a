"""Success for as long as the task asks."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.records.episode import Episode


def success_held(episode: Episode, body: Body) -> float:
    """1 if the condition held for the task's `hold_steps` steps in a row at any time, else 0.

    Of a task that wants it at the horizon's end (0 steps), whether it held after the last step.
    """
    del body
    if episode.hold_steps == 0:
        return float(episode.success_at_end)
    off = np.flatnonzero(np.concatenate([[True], ~episode.success, [True]]))
    return float(np.diff(off).max() - 1 >= episode.hold_steps)
