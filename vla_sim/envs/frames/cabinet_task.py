"""Tasks at a cabinet: drawers side by side that open towards the viewer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vla_sim.assets.cabinet import BAR_M, BAR_TOP_M, DRAWER_PITCH_M, add_drawer
from vla_sim.envs.chain import goals_not_asked
from vla_sim.envs.frames.fixture_task import FixtureTask, FixtureTaskConfig
from vla_sim.envs.frames.scene_task import Floats, Ids
from vla_sim.envs.scenery.fixtures import Fixtures
from vla_sim.envs.scenery.layout import widened
from vla_sim.protocols.task import Goal, Outcome, Points, Scene
from vla_sim.records.spread import Spread
from vla_sim.records.triple import PLACE, THING

Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class CabinetTaskConfig(FixtureTaskConfig):
    """Settings that every task at a cabinet has."""

    moved_m: float = 0.02
    """A drawer that was moved this far, and was not asked for, is a violation."""
    wanted_m: float
    """How far out a drawer that was asked for has to be."""
    n_drawers: int = 3
    face_low: tuple[float, float] = (0.39, -0.05)
    face_high: tuple[float, float] = (0.44, 0.05)
    """The middle of the cabinet's face lies between these corners."""


class CabinetTask(FixtureTask):
    """A cabinet of drawers; every one of them can be asked for."""

    def __init__(self, config: CabinetTaskConfig, *, intent_id: str) -> None:
        names = [f"drawer_{k}" for k in range(config.n_drawers)]
        super().__init__(config, Fixtures(names, add_drawer))
        self._cabinet = config
        self._intent_id = intent_id

    def scene(
        self,
        rng: np.random.Generator,
        spread: Spread,
        draw_travel: Callable[[np.random.Generator, int], Floats],
    ) -> Scene:
        """A cabinet somewhere, its drawers from the left of the picture to its right."""
        c = self._cabinet
        x, y = rng.uniform(*widened(c.face_low, c.face_high, spread.layout))
        aside = DRAWER_PITCH_M * (np.arange(c.n_drawers) - 0.5 * (c.n_drawers - 1))
        colour, referents = self.named(rng, "drawer")
        goals = tuple(
            Goal(intent_id=self._intent_id, referent=r, outcome=k) for k, r in enumerate(referents)
        )
        return Scene(
            start=self.sample_start(rng, spread),
            goals=goals,
            values={
                "xy": np.column_stack([np.full(c.n_drawers, x), y + aside]),
                "travel": draw_travel(rng, c.n_drawers),
                "colour": colour,
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """The other drawers: what was opened or closed stays so."""
        return goals_not_asked(scene.goals, asked)

    def goal_point(self) -> Floats:
        """(n, n_drawers, 3) on each handle's bar."""
        return self._bar(self.fixtures.travel())

    def points(self) -> Points:
        """Each handle's bar, and where it is when its drawer is where it shall be."""
        now, then = self.goal_point(), self._bar(np.array(self._cabinet.wanted_m))
        return Points.of({THING: (now, now), PLACE: (then, then)})

    def _bar(self, travel: Floats) -> Floats:
        """(n, n_drawers, 3) on the bars of drawers that are out this far [m]."""
        point = self.fixtures.place()
        point[:, :, 0] += travel + 0.5 * sum(BAR_M)
        point[:, :, 2] += BAR_TOP_M
        return point

    def outcome(self, goal: Ids, success: Bools, progress: Floats) -> Outcome:
        """The judgement, from whether the goal's drawer is where it should be and how nearly."""
        others = np.abs(self.strayed())
        others[np.arange(len(goal)), goal] = 0.0
        return Outcome(
            success=success,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * self.distance(goal)),
                "moved": np.clip(progress, 0.0, 1.0),
            },
            violations={"wrong_drawer": np.any(others > self._cabinet.moved_m, axis=1)},
        )
