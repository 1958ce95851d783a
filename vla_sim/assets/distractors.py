"""Things that nobody asks for: clutter at a table's border, things at a roadside.

Each is a solid mocap body, one of a kind, in tones that no word names. They wait below the ground,
unseen, where nothing meets them; `envs.distractors` puts some of them into a scene.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco

Rgb = tuple[float, float, float]

TONES: tuple[Rgb, ...] = (
    (0.16, 0.16, 0.18),
    (0.78, 0.76, 0.70),
    (0.36, 0.29, 0.24),
    (0.62, 0.56, 0.47),
    (0.29, 0.34, 0.38),
    (0.93, 0.92, 0.90),
)
"""Charcoal, ash, cocoa, sand, slate, ivory: greys and near them, far from every named colour."""

_BOX = mujoco.mjtGeom.mjGEOM_BOX
_CAPSULE = mujoco.mjtGeom.mjGEOM_CAPSULE
_CYLINDER = mujoco.mjtGeom.mjGEOM_CYLINDER
_ELLIPSOID = mujoco.mjtGeom.mjGEOM_ELLIPSOID
_LYING = (0.7071067811865476, 0.0, 0.7071067811865476, 0.0)
_UPRIGHT = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One geom of a distractor, in its body's frame; the body's origin is on the ground."""

    kind: mujoco.mjtGeom
    size: tuple[float, float, float]
    z: float
    """Height of the centre [m]."""
    quat: tuple[float, float, float, float] = _UPRIGHT


@dataclass(frozen=True, kw_only=True)
class DistractorKit:
    """The distractors of one kind of place."""

    things: Mapping[str, tuple[Part, ...]]
    wait_z: float
    """Where they wait, below the ground [m]."""


TABLE_KIT = DistractorKit(
    things={
        "slab": (Part(kind=_BOX, size=(0.034, 0.020, 0.007), z=0.007),),
        "stick": (Part(kind=_CAPSULE, size=(0.010, 0.030, 0.0), z=0.010, quat=_LYING),),
        "pebble": (Part(kind=_ELLIPSOID, size=(0.026, 0.018, 0.013), z=0.013),),
        "post": (Part(kind=_BOX, size=(0.010, 0.010, 0.024), z=0.024),),
        "egg": (Part(kind=_ELLIPSOID, size=(0.016, 0.016, 0.022), z=0.022),),
        "plate": (Part(kind=_BOX, size=(0.008, 0.028, 0.020), z=0.020),),
    },
    wait_z=-0.25,
)
"""Lower than what stands on the table, so that a hand that passes over things passes over them."""

ROADSIDE_KIT = DistractorKit(
    things={
        "tree": (
            Part(kind=_CYLINDER, size=(0.18, 0.9, 0.0), z=0.9),
            Part(kind=_ELLIPSOID, size=(0.95, 0.95, 1.2), z=2.6),
        ),
        "bush": (Part(kind=_ELLIPSOID, size=(0.9, 0.75, 0.6), z=0.6),),
        "sign": (
            Part(kind=_CYLINDER, size=(0.07, 1.0, 0.0), z=1.0),
            Part(kind=_BOX, size=(0.05, 0.5, 0.35), z=2.3),
        ),
        "hut": (Part(kind=_BOX, size=(0.8, 0.7, 0.9), z=0.9),),
        "barrel": (Part(kind=_CAPSULE, size=(0.4, 0.4, 0.0), z=0.8),),
        "rock": (Part(kind=_ELLIPSOID, size=(0.6, 0.85, 0.45), z=0.45),),
    },
    wait_z=-6.0,
)


def distractor_names(kit: DistractorKit) -> tuple[str, ...]:
    """Names of a kit's bodies."""
    return tuple(f"distractor_{name}" for name in kit.things)


def add_distractors(spec: mujoco.MjSpec, kit: DistractorKit) -> None:
    """Add all of a kit's bodies to a scene, waiting below the ground."""
    for body_name, parts in zip(distractor_names(kit), kit.things.values(), strict=True):
        body = spec.worldbody.add_body(name=body_name, mocap=True, pos=[0.0, 0.0, kit.wait_z])
        for k, part in enumerate(parts):
            body.add_geom(
                name=f"{body_name}_{k}",
                type=part.kind,
                size=part.size,
                pos=[0.0, 0.0, part.z],
                quat=part.quat,
                rgba=[0.5, 0.5, 0.5, 0.0],
            )
