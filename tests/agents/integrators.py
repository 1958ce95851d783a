"""Kinematic stand-ins for the robots: the action filter and an ideal body behind it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car import CENTRE_TO_REAR_M
from vla_sim.physics.filters import low_pass, low_pass_gain
from vla_sim.records.embodiment import ActionGroup, Embodiment, MotionGroup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


_TOOL = MotionGroup(
    name="tool",
    size=3,
    unit="m",
    velocity_limit=1.0,
    acceleration_limit=10.0,
    jerk_limit=100.0,
    source="test",
)
ARM = Embodiment(
    name="test_arm",
    control_dt_s=0.05,
    action=(
        ActionGroup(name="linear", size=3, unit="m/s", order=1, scale=0.8, motion="tool"),
        ActionGroup(name="angular", size=3, unit="rad/s", order=1, scale=1.5, motion=None),
        ActionGroup(name="gripper", size=1, unit="1", order=0, scale=1.0, motion=None),
    ),
    motion=(_TOOL,),
    proprio_names=(),
    bandwidth_fraction=0.4,
)
CAR = Embodiment(
    name="test_car",
    control_dt_s=0.1,
    action=(
        ActionGroup(name="accel", size=1, unit="m/s^2", order=2, scale=4.0, motion=None),
        ActionGroup(name="curvature", size=1, unit="1/m", order=0, scale=0.2, motion=None),
    ),
    motion=(),
    proprio_names=(),
    bandwidth_fraction=0.4,
)


@dataclass
class KinematicArm:
    """Tools that do what the filtered command says; objects stand still or go with the hand."""

    tool: Floats
    objects: Floats
    half: Floats
    width: Floats

    def __post_init__(self) -> None:
        self.velocity = np.zeros_like(self.tool)
        self.acceleration = np.zeros_like(self.tool)
        self._gain = low_pass_gain(ARM.bandwidth_fraction, ARM.control_dt_s)

    def privileged(self) -> dict[str, Floats]:
        return {
            "tcp_pos": self.tool.copy(),
            "tcp_vel": self.velocity.copy(),
            "tcp_acc": self.acceleration.copy(),
            "gripper_width": self.width.copy(),
            "object_pos": self.objects.copy(),
            "object_size": self.half.copy(),
        }

    def step(self, action: NDArray[np.float32]) -> None:
        dt_s = ARM.control_dt_s
        wanted = low_pass(self.velocity, 0.8 * action[:, :3].astype(np.float64), self._gain)
        self.acceleration = (wanted - self.velocity) / dt_s
        self.velocity = wanted
        offset = self.objects - self.tool[:, None, :]
        self.tool += dt_s * wanted
        inside = (np.abs(offset) < [0.015, 0.03, 0.02]).all(axis=2)
        grip = np.where(inside, 2.0 * self.half, 0.0).max(axis=1)
        held = inside & (self.width < grip + 1e-6)[:, None]
        closed = np.maximum(self.width - 0.012, np.minimum(grip, self.width))
        opened = np.minimum(self.width + 0.012, 0.08)
        self.width = np.where(action[:, 6] > 0.0, opened, closed)
        self.objects += np.where(held[:, :, None], dt_s * wanted[:, None, :], 0.0)
        ground = self.half
        self.objects[:, :, 2] = np.where(
            held, self.objects[:, :, 2], np.maximum(self.objects[:, :, 2] - 0.1, ground)
        )


@dataclass
class KinematicCar:
    """Bicycles behind the action filter, integrated ten times finer than they are controlled."""

    pose: Floats
    speed: Floats

    def __post_init__(self) -> None:
        self.accel = np.zeros_like(self.speed)
        self.curvature = np.zeros_like(self.speed)
        self._gain = low_pass_gain(CAR.bandwidth_fraction, CAR.control_dt_s)

    def privileged(self) -> dict[str, Floats]:
        return {
            "pose": self.pose.copy(),
            "speed": self.speed.copy(),
            "accel": self.accel.copy(),
            "curvature": self.curvature.copy(),
        }

    def step(self, action: NDArray[np.float32]) -> None:
        self.accel = low_pass(self.accel, 4.0 * action[:, 0].astype(np.float64), self._gain)
        self.curvature = low_pass(self.curvature, 0.2 * action[:, 1].astype(np.float64), self._gain)
        rear = self.pose[:, :2] - CENTRE_TO_REAR_M * self._forward()
        for _ in range(10):
            rear += 0.01 * self.speed[:, None] * self._forward()
            self.pose[:, 2] += 0.01 * self.speed * self.curvature
            self.speed = np.maximum(self.speed + 0.01 * self.accel, 0.0)
        self.pose[:, :2] = rear + CENTRE_TO_REAR_M * self._forward()

    def _forward(self) -> Floats:
        return np.stack([np.cos(self.pose[:, 2]), np.sin(self.pose[:, 2])], axis=1)
