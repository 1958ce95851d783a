"""Ways: polylines [m] that a car's expert follows, with equally many corners for equal tasks.

They are made once per scene or task. A way that is not to end in a stop goes on far beyond the
place where the task is over.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ARC_LEGS = 10
"""Into how many legs a rounded corner is cut."""


def rounded(corners: Floats, radius_m: float) -> Floats:
    """Legs with rounded corners.

    Args:
        corners: (k, 2) where the way begins, turns and ends [m].
        radius_m: Of the arcs; smaller where a leg is too short for two of them.

    Returns:
        (2 + (k - 2) * (ARC_LEGS + 1), 2) [m].
    """
    points = [corners[0]]
    legs = np.diff(corners, axis=0)
    length = np.hypot(*legs.T)
    for k in range(1, len(corners) - 1):
        ahead, after = legs[k - 1] / length[k - 1], legs[k] / length[k]
        turn = np.arctan2(ahead[0] * after[1] - ahead[1] * after[0], ahead @ after)
        # Inner legs are shared by two arcs.
        room = min(
            length[k - 1] * (1.0 if k == 1 else 0.5),
            length[k] * (1.0 if k == len(corners) - 2 else 0.5),
        )
        half = np.tan(0.5 * abs(turn))
        cut = min(radius_m * half, room)
        radius = cut / max(half, 1e-9)
        left = np.array([-ahead[1], ahead[0]]) * np.sign(turn)
        begin = corners[k] - cut * ahead
        angle = np.linspace(0.0, abs(turn), ARC_LEGS + 1)[:, None]
        points.extend(begin + radius * (np.sin(angle) * ahead + (1.0 - np.cos(angle)) * left))
    points.append(corners[-1])
    return np.array(points)


def woven(centres: Floats, offsets: Floats, n_between: int) -> Floats:
    """A wave that passes points beside its middle line, at rest sideways at each of them.

    Args:
        centres: (k, 2) points of the middle line [m].
        offsets: (k,) how far to the left of each of them the way passes [m].
        n_between: Legs from one point to the next.

    Returns:
        ((k - 1) * n_between + 1, 2) [m].
    """
    along = np.gradient(centres, axis=0)
    along /= np.hypot(*along.T)[:, None]
    left = np.stack([-along[:, 1], along[:, 0]], axis=1)
    share = np.arange(n_between)[:, None] / n_between
    eased = 0.5 - 0.5 * np.cos(np.pi * share)
    points = []
    for k in range(len(centres) - 1):
        middle = (1.0 - share) * centres[k] + share * centres[k + 1]
        beside = (1.0 - share) * left[k] + share * left[k + 1]
        points.append(middle + beside * ((1.0 - eased) * offsets[k] + eased * offsets[k + 1]))
    points.append((centres[-1] + offsets[-1] * left[-1])[None])
    return np.concatenate(points)


def length_m(way: Floats) -> float:
    """Length of a way (k, 2) [m]."""
    return float(np.hypot(*np.diff(way, axis=0).T).sum())
