"""Robot: from actions to the engine's controls, and from the engine's state to motion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.engine import Engine
from vla_sim.records.embodiment import Embodiment

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What the robot's body did in the last control step, n rows.

    `position`, `velocity`, `acceleration` and `jerk` have shape (n, n_motion) in the groups of the
    Embodiment; acceleration is the mean over the step, jerk its difference over the period.
    `point` is the controlled point in the world, shape (n, 3) [m].
    """

    position: Floats
    velocity: Floats
    acceleration: Floats
    jerk: Floats
    point: Floats


class Robot(Protocol):
    """The controller of n equal robots inside one engine."""

    @property
    def embodiment(self) -> Embodiment:
        """Limits, action meaning and control rate."""
        ...

    @property
    def n_substeps(self) -> int:
        """Physics steps per control step."""
        ...

    def attach_to(self, spec: mujoco.MjSpec) -> None:
        """Add the robot's bodies, actuators and sensors to a scene that is being built."""
        ...

    def bind(self, engine: Engine) -> None:
        """Find the robot's joints, actuators and sensors in the compiled engine."""
        ...

    def reset(self, ids: NDArray[np.int64], start: Floats) -> None:
        """Write the start of the simulations `ids` into the engine and clear the control state.

        Args:
            ids: Simulations, shape (m,).
            start: What the robot's own reset takes, shape (m, d): joint angles for an arm;
                x, y [m], yaw [rad] and speed [m/s] for a car.
        """
        ...

    def command(self, action: Floats) -> None:
        """Filter SI actions, shape (n, n_act), and write the engine's controls for one step."""
        ...

    def after_step(self, ids: NDArray[np.int64] | None = None) -> None:
        """Read the engine: update `motion`. With ids, start the history of those afresh."""
        ...

    def collision(self) -> NDArray[np.bool_]:
        """(n,) the robot touched what it must not touch, as of the last `after_step`."""
        ...

    @property
    def motion(self) -> Motion:
        """What was measured by the last `after_step`."""
        ...

    def proprio(self) -> NDArray[np.float32]:
        """(n, n_proprio) in the order of `Embodiment.proprio_names`."""
        ...

    def privileged(self) -> Mapping[str, Floats]:
        """The robot's part of the true state that experts read, {name: (n, ...)}."""
        ...
