"""Sharing: which rows are taken where not all have room, in a batch or in a memory.

Nobody goes without: what has few rows keeps them all, and the others share the rest evenly.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def even_shares(most: Sequence[int], room: int, order: Sequence[int]) -> list[int]:
    """How many rows each kind gives: equally many, but none more than it has.

    Args:
        most: Rows that each kind has.
        room: Rows wanted in all.
        order: The kinds; where the room cannot be divided, those named later get one more.
    """
    shares = [0] * len(most)
    left = room
    # Those that have least choose first, so that the others share what they leave.
    for place, kind in enumerate(sorted(order, key=lambda kind: min(most[kind], room))):
        shares[kind] = min(most[kind], left // (len(most) - place))
        left -= shares[kind]
    return shares


def weighted_shares(weights: Sequence[float], room: int, rng: np.random.Generator) -> list[int]:
    """How many rows each kind gives, in proportion to its weight; remainders are drawn."""
    share = np.array(weights, dtype=np.float64)
    wanted = room * share / share.sum()
    shares = np.floor(wanted).astype(np.int64)
    rest = wanted - shares
    n_left = room - int(shares.sum())
    if n_left:
        shares[rng.choice(len(shares), n_left, replace=False, p=rest / rest.sum())] += 1
    return [int(n) for n in shares]


def spread(n: int, k: int) -> Ints:
    """`k` of the places 0 to n - 1, evenly spaced: an even share of every part."""
    return (np.arange(k) * n + n // 2) // k if k < n else np.arange(n)


def thinned(task: Ints, within: Ints, room: int) -> Ints:
    """The places of the rows that stay when a batch is thinned to what has room.

    Tasks share the room evenly, the values of `within` share what their task has, and the rows of
    one value are taken evenly from its first to its last: of every episode the same part.

    Args:
        task: The task of each row, (n,).
        within: A second property, such as the meaning, (n,); all zero for none.
        room: Rows that have room.

    Returns:
        Places, in order.
    """
    kept = []
    _, of_task, n_of_task = np.unique(task, return_inverse=True, return_counts=True)
    for k, share in enumerate(_evenly(n_of_task, room)):
        mine = np.flatnonzero(of_task == k)
        _, of_value, n_of_value = np.unique(within[mine], return_inverse=True, return_counts=True)
        for value, few in enumerate(_evenly(n_of_value, share)):
            places = mine[of_value == value]
            kept.append(places[spread(len(places), few)])
    return np.sort(np.concatenate([*kept, np.empty(0, np.int64)]))


def outlasting(task: Ints, room: int, floor: int) -> NDArray[np.bool_]:
    """Which rows, oldest first, outlast the others when only `room` may stay.

    The newest stay; but of every task its newest `floor` rows stay in any case.

    Args:
        task: The task of each row, oldest first, (n,).
        room: Rows that may stay; at least `floor` for each task.
        floor: Rows that a task does not lose to others.
    """
    stays = np.zeros(len(task), np.bool_)
    for index in np.unique(task).tolist():
        mine = np.flatnonzero(task == index)
        stays[mine[max(len(mine) - floor, 0) :]] = True
    others = np.flatnonzero(~stays)
    n_others = room - int(stays.sum())
    stays[others[max(len(others) - n_others, 0) :]] = True
    return stays


def _evenly(counts: Ints, room: int) -> list[int]:
    return even_shares(counts.tolist(), room, range(len(counts)))
