"""What every expert of the car shares: the door, the manners' limits and the action filter."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.privileged_rows import checked_rows, manner_limits
from vla_sim.physics.filters import low_pass_gain
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CAR_STATE = ("pose", "speed", "accel", "curvature")
"""What `CarRobot.privileged` tells."""


class CarExpert(ABC):
    """An expert that rolls out a car which it imagines; subclasses say how in `fill`."""

    reads: tuple[str, ...]
    """What it reads of the privileged state: `CAR_STATE` and more."""
    goals_of: ClassVar[str]
    """Which of them has an entry per goal."""
    may_be_infinite: ClassVar[tuple[str, ...]] = ()
    """In which of them inf means "there is none"."""

    def __init__(self, embodiment: Embodiment, manners: Mapping[Manner, MannerProfile]) -> None:
        self.dt_s = embodiment.control_dt_s
        self.scale = embodiment.action_scale
        self.gain = low_pass_gain(embodiment.bandwidth_fraction, embodiment.control_dt_s)
        self.limits = manner_limits(manners)

    def chunk(
        self, privileged: Mapping[str, Floats], goal: Ints, manner: Ints, size: int
    ) -> NDArray[np.float32]:
        """See `vla_sim.protocols.expert.Expert`."""
        state = checked_rows(
            privileged,
            self.reads,
            goal,
            manner,
            size,
            goals_of=self.goals_of,
            may_be_infinite=self.may_be_infinite,
        )
        car = np.column_stack([state["pose"], state["speed"], state["accel"], state["curvature"]])
        action = np.empty((len(goal), size, 2))
        self.fill(action, car, state, goal, self.limits[manner])
        return action.astype(np.float32)

    @abstractmethod
    def fill(
        self, action: Floats, car: Floats, state: Mapping[str, Floats], goal: Ints, limits: Floats
    ) -> None:
        """Write the normalised actions.

        Args:
            action: (m, size, 2), written to.
            car: (m, 6): x, y [m], yaw [rad], speed, commanded acceleration and curvature.
            state: What `reads` names, checked.
            goal: (m,).
            limits: (m, 3) planned top velocity, acceleration and jerk.
        """
