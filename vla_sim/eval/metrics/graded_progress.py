"""How far the attempt came, success or not."""

import numpy as np

from vla_sim.eval.body import Body
from vla_sim.eval.progress import progress_curve
from vla_sim.records.episode import Episode


def graded_progress(episode: Episode, body: Body) -> float:
    """The best progress over the task's sub-goals, in [0, 1]; 1 exactly where it succeeded once.

    NaN for a failure of a task that names no sub-goals.

    Source:
        `eval/progress.py`; VLABench, arXiv 2412.18194.
    """
    del body
    if not episode.subgoals and not episode.success_once:
        return np.nan
    return float(progress_curve(episode)[-1])
