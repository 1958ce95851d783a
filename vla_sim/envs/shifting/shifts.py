"""Shifts: what domain axes do to the slots of one crank, from one episode's start to its end."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.axes import axis_of
from vla_sim.envs.sensing.camera_view import CameraView
from vla_sim.envs.sensing.sensor_noise import SensorNoise
from vla_sim.envs.shifting.conditions import Conditions
from vla_sim.envs.shifting.delay_line import DelayLine
from vla_sim.envs.streams import stream
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Task
from vla_sim.records.dynamics import NOMINAL
from vla_sim.records.episode import EpisodeSpec

Ids = NDArray[np.int64]


class Shifts:
    """Sight, physics, latency and noise of each slot; a slot in training conditions costs nothing.

    Attributes:
        delay: Between the crank and the robot.
        noise: Between the sensors and the policy.
    """

    def __init__(self, task_id: str, task: Task, engine: Engine, view: CameraView) -> None:
        self._task, self._engine, self._view = task, engine, view
        self._plain = Conditions(sight=view.plain)
        self._conditions = [self._plain] * engine.n
        self._dt_s = task.robot.embodiment.control_dt_s
        self.delay = DelayLine(engine.n, task.robot.embodiment.n_act)
        self.noise = SensorNoise(task_id, engine.n, task.robot.embodiment)

    def draw(self, spec: EpisodeSpec) -> Conditions:
        """Under what an episode takes place.

        Raises:
            UnknownName: If there is no such axis.
            BadConfig: If the severity is out of range.
        """
        shift = spec.shift
        axis = axis_of(shift)
        if shift.is_training:
            return self._plain
        rng = stream(spec.task_id, spec.seed, "axis")
        return axis.conditions(self._plain, shift.severity, rng)

    def begin(self, ids: Ids, drawn: Sequence[Conditions]) -> None:
        """Set the slots `ids` to what was drawn for them; their engine was just reset."""
        for slot, conditions in zip(ids.tolist(), drawn, strict=True):
            before = self._conditions[slot]
            if conditions is self._plain and before is self._plain:
                continue
            self._conditions[slot] = conditions
            self._view.see(slot, conditions.sight)
            self.delay.begin(slot, conditions.latency_s / self._dt_s)
            self.noise.begin(slot, conditions.noise)
            if conditions.dynamics != NOMINAL:
                self._engine.set_dynamics(np.array([slot]), conditions.dynamics)

    def furnish(self, ids: Ids, specs: Sequence[EpisodeSpec]) -> None:
        """Put distractors into the scenes that ask for them; derived fields are current."""
        asked = []
        for slot, spec in zip(ids.tolist(), specs, strict=True):
            if n := self._conditions[slot].spread.n_distractors:
                self._task.furnish(slot, n, stream(spec.task_id, spec.seed, "axis"))
                asked.append(slot)
        self._engine.forward(np.array(asked, dtype=np.int64))
