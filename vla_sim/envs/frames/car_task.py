"""What every task of the car shares; a task adds an arena, things and what is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.distractors import ROADSIDE_KIT
from vla_sim.envs.frames.scene_task import SceneTask
from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.scenery.distractors import Area, Distractors
from vla_sim.errors import BadConfig
from vla_sim.protocols.engine import Engine
from vla_sim.records.camera import CameraSpec
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]

_CLEARANCE_M = 0.5
_SHOULDER_M = (1.6, 4.5)
"""Between which distances from the outermost line things stand at a roadside."""
_ALONG_M = (8.0, 40.0)
"""Between which distances ahead of the car's start."""


@dataclass(frozen=True, kw_only=True)
class CarTaskConfig:
    """Settings that every task of the car has."""

    horizon_s: float
    hold_steps: int
    camera: CameraSpec


class CarTask(SceneTask):
    """An arena, a car and a camera."""

    robot: CarRobot

    def __init__(self, config: CarTaskConfig, manners: Mapping[Manner, MannerProfile]) -> None:
        self.robot = CarRobot()
        self.manners = manners
        self.camera = config.camera
        self.horizon_s = config.horizon_s
        self.hold_steps = config.hold_steps
        self.distractors = Distractors(ROADSIDE_KIT, _CLEARANCE_M)

    def bind(self, engine: Engine) -> None:
        """Find the painted lines: beyond them nobody drives."""
        super().bind(engine)
        model = engine.model
        painted = (model.geom_bodyid == 0) & (model.geom_contype == 0)
        reach = np.abs(model.geom_pos[painted, 1]) + model.geom_size[painted, 1]
        self._border_m = float(reach.max(initial=0.0))

    def ground(self) -> Floats:
        """(n, m, 6): strips that together are what the car's middle may drive on.

        Each is x, y of its ends [m], half its width [m], and 1 where its ends are cut square or 0
        where they are round. The shield of the car has them from its map.

        Raises:
            BadConfig: If the task does not say.
        """
        raise BadConfig(
            f"{type(self).__name__} does not say where its ground ends, so no shield can keep a "
            "car on it: write its `ground()`, as `RoadTask` has it, or run it without a shield"
        )

    def square_ground(self, half_m: float) -> Floats:
        """`ground` where it is a square about the origin, `half_m` to each side."""
        strip = np.array([-half_m, 0.0, half_m, 0.0, half_m, 1.0])
        return np.tile(strip, (self.engine.n, 1, 1))

    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """The roadside left and right, along the way that lies before the car."""
        x = float(self.robot.motion.point[slot, 0])
        near, far = self._border_m + _SHOULDER_M[0], self._border_m + _SHOULDER_M[1]
        return (
            (x + _ALONG_M[0], -far, x + _ALONG_M[1], -near),
            (x + _ALONG_M[0], near, x + _ALONG_M[1], far),
        )
