"""Progress: how far an attempt has come, from what was left of each sub-goal."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.episode import Episode

Floats = NDArray[np.float64]


def progress_curve(episode: Episode) -> Floats:
    """The best so far, (T + 1,) in [0, 1]: 0 at the start, 1 from where the condition held.

    A sub-goal counts by the share of it that is done, 1 - least left / left at the start; one that
    was reached at the start does not count. Success is one more, which is done or not. Progress is
    the mean of these, so below 1 without success. Of a chain, each instruction counts alike.

    Source:
        The idea of a sub-goal score: VLABench (arXiv 2412.18194), RoboLab.
    """
    n_states, n_asked = episode.n_steps + 1, episode.spec.n_instructions
    stage = np.zeros(n_states, dtype=np.int64) if episode.stage is None else episode.stage
    succeeded = np.concatenate([[False], np.maximum.accumulate(episode.success)])
    curve = np.empty(n_states)
    for number in np.unique(stage):
        during = stage == number
        left = {name: values[during] for name, values in episode.subgoals.items()}
        done = _shares(left, int(during.sum()))
        # Success is one more sub-goal, and is not done yet.
        curve[during] = (number + done.sum(axis=0) / (len(done) + 1.0)) / n_asked
    curve[succeeded] = 1.0
    return np.maximum.accumulate(curve)


def subgoal_shares(episode: Episode) -> dict[str, float]:
    """{sub-goal of the last instruction: share of it that was done at best}; those that count."""
    last = slice(None) if episode.stage is None else episode.stage == episode.stage[-1]
    left = {name: values[last] for name, values in episode.subgoals.items()}
    return {
        name: float(_shares({name: values}, len(values))[0, -1])
        for name, values in left.items()
        if values[0] > 0.0
    }


def _shares(left: Mapping[str, NDArray[np.float32]], n_states: int) -> Floats:
    """(S, n_states) how much of each sub-goal that was open at the start is done so far."""
    rows = [values.astype(np.float64) for values in left.values() if values[0] > 0.0]
    if not rows:
        return np.zeros((0, n_states))
    least = np.fmin.accumulate(np.array(rows), axis=1)  # what diverged has brought nothing nearer
    return np.clip(1.0 - least / least[:, :1], 0.0, 1.0)
