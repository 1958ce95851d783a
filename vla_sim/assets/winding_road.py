"""Roads that bend: a centre line of pieces of changing curvature, and lanes along it."""

import math
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import DASH_M, DASH_PERIOD_M, LINE_RGBA, LINE_WIDTH_M

SPACING_M = 3.0
"""Between the points by which a centre line is told."""
_FINE = 30
"""Steps of integration between two points."""


@dataclass(frozen=True, kw_only=True)
class CentreLine:
    """The middle of a road, from (0, 0) on.

    The curvature is linear between knots, as in clothoids, and keeps its value beyond the last.
    """

    yaw: float = 0.0
    """Heading at the start [rad]; x points forward, y left."""
    knots: tuple[tuple[float, float], ...]
    """(place along the line [m], curvature there [1/m, positive to the left])."""
    length_m: float

    def points(self) -> NDArray[np.float64]:
        """(n, 4): x, y [m], yaw [rad] and curvature [1/m], SPACING_M apart along the line."""
        places, bends = np.transpose(self.knots)
        x = y = 0.0
        yaw, step = self.yaw, SPACING_M / _FINE
        points = []
        for k in range(round(self.length_m / step) + 1):
            if k % _FINE == 0:
                points.append((x, y, yaw, float(np.interp(k * step, places, bends))))
            middle = float(np.interp((k + 0.5) * step, places, bends))
            x += step * math.cos(yaw + 0.5 * step * middle)
            y += step * math.sin(yaw + 0.5 * step * middle)
            yaw += step * middle
        return np.array(points)


def mirrored(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same line bending to the other side."""
    turned: NDArray[np.float64] = points * np.array([1.0, -1.0, -1.0, -1.0])
    return turned


def add_winding_road(
    spec: mujoco.MjSpec, name: str, line: CentreLine, n_lanes: int, lane_width_m: float
) -> None:
    """Add the markings of a road, as one body that can be turned over to bend the other way.

    Edges are drawn throughout, lines between lanes are broken. Nothing touches them.
    """
    body = spec.worldbody.add_body(name=name, mocap=True)
    points = line.points()
    edge = 0.5 * n_lanes * lane_width_m
    period = round(DASH_PERIOD_M / SPACING_M)
    for k in range(len(points) - 1):
        for side, offset in (("right", -edge), ("left", edge)):
            _add_stroke(body, f"{name}_edge_{side}_{k}", points[k], points[k + 1], offset, 1.05)
        if k % period == 1:
            for lane in range(1, n_lanes):
                offset = lane * lane_width_m - edge
                stretch = DASH_M / SPACING_M
                _add_stroke(
                    body, f"{name}_dash_{lane}_{k}", points[k], points[k + 1], offset, stretch
                )


def add_finish(
    spec: mujoco.MjSpec, name: str, line: CentreLine, place_m: float, width_m: float
) -> None:
    """Add a line across the road, on the body of a winding road."""
    point = line.points()[round(place_m / SPACING_M)]
    body = spec.body(name)
    body.add_geom(
        name=f"{name}_finish",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.4, 0.5 * width_m, _HALF_THICKNESS_M],
        pos=[point[0], point[1], 0.0],
        quat=_quat(point[2]),
        contype=0,
        conaffinity=0,
        rgba=LINE_RGBA,
    )


_HALF_THICKNESS_M = 0.01
"""Half of it lies above the ground, whichever side is up."""


def _quat(yaw: float) -> list[float]:
    return [math.cos(0.5 * yaw), 0.0, 0.0, math.sin(0.5 * yaw)]


def _add_stroke(
    body: mujoco.MjsBody,
    name: str,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    offset: float,
    stretch: float,
) -> None:
    """A straight stroke between two points of a line, moved sideways."""
    (ax, ay), (bx, by) = (
        (p[0] - offset * math.sin(p[2]), p[1] + offset * math.cos(p[2])) for p in (start, end)
    )
    yaw = math.atan2(by - ay, bx - ax)
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * stretch * math.hypot(bx - ax, by - ay), 0.5 * LINE_WIDTH_M, _HALF_THICKNESS_M],
        pos=[0.5 * (ax + bx), 0.5 * (ay + by), 0.0],
        quat=_quat(yaw),
        contype=0,
        conaffinity=0,
        rgba=LINE_RGBA,
    )
