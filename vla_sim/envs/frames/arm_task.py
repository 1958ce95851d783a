"""What every task of an arm at a table shares; a task adds things and what is wanted of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_sim.assets.arenas import table_scene
from vla_sim.assets.distractors import TABLE_KIT
from vla_sim.envs.frames.scene_task import Floats, Ids, SceneTask
from vla_sim.envs.robots.arm import ArmConfig, ArmRobot
from vla_sim.envs.robots.panda import PANDA_ARM
from vla_sim.envs.scenery.distractors import Area, Distractors
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.table_objects import TABLE_CAMERA
from vla_sim.records.camera import CameraSpec
from vla_sim.records.spread import Spread

_BORDER: tuple[Area, ...] = (
    (0.28, -0.35, 0.48, -0.28),
    (0.28, 0.28, 0.48, 0.35),
    (0.70, -0.24, 0.77, 0.24),
    (0.23, -0.36, 0.30, -0.17),
    (0.23, 0.17, 0.30, 0.36),
)
"""The border of what the arm works on and the camera sees: sides, front, and beside the base."""
_CLEARANCE_M = 0.035
HAND_AT_M = 0.03
"""Fingertips that are this close to a point are there, as far as a sub-goal is concerned."""


@dataclass(frozen=True, kw_only=True)
class ArmTaskConfig:
    """Settings that every task of an arm has."""

    horizon_s: float
    hold_steps: int = 5
    start_low: tuple[float, float, float]
    start_high: tuple[float, float, float]
    """The fingertips start between these corners."""
    camera: CameraSpec = TABLE_CAMERA
    robot: ArmConfig = PANDA_ARM


class ArmTask(SceneTask):
    """A table, an arm and a camera."""

    robot: ArmRobot

    def __init__(self, config: ArmTaskConfig) -> None:
        self._settings = config
        self.robot = config.robot.build()
        self.manners = config.robot.manners
        self.camera = config.camera
        self.horizon_s = config.horizon_s
        self.hold_steps = config.hold_steps
        self.distractors = Distractors(TABLE_KIT, _CLEARANCE_M)

    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """The border of the table's middle."""
        return _BORDER

    def arena(self) -> mujoco.MjSpec:
        """A table top."""
        return table_scene()

    def hand_left(self, goal: Ids) -> Floats:
        """(n,) how much of the way to the goal's point the fingertips still have to go [m]."""
        return np.maximum(self.distance(goal) - HAND_AT_M, 0.0)

    def sample_start(self, rng: np.random.Generator, spread: Spread) -> Floats:
        """Joint angles of a start above the table, gripper straight down."""
        low, high = widened(self._settings.start_low, self._settings.start_high, spread.start)
        angles: Floats = self.robot.joints_for(rng.uniform(low, high)[None])[0]
        return angles
