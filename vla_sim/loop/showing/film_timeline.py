"""The bar below a film: how far the episode is, and when the shield acted."""

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]

BAR_PX = 6
_TO_COME, _PAST, _ACTED = (226, 228, 232), (150, 156, 166), (176, 42, 48)
_ACTED_TO_COME = (226, 178, 180)


def shield_bars(acted: NDArray[np.bool_], n_pictures: int, width_px: int) -> Pictures:
    """A bar for each picture of an episode, uint8 (n_pictures, BAR_PX, width_px, 3).

    Args:
        acted: (T,) whether the shield changed the action of each control step.
        n_pictures: Pictures of the episode; the first is from before its first step.
        width_px: Width of the bar; the episode lies on it from left to right.
    """
    # A column is a spell of steps; it shows if the shield acted on any of them.
    ends = np.linspace(0.0, len(acted), width_px + 1)
    first = np.minimum(np.floor(ends[:-1]).astype(np.int64), len(acted) - 1)
    last = np.maximum(np.ceil(ends[1:]).astype(np.int64), first + 1)
    shown = np.array([acted[a:b].any() for a, b in zip(first, last, strict=True)])
    bars = np.empty((n_pictures, BAR_PX, width_px, 3), dtype=np.uint8)
    for k in range(n_pictures):
        past = ends[:-1] < k
        bars[k] = np.where(
            shown[:, None],
            np.where(past[:, None], _ACTED, _ACTED_TO_COME),
            np.where(past[:, None], _PAST, _TO_COME),
        )
    return bars
