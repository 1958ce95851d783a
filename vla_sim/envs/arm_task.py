"""What every task of an arm at a table shares; a task adds things and what is wanted of them."""

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_sim.assets.arenas import table_scene
from vla_sim.envs.layout import widened
from vla_sim.envs.robots.arm import ArmConfig, ArmRobot
from vla_sim.envs.robots.panda import PANDA_ARM
from vla_sim.envs.scene_task import Floats, SceneTask
from vla_sim.envs.table_objects import TABLE_CAMERA
from vla_sim.records.camera import CameraSpec
from vla_sim.records.spread import Spread


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

    def arena(self) -> mujoco.MjSpec:
        """A table top."""
        return table_scene()

    def sample_start(self, rng: np.random.Generator, spread: Spread) -> Floats:
        """Joint angles of a start above the table, gripper straight down."""
        low, high = widened(self._settings.start_low, self._settings.start_high, spread.start)
        angles: Floats = self.robot.joints_for(rng.uniform(low, high)[None])[0]
        return angles
