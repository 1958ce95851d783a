"""What every task of the car shares; a task adds an arena, things and what is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass

from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.scene_task import SceneTask
from vla_sim.records.camera import CameraSpec
from vla_sim.records.manner import Manner, MannerProfile


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
