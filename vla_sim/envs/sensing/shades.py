"""Shades: other tones of the named colours, for the eye only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS, Rgb

MOST = 0.45
"""Share of the way to the nearest other named colour that a shade may go: below one half, so that
a shade is always nearer to its own name than to another's."""


@dataclass(frozen=True, kw_only=True)
class Shades:
    """What each named colour looks like in one episode."""

    rgb: tuple[Rgb, ...]
    """In the order of COLOURS."""

    def apply(self, rgba: NDArray[np.float32]) -> None:
        """Recolour, in place, the geoms (ngeom, 4) that carry a named colour."""
        for nominal, shade in zip(COLOURS.values(), self.rgb, strict=True):
            named = (rgba[:, :3] == np.array(nominal, dtype=np.float32)).all(axis=1)
            rgba[named, :3] = shade


def shades(share: float, draws: NDArray[np.float64]) -> Shades:
    """Shades that leave their names by `share` of the most that is allowed.

    Args:
        share: In [0, 1].
        draws: In [-1, 1], shape (len(COLOURS), 2): how much of each change is brightness, and how
            much is saturation; their signs say darker or lighter, greyer or purer.
    """
    nominal = np.array(list(COLOURS.values()))
    tones = []
    for own, (lighter, purer) in zip(nominal, draws, strict=True):
        apart = np.sqrt(((nominal - own) ** 2).sum(axis=1))
        reach = share * MOST * apart[apart > 0.0].min()
        change = lighter * np.ones(3) + 2.0 * purer * (own - own.mean())
        step = reach * change / max(float(np.sqrt((change**2).sum())), 1e-9)
        # A colour at the edge of what a screen shows has more room on the other side.
        there, back = np.clip(own + step, 0.0, 1.0), np.clip(own - step, 0.0, 1.0)
        moved = [float(np.abs(tone - own).sum()) for tone in (there, back)]
        red, green, blue = there if moved[0] >= 0.8 * moved[1] else back
        tones.append((float(red), float(green), float(blue)))
    return Shades(rgb=tuple(tones))
