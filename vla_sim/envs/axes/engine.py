"""Engine: the same physics, solved otherwise."""

from vla_sim.envs.axes.axis import Axis, Shown

ENGINE = {1: "mujoco-half-step", 2: "mujoco-pyramid", 3: "pybullet"}


class OtherEngine(Axis):
    """Half the time step; another integrator and friction cone; another engine.

    A property of the crank.
    """

    shown: Shown = "end"

    def engine(self, severity: int) -> str:
        """The engine of a severity."""
        return ENGINE[severity]
