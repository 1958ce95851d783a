"""Tasks on a table: the arm, objects of distinct colours, and a goal for each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_sim.envs.arm_task import ArmTask, ArmTaskConfig
from vla_sim.envs.layout import scatter
from vla_sim.envs.scene_task import Floats, Ids
from vla_sim.envs.table_objects import TableObjects
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Scene
from vla_sim.records.spread import TRAINING, Spread


@dataclass(frozen=True, kw_only=True)
class TabletopConfig(ArmTaskConfig):
    """Settings that every task with objects on a table has."""

    n_objects: int
    object_low: tuple[float, float]
    object_high: tuple[float, float]
    min_distance_m: float
    """Between the centres of any two objects."""


class Tabletop(ArmTask):
    """The scene of a task on a table; a task adds what is wanted.

    Every object can be asked for, and the picture alone never says which.
    """

    def __init__(self, config: TabletopConfig, *, intent_id: str, free: bool) -> None:
        super().__init__(config)
        self._scene = config
        self._intent_id = intent_id
        self.objects = TableObjects(n_objects=config.n_objects, free=free)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Objects."""
        self.objects.add_to(spec)

    def bind(self, engine: Engine) -> None:
        """Find the objects in the compiled engine."""
        super().bind(engine)
        self.objects.bind(engine)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Objects of distinct colours, apart from each other; the arm somewhere above."""
        c = self._scene
        low, high = c.object_low, c.object_high
        xy = scatter(rng, c.n_objects, low, high, c.min_distance_m, wider=spread.layout)
        values, referents = self.objects.sample(rng, xy)
        goals = tuple(
            Goal(intent_id=self._intent_id, referent=r, outcome=k) for k, r in enumerate(referents)
        )
        return Scene(start=self.sample_start(rng, spread), goals=goals, values=values)

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place the objects."""
        super().write(ids, scenes)
        self.objects.write(ids, [scene.values for scene in scenes])

    def goal_point(self) -> Floats:
        """(n, n_objects, 3): where the fingertips have to go for each object."""
        return self.objects.position()

    def referent_point(self) -> Floats:
        """(n, n_objects, 3) centres of the objects."""
        return self.objects.position()

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state and the objects."""
        return {**super().privileged(), **self.objects.privileged()}
