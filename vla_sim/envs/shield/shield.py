"""Shield: between whoever acts and the robot, the least change that keeps the body safe.

A shield changes an action only where the robot, by its own model, would otherwise leave what is
guarded; what it guards and what it looks at is written in the class of each robot's shield.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.frames.car_task import CarTask
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.robots.car import CarRobot
from vla_sim.envs.shield.arm_shield import ArmShield
from vla_sim.envs.shield.car_shield import CarShield
from vla_sim.envs.shield.mode import ShieldMode
from vla_sim.errors import BadConfig
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Task
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.manner import Manner, MannerProfile

Floats = NDArray[np.float64]

NOT_FINITE = 2.0
"""How far an action was changed that was no number: the whole range."""
_ROUNDING = 1e-6
"""Of an action; what is changed by less was let through."""


class BodyShield(Protocol):
    """What guards the robots of one kind."""

    def begin(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin in the slots `ids`."""
        ...

    def guarded(self, action: Floats, profiles: list[MannerProfile] | None) -> Floats:
        """SI actions (n, n_act) that leave the shield, for some that may not be finite.

        Args:
            action: As asked for.
            profiles: The manner that binds each row; None where the limits alone do.
        """
        ...

    @property
    def withheld(self) -> Floats:
        """(n,) how much of what was let through was withheld at the robot, in normalised units."""
        ...


class Shield:
    """The shield of one crank's robots."""

    def __init__(self, mode: ShieldMode, task: Task, engine: Engine) -> None:
        """Set a shield up.

        Raises:
            BadConfig: If the robot has no limit for what is to be kept, or there is no shield for
                it, or the task does not say where its ground ends.
        """
        robot = task.robot
        check_limits(robot.embodiment)
        self._body: BodyShield
        if isinstance(robot, ArmRobot):
            self._body = ArmShield(robot)
        elif isinstance(robot, CarRobot) and isinstance(task, CarTask):
            task.ground()
            self._body = CarShield(robot, task, engine)
        else:
            raise BadConfig(
                f"there is no shield for the robot {robot.embodiment.name!r}: the shield knows arms"
                " (ArmRobot) and cars in tasks of CarTask; run it with shield='off'"
            )
        self._mode, self._task = mode, task
        self._scale = robot.embodiment.action_scale
        self._changed = np.zeros(engine.n)

    @property
    def change(self) -> Floats:
        """(n,) how far the last actions were changed, the norm in normalised units.

        0 where they were let through to the last bit and nothing was withheld after that.
        """
        return np.maximum(self._changed, self._body.withheld)

    def begin(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin in the slots `ids`."""
        self._body.begin(ids)
        self._changed[ids] = 0.0

    def guarded(self, actions: Floats, manners: Sequence[Manner]) -> Floats:
        """Normalised actions (n, n_act) that leave the shield; notes how far they were changed."""
        profiles = None
        if self._mode == "manner":
            profiles = [self._task.manners[name] for name in manners]
        left = self._body.guarded(actions * self._scale, profiles) / self._scale
        square = np.zeros(len(actions))
        for column in range(actions.shape[1]):
            square += (left[:, column] - actions[:, column]) ** 2
        norm = np.sqrt(square)
        self._changed = np.where(np.isfinite(norm), norm, NOT_FINITE)
        let_through = self._changed < _ROUNDING
        self._changed[let_through] = 0.0
        return np.where(let_through[:, None], actions, left)


def check_limits(embodiment: Embodiment) -> None:
    """Refuse a body without a limit for each component that a shield keeps.

    Raises:
        BadConfig: If a limit is missing, not positive or no number.
    """
    for group in embodiment.motion:
        for name in ("velocity_limit", "acceleration_limit", "jerk_limit"):
            limit = getattr(group, name)
            if not (np.isfinite(limit) and limit > 0.0):
                raise BadConfig(
                    f"{name} of the motion {group.name!r} of {embodiment.name} is {limit}: a shield"
                    " keeps what has a limit; give it one above 0, or run with shield='off'"
                )
