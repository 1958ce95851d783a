"""Places along a winding road, for many cars at once."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.winding_road import SPACING_M

Floats = NDArray[np.float64]


class RoadFrame:
    """Measures along a centre line and across it."""

    def __init__(self, points: Floats) -> None:
        """A frame on the points (k, 4) of `CentreLine.points`."""
        self.points = points
        self._cos, self._sin = np.cos(points[:, 2]), np.sin(points[:, 2])

    def locate(self, xy: Floats) -> tuple[Floats, Floats]:
        """Place along the line and offset from it, positive to the left, (n,) each [m]."""
        dx = xy[:, 0, None] - self.points[:, 0]  # (n, k)
        dy = xy[:, 1, None] - self.points[:, 1]
        at = np.argmin(dx * dx + dy * dy, axis=1)
        row = np.arange(len(xy))
        dx, dy = dx[row, at], dy[row, at]
        bend = self.points[at, 3]
        beside = dy * self._cos[at] - dx * self._sin[at]
        ahead = (dx * self._cos[at] + dy * self._sin[at]) / np.maximum(1.0 - bend * beside, 0.3)
        return at * SPACING_M + ahead, beside - 0.5 * bend * ahead * ahead

    def point(self, place: Floats, offset: Floats) -> Floats:
        """(n, k, 2) of the nearest told places (n,), each at offsets (n, k) [m]."""
        at = np.clip(np.rint(place / SPACING_M).astype(np.int64), 0, len(self.points) - 1)
        x = self.points[at, 0, None] - offset * self._sin[at, None]
        y = self.points[at, 1, None] + offset * self._cos[at, None]
        return np.stack([x, y], axis=2)
