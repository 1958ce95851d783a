"""Ranking: where the relevant candidates of each query stand, in one pass over the scores."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.physics.compiled import entry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def places(
    scores: Floats, relevant: NDArray[np.bool_], *, decimals: int, discount: Floats
) -> tuple[Ints, Ints, Ints, Floats]:
    """The head of each query's ranking, ties in a random order.

    Args:
        scores: (Q, N), finite, larger is nearer.
        relevant: bool (Q, N), at least one per row.
        decimals: Scores that agree to so many are tied.
        discount: (P,) what a relevant candidate is worth at each of the first places, P <= N.

    Returns:
        (Q,) each: how many candidates come before the first relevant one; how many tie with it,
        itself included; how many of those are relevant; and the expected gain of the first places.
    """
    n = len(scores)
    ahead, tied, tied_relevant = (np.zeros(n, dtype=np.int64) for _ in range(3))
    gain = np.zeros(n)
    wide = np.ascontiguousarray(scores, dtype=np.float64)
    _place_rows(wide, relevant, 10.0**decimals, discount, ahead, tied, tied_relevant, gain)
    return ahead, tied, tied_relevant, gain


@entry
def _place_rows(
    scores: Floats,
    relevant: NDArray[np.bool_],
    scale: float,
    discount: Floats,
    ahead: Ints,
    tied: Ints,
    tied_relevant: Ints,
    gain: Floats,
) -> None:
    n_places = len(discount)
    rounded, top = np.empty(scores.shape[1]), np.empty(n_places)
    here, found = np.empty(n_places), np.empty(n_places)
    for row in range(scores.shape[0]):
        best = -np.inf
        top[:] = -np.inf
        for k in range(scores.shape[1]):
            score = np.rint(scores[row, k] * scale)
            rounded[k] = score
            if relevant[row, k] and score > best:
                best = score
            if score > top[n_places - 1]:
                place = n_places - 1
                while place > 0 and top[place - 1] < score:
                    top[place] = top[place - 1]
                    place -= 1
                top[place] = score
        here[:], found[:] = 0.0, 0.0
        for k in range(scores.shape[1]):
            score = rounded[k]
            if score > best:
                ahead[row] += 1
            elif score == best:
                tied[row] += 1
                tied_relevant[row] += relevant[row, k]
            if score >= top[n_places - 1]:
                place = 0  # the first place with this score counts for all that tie
                while top[place] != score:
                    place += 1
                here[place] += 1.0
                found[place] += relevant[row, k]
        first = 0
        for place in range(n_places):
            if top[place] != top[first]:
                first = place
            gain[row] += discount[place] * found[first] / here[first]
