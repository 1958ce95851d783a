"""Tasks with fixtures on the table: one of them is to be moved, the others left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.arm_task import ArmTask, ArmTaskConfig
from vla_sim.envs.frames.scene_task import Floats, Ids
from vla_sim.envs.scenery.fixtures import Fixtures
from vla_sim.envs.scenery.looks import pick_colours
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.things import Things


@dataclass(frozen=True, kw_only=True)
class FixtureTaskConfig(ArmTaskConfig):
    """Settings that every task with fixtures has."""

    places: tuple[str, ...] = ()
    """Relations that tell the fixtures apart, from the left of the picture to its right; all have
    one colour then. Empty: they are told apart by their colours."""


class FixtureTask(ArmTask):
    """The scene of a task with K fixtures of one kind; a task adds what is wanted."""

    def __init__(self, config: FixtureTaskConfig, fixtures: Fixtures) -> None:
        super().__init__(config)
        self._kind = config
        self.fixtures = fixtures

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Fixtures."""
        self.fixtures.add_to(spec)

    def bind(self, engine: Engine) -> None:
        """Find the fixtures in the compiled engine."""
        super().bind(engine)
        self.fixtures.bind(engine)
        self._start = np.zeros((engine.n, len(self.fixtures.names)))
        self._left = np.zeros_like(self._start)

    def named(self, rng: np.random.Generator, shape: str) -> tuple[Floats, list[Referent]]:
        """Indices of the fixtures' colours, shape (K,), and what each of them is called."""
        n, palette = len(self.fixtures.names), list(COLOURS)
        colours = pick_colours(rng, COLOURS, n)
        referents = [Referent(colour=colour, shape=shape) for colour in colours]
        if self._kind.places:
            colours = colours[:1] * n
            referents = [Referent(shape=shape, relation=place) for place in self._kind.places]
        return np.array([palette.index(c) for c in colours], dtype=np.float64), referents

    def write(self, ids: Ids, scenes: Sequence[Scene]) -> None:
        """Place the fixtures, and remember where their parts were."""
        super().write(ids, scenes)
        palette = list(COLOURS)
        for slot, scene in zip(ids, scenes, strict=True):
            v = scene.values
            colours = [palette[int(c)] for c in v["colour"]]
            self.fixtures.write(int(slot), v["xy"], v["travel"], colours)
            self._start[slot] = self._left[slot] = v["travel"]

    def carried_out(self, ids: Ids, goal: Ids) -> None:
        """Note where the goals' parts were left."""
        part = self.fixture_of(goal)
        self._left[ids, part] = self.fixtures.travel()[ids, part]

    def moved(self) -> Floats:
        """(n, K) how far the parts have moved along their joints since the start."""
        return self.fixtures.travel() - self._start

    def strayed(self) -> Floats:
        """(n, K) the same since they were last asked for, where a goal before this one did."""
        return self.fixtures.travel() - self._left

    def fixture_of(self, goal: Ids) -> Ids:
        """(n,) the fixture that each goal is about; goals count fixtures unless a task differs."""
        return goal

    def parts(self) -> Floats:
        """(n, K, 3) a point on each part that moves [m]."""
        return self.goal_point()

    def things(self, goal: Ids) -> Things:
        """The fixtures' parts."""
        concerned = np.arange(len(self.fixtures.names)) == self.fixture_of(goal)[:, None]
        return Things.still(self.parts(), concerned)

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state, where the fixtures stand and where their parts are."""
        return {
            **super().privileged(),
            "fixture_pos": self.fixtures.place(),
            "fixture_travel": self.fixtures.travel(),
        }

    def goal_point(self) -> Floats:
        """(n, K, 3): where the fingertips have to go for each fixture."""
        return self.fixtures.place()
