"""One GL backend on trial, in a process of its own: `MUJOCO_GL=egl python -m` and this module."""

import sys

from vla_sim.errors import RenderBackendError
from vla_sim.physics.render import self_test
from vla_sim.physics.render.gl import GlRenderer


def draw_known_pixels() -> str:
    """Draw the self-test with the backend in MUJOCO_GL and compare its pixels.

    Returns:
        The name of the GL that drew.

    Raises:
        RenderBackendError: If GL does not start, or the pixels are wrong.
    """
    model, camera = self_test.self_test_scene()
    renderer = GlRenderer(model, camera, self_test.SIZE_PIXELS, self_test.SIZE_PIXELS)
    picture = self_test.draw_self_test(renderer, model)
    driver = renderer.driver
    renderer.close()
    self_test.check_self_test(picture)
    return driver


if __name__ == "__main__":
    try:
        print(draw_known_pixels())
    except RenderBackendError as error:
        reason = error.__cause__ or error
        sys.exit(f"{type(reason).__name__}: {reason}")
