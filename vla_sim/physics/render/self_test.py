"""Self-test: a small scene whose pixels are known without a renderer."""

import mujoco
import numpy as np

from vla_sim.errors import RenderBackendError
from vla_sim.physics.render.picture import Picture, Renderer
from vla_sim.records.camera import CameraSpec

SIZE_PIXELS = 32
EYE_DISTANCE_M = 2.0
HALF_SIZE_M = 0.2
XML = f"""
<mujoco>
  <statistic extent="1" center="0 0 0"/>
  <worldbody>
    <geom type="box" size="{HALF_SIZE_M} {HALF_SIZE_M} {HALF_SIZE_M}" pos="0 -.4 .2"
      rgba="1 0 0 1"/>
    <geom type="sphere" size="{HALF_SIZE_M}" pos="0 .4 -.2" rgba="0 0 1 1"/>
  </worldbody>
</mujoco>
"""
# Seen from +x the picture's right is +y: the box is at the upper left, the ball at the lower right.
BOX_PIXEL, BALL_PIXEL, EMPTY_PIXEL = (12, 7), (19, 24), (24, 7)


def self_test_scene() -> tuple[mujoco.MjModel, CameraSpec]:
    """The scene and its camera."""
    camera = CameraSpec(position=(EYE_DISTANCE_M, 0.0, 0.0), target=(0.0, 0.0, 0.0), fov_y_deg=45.0)
    return mujoco.MjModel.from_xml_string(XML), camera


def draw_self_test(renderer: Renderer, model: mujoco.MjModel) -> Picture:
    """One picture of the scene, with depth and segmentation."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return renderer.render(
        np.array(data.geom_xpos, dtype=np.float64)[None],
        np.array(data.geom_xmat, dtype=np.float64)[None],
        np.array(model.geom_rgba, dtype=np.float32)[None],
        depth=True,
        segmentation=True,
    )


def check_self_test(picture: Picture) -> None:
    """Compare a picture of the scene with what geometry says.

    Raises:
        RenderBackendError: If a pixel is wrong; names it.
    """
    assert picture.depth is not None and picture.segmentation is not None
    for what, (row, column), geom in (
        ("box", BOX_PIXEL, 0),
        ("ball", BALL_PIXEL, 1),
        ("background", EMPTY_PIXEL, -1),
    ):
        found = int(picture.segmentation[0, row, column])
        if found != geom:
            raise RenderBackendError(
                f"self-test: geom {found} where the {what} should be ({geom}), at pixel "
                f"({row}, {column})"
            )
    depth_m = float(picture.depth[0][BOX_PIXEL])
    if abs(depth_m - (EYE_DISTANCE_M - HALF_SIZE_M)) > 0.01:
        raise RenderBackendError(f"self-test: the box's face is at {depth_m:.3f} m, not 1.8 m")
    red, _, _ = picture.rgb[0][BOX_PIXEL].tolist()
    _, _, blue = picture.rgb[0][BALL_PIXEL].tolist()
    if red < 60 or blue < 40 or picture.rgb[0][BOX_PIXEL][1:].max() > red // 2:
        raise RenderBackendError(f"self-test: colours are wrong (red {red}, blue {blue})")
