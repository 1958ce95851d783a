"""Random scenes of primitives, and how to look at them without a renderer."""

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.physics import camera as geometry
from vla_sim.records.camera import CameraSpec

Floats = NDArray[np.float64]
FIXED = CameraSpec(position=(1.4, 0.5, 0.9), target=(0.0, 0.0, 0.1), fov_y_deg=50.0)
FOLLOWING = CameraSpec(
    position=(1.4, 0.5, 0.9),
    target=(0.0, 0.0, 0.1),
    fov_y_deg=50.0,
    follow_body="moving0",
    follow_axes="xy",
)
TYPES = ("box", "sphere", "capsule", "cylinder", "ellipsoid")


@dataclass(frozen=True, kw_only=True)
class Shots:
    """States of one model, as renderers take them."""

    model: mujoco.MjModel
    geom_pos: Floats
    geom_mat: Floats
    rgba: NDArray[np.float32]
    followed: Floats

    def __getitem__(self, rows: slice) -> "Shots":
        return Shots(
            model=self.model,
            geom_pos=self.geom_pos[rows],
            geom_mat=self.geom_mat[rows],
            rgba=self.rgba[rows],
            followed=self.followed[rows],
        )

    @property
    def arrays(self) -> tuple[Floats, Floats, NDArray[np.float32], Floats]:
        """The positional arguments of `render`."""
        return self.geom_pos, self.geom_mat, self.rgba, self.followed


def random_scene(seed: int, types: tuple[str, ...] = TYPES) -> str:
    """A ground, a table, and fixed and loose geoms of the given types."""
    rng = np.random.default_rng(seed)
    lines = [
        '<geom name="ground" type="plane" size="0 0 1" pos="0 0 -.3" rgba=".6 .6 .6 1"/>',
        '<geom name="mat" type="plane" size=".9 .7 1" pos="0 0 -.25" euler="0 4 20"'
        ' rgba=".3 .5 .4 1"/>',
        '<geom name="table" type="box" size=".5 .4 .1" pos="0 0 -.1" rgba=".8 .7 .5 1"/>',
    ]
    for moving in (False, True):
        for k, kind in enumerate(types):
            colour = " ".join(f"{c:.2f}" for c in rng.uniform(0.1, 0.9, 3))
            size = " ".join(f"{s:.3f}" for s in rng.uniform(0.04, 0.12, 3))
            pose = (
                f'pos="{rng.uniform(-0.5, 0.5):.3f} {rng.uniform(-0.5, 0.5):.3f}'
                f' {rng.uniform(0.0, 0.4):.3f}"'
            )
            turn = " ".join(f"{a:.1f}" for a in rng.uniform(0.0, 360.0, 3))
            shape = f'type="{kind}" size="{size}" rgba="{colour} 1"'
            if moving:
                loose = f'<freejoint/><geom {shape} euler="{turn}"/>'
                lines.append(f'<body name="moving{k}" {pose}>{loose}</body>')
            else:
                lines.append(f'<geom {shape} {pose} euler="{turn}"/>')
    return f"<mujoco><worldbody>{''.join(lines)}</worldbody></mujoco>"


def shots(xml: str, n: int, seed: int = 0) -> Shots:
    """n states of a scene, its loose bodies moved and turned at random."""
    model = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(model)
    rng = np.random.default_rng(seed)
    pos, mat = np.empty((n, model.ngeom, 3)), np.empty((n, model.ngeom, 9))
    followed = np.zeros((n, 3))
    for i in range(n):
        for joint in range(model.njnt):
            start = model.qpos0[7 * joint : 7 * joint + 7]
            data.qpos[7 * joint : 7 * joint + 3] = start[:3] + rng.uniform(-0.1, 0.1, 3)
            turn = rng.normal(size=4)
            data.qpos[7 * joint + 3 : 7 * joint + 7] = turn / np.linalg.norm(turn)
        mujoco.mj_kinematics(model, data)
        pos[i], mat[i] = data.geom_xpos, data.geom_xmat
        if model.nbody > 1:
            followed[i] = data.xpos[1]
    rgba = np.repeat(model.geom_rgba[None], n, axis=0).astype(np.float32)
    return Shots(model=model, geom_pos=pos, geom_mat=mat, rgba=rgba, followed=followed)


def seen_by_mujoco(
    seen: Shots, row: int, camera: CameraSpec, height: int, width: int
) -> tuple[NDArray[np.int32], Floats]:
    """Geom ids and planar depths by mj_ray, one ray per pixel; -1 and inf for the sky."""
    data = mujoco.MjData(seen.model)
    mujoco.mj_forward(seen.model, data)
    data.geom_xpos[:] = seen.geom_pos[row]
    data.geom_xmat[:] = seen.geom_mat[row]
    eye = geometry.pose(camera, len(seen.followed), seen.followed).position[row]
    groups = np.array([1, 1, 1, 0, 0, 0], dtype=np.uint8)
    directions = geometry.rays(camera, height, width).reshape(-1, 3)
    ids = np.full(height * width, -1, dtype=np.int32)
    depth = np.full(height * width, np.inf)
    hit = np.zeros(1, dtype=np.int32)
    for k, direction in enumerate(directions):
        distance = mujoco.mj_ray(seen.model, data, eye, direction, groups, 1, -1, hit)
        if hit[0] >= 0:
            ids[k], depth[k] = hit[0], distance
    return ids.reshape(height, width), depth.reshape(height, width)
