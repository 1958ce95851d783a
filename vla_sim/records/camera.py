"""Where a camera is and how it looks."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CameraSpec:
    """A pinhole camera that looks from `position` to `target`, in the world or along with a body.

    A camera that follows a body moves along the world axes named in `follow_axes` only and never
    turns: with "x" it stays level beside a car that drives down a road.
    """

    name: str = "front"
    position: tuple[float, float, float]
    """[m]"""
    target: tuple[float, float, float]
    """[m]"""
    fov_y_deg: float
    """Vertical field of view [deg]."""
    follow_body: str = ""
    follow_axes: str = ""
    """Any of the letters "xyz"; empty for a fixed camera."""
