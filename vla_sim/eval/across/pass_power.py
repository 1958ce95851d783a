"""How likely all of k attempts succeed."""

from collections.abc import Mapping

import numpy as np
from scipy.special import comb

from vla_sim.errors import BadConfig
from vla_sim.eval.across.number import Attempts
from vla_sim.eval.body import Body
from vla_sim.eval.statistics import wilson
from vla_sim.records.reports import Estimate

K = 4
"""Attempts that all have to succeed."""


def pass_power(episodes: Attempts, bodies: Mapping[str, Body]) -> Estimate | None:
    """Chance that `K` episodes of a task all succeed at the end, mean over tasks; n episodes.

    None where a task has fewer than `K` episodes.

    Source:
        pass^k, tau-bench, arXiv 2406.12045.
    """
    del bodies
    by_task: dict[str, list[bool]] = {}
    for episode in episodes:
        by_task.setdefault(episode.spec.task_id, []).append(episode.success_at_end)
    if not by_task or any(len(outcomes) < K for outcomes in by_task.values()):
        return None
    each = [all_of(sum(outcomes), len(outcomes), K) for outcomes in by_task.values()]
    value, low, high = np.mean([[e.value, e.low, e.high] for e in each], axis=0)
    return Estimate(value=value, n=len(episodes), low=min(low, value), high=max(high, value))


def all_of(n_hits: int, n: int, k: int) -> Estimate:
    """C(n_hits, k) / C(n, k): how many draws of k out of n attempts are all hits.

    The interval is Wilson's for one attempt, to the power of k.

    Raises:
        BadConfig: If k is not in [1, n], or n_hits not in [0, n].
    """
    if not 1 <= k <= n:
        raise BadConfig(f"k is {k}; of {n} attempts, 1 to {n} can be asked to succeed")
    single = wilson(n_hits, n)
    value = float(comb(n_hits, k, exact=True) / comb(n, k, exact=True))
    low, high = single.low**k, single.high**k
    return Estimate(value=value, n=n, low=min(low, value), high=max(high, value))
