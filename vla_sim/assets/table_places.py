"""Places on a table where things are put: flat pads, and trays with rims.

Each is a mocap body with one look per shape, named "<body>_<shape>" or "<body>_<shape>_<part>"; the
first geom of a look carries the colour.
"""

from collections.abc import Sequence

import mujoco
import numpy as np

PAD_SHAPES = ("disc", "square", "diamond")
PAD_RADIUS_M = 0.06
SQUARE_SHARE = 0.85
"""Half side of a square over the radius of a disc: about the same area."""

TRAY_SHAPE = "tray"
TRAY_HALF_M = (0.08, 0.065)
"""Half the inner size along x and y: two objects one behind the other, and open fingers."""
_RIM_HALF_M = 0.004
RIM_HEIGHT_M = 0.008
"""Lower than the fingertips of a hand that puts something down, high enough to stop a ball."""

_PLATE_HALF_M = 0.0015
_RIM_RGBA = (0.20, 0.20, 0.22, 0.0)
_UNSEEN = (0.5, 0.5, 0.5, 0.0)


def add_table_place(
    spec: mujoco.MjSpec, name: str, shapes: Sequence[str], radius_m: float = PAD_RADIUS_M
) -> None:
    """Add a place that can show one of `shapes`.

    Args:
        spec: The scene that is being built.
        name: Name of the body; its origin is on the table, in the middle.
        shapes: Of PAD_SHAPES, or the tray's.
        radius_m: Of a disc; squares and diamonds have about its area.
    """
    body = spec.worldbody.add_body(name=name, mocap=True)
    for shape in shapes:
        if shape == TRAY_SHAPE:
            _add_plate(body, f"{name}_{shape}", _box(*TRAY_HALF_M))
            _add_rims(body, f"{name}_{shape}")
            continue
        side = SQUARE_SHARE * radius_m
        plate = (mujoco.mjtGeom.mjGEOM_CYLINDER, [radius_m, _PLATE_HALF_M, 0.0])
        _add_plate(
            body,
            f"{name}_{shape}",
            plate if shape == "disc" else _box(side, side),
            turn_rad=np.pi / 4 if shape == "diamond" else 0.0,
        )


def _box(half_x_m: float, half_y_m: float) -> tuple[mujoco.mjtGeom, list[float]]:
    return mujoco.mjtGeom.mjGEOM_BOX, [half_x_m, half_y_m, _PLATE_HALF_M]


def _add_plate(
    body: mujoco.MjsBody,
    name: str,
    plate: tuple[mujoco.mjtGeom, list[float]],
    turn_rad: float = 0.0,
) -> None:
    # Paint rather than a plate: things stand on the table itself.
    kind, size = plate
    body.add_geom(
        name=name,
        type=kind,
        size=size,
        pos=[0.0, 0.0, _PLATE_HALF_M],
        quat=[np.cos(0.5 * turn_rad), 0.0, 0.0, np.sin(0.5 * turn_rad)],
        contype=0,
        conaffinity=0,
        rgba=_UNSEEN,
    )


def _add_rims(body: mujoco.MjsBody, name: str) -> None:
    x, y, w = *TRAY_HALF_M, _RIM_HALF_M
    for part, size, place in (
        ("front", [w, y + 2 * w], [x + w, 0.0]),
        ("back", [w, y + 2 * w], [-x - w, 0.0]),
        ("left", [x, w], [0.0, -y - w]),
        ("right", [x, w], [0.0, y + w]),
    ):
        body.add_geom(
            name=f"{name}_{part}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[*size, 0.5 * RIM_HEIGHT_M],
            pos=[*place, 0.5 * RIM_HEIGHT_M],
            rgba=_RIM_RGBA,
        )
