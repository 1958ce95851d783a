"""Renderer: pictures of the same scene by other rules of drawing."""

from vla_sim.envs.axes.axis import Axis

RENDERER = {1: "raycast-shadowless", 2: "raycast-smooth", 3: "gl"}


class OtherRenderer(Axis):
    """No shadows; smooth edges; MuJoCo's own renderer. A property of the crank."""

    def renderer(self, severity: int) -> str:
        """The renderer of a severity."""
        return RENDERER[severity]
