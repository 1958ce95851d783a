"""What experts share that drive along a road: they say what to do, one motion does it."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.car_expert import CarExpert
from vla_sim.agents.experts.kernel_settings import settings_of
from vla_sim.agents.experts.lane_motion import (
    LaneMotionConfig,
    LaneOrder,
    LaneSettings,
    drive,
    lane_order,
)
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEADS = ("lead_x", "lead_speed", "own_lead_x", "own_lead_speed")
"""What `behind_leads` reads beside `goal_lane_y`; inf where there is no vehicle."""


@dataclass(frozen=True, kw_only=True)
class LaneExpertConfig:
    """Settings of every expert that drives along a road."""

    motion: LaneMotionConfig = field(default_factory=LaneMotionConfig)


Settings = TypeVar("Settings", bound=LaneExpertConfig)


class LaneExpert(CarExpert, Generic[Settings]):
    """An expert that gives orders to the motion along a road."""

    def __init__(
        self,
        config: Settings,
        embodiment: Embodiment,
        manners: Mapping[Manner, MannerProfile],
    ) -> None:
        super().__init__(embodiment, manners)
        self.config = config
        self._settings = settings_of(LaneSettings, config.motion)

    @abstractmethod
    def order(self, state: Mapping[str, Floats], goal: Ints) -> LaneOrder:
        """What is asked of each car, for goals of shape (m,)."""

    def centre_line(self, state: Mapping[str, Floats]) -> Floats:
        """(m, k, 4) the roads' centre lines, see `lane_motion`; straight along x unless told."""
        return np.zeros((len(state["pose"]), 1, 4))

    def fill(
        self, action: Floats, car: Floats, state: Mapping[str, Floats], goal: Ints, limits: Floats
    ) -> None:
        """Drive as ordered."""
        drive(
            car,
            self.centre_line(state),
            self.order(state, goal),
            limits,
            self._settings,
            self.scale,
            self.gain,
            self.dt_s,
            action,
        )


def behind_leads(state: Mapping[str, Floats], goal: Ints, **gap: Floats) -> LaneOrder:
    """Into the goal's lane, with a gap to whoever drives there and in the own lane."""
    row = np.arange(len(goal))
    return lane_order(
        state["goal_lane_y"][row, goal],
        lead=state["lead_x"][row, goal],
        lead_speed=state["lead_speed"][row, goal],
        own_lead=state["own_lead_x"],
        own_lead_speed=state["own_lead_speed"],
        **gap,
    )
