"""TurnKnob: turn the knob that was named, in the direction that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.knobs import KNOB_BAR_LENGTH_M, KNOB_BAR_TOP_M, add_knob
from vla_sim.assets.panda import YAW_RANGE_RAD
from vla_sim.envs.chain import goals_not_asked
from vla_sim.envs.frames.fixture_task import FixtureTask, FixtureTaskConfig
from vla_sim.envs.scenery.fixtures import Fixtures
from vla_sim.envs.scenery.layout import widened
from vla_sim.protocols.task import Goal, Outcome, Points, Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import NEXT, PLACE, THING

Floats = NDArray[np.float64]

N_KNOBS = 2
WAYS = ("clockwise", "anticlockwise")
_SIGN = np.array([-1.0, 1.0])  # of the angle about +z, by way


@dataclass(frozen=True, kw_only=True)
class TurnKnobConfig(FixtureTaskConfig):
    """Settings of TurnKnob."""

    turn_rad: float = np.pi / 3.0
    """A knob that has turned this far in the asked direction is turned."""
    wrong_rad: float = 0.2
    """The other knob, or the wrong direction, may turn this far before it is a violation."""
    expert_angle_rad: float = YAW_RANGE_RAD
    """To which angle the expert turns, either way: as far as a hand does. A knob that is being
    turned does not show where it began, so it is turned to where any knob has turned enough."""
    horizon_s: float = 10.0
    start_turn_rad: tuple[float, float] = (-0.2, 0.2)
    """How knobs are turned at the start."""
    knob_low: tuple[float, float] = (0.42, -0.14)
    knob_high: tuple[float, float] = (0.56, 0.14)
    stray_m: float = 0.04
    """One knob stands left and one right; each may stray this far in y from its side."""
    start_low: tuple[float, float, float] = (0.42, -0.10, 0.29)
    start_high: tuple[float, float, float] = (0.52, 0.10, 0.37)

    def build(self) -> "TurnKnob":
        """The task with these settings."""
        return TurnKnob(self)


class TurnKnob(FixtureTask):
    """Two knobs; each can be turned either way.

    The goals are (knob 0 clockwise, knob 0 anticlockwise, knob 1 clockwise, ...), as seen from
    above.
    """

    def __init__(self, config: TurnKnobConfig) -> None:
        names = [f"knob_{k}" for k in range(N_KNOBS)]
        super().__init__(config, Fixtures(names, add_knob))
        self.config = config
        self._knob = np.repeat(np.arange(N_KNOBS), len(WAYS))
        self._way = np.tile(np.arange(len(WAYS)), N_KNOBS)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """A knob on the left and one on the right of the picture."""
        c = self.config
        low, high = widened(c.knob_low, c.knob_high, spread.layout)
        y = np.array([low[1], high[1]]) + rng.uniform(-c.stray_m, c.stray_m, N_KNOBS)
        colour, referents = self.named(rng, "knob")
        goals = tuple(
            Goal(
                intent_id="turn_knob",
                referent=referent,
                target=Referent(relation=way),
                outcome=len(WAYS) * knob + k,
            )
            for knob, referent in enumerate(referents)
            for k, way in enumerate(WAYS)
        )
        return Scene(
            start=self.sample_start(rng, spread),
            goals=goals,
            values={
                "xy": np.column_stack([rng.uniform(low[0], high[0], N_KNOBS), y]),
                "travel": rng.uniform(*c.start_turn_rad, N_KNOBS),
                "colour": colour,
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """What was not asked for yet: knobs stay as they were turned."""
        return goals_not_asked(scene.goals, asked)

    def goal_point(self) -> Floats:
        """(n, 4, 3) on top of each goal's knob."""
        point = self.fixtures.place()[:, self._knob]
        point[:, :, 2] += KNOB_BAR_TOP_M
        return point

    def points(self) -> Points:
        """The knob, its pointer's end, and where that end has to go."""
        top = self.goal_point()
        now = self._pointer(top, self.fixtures.travel()[:, self._knob])
        then = self._pointer(top, self._wanted())
        return Points.of({THING: (top, top), NEXT: (now, now), PLACE: (then, then)})

    def _pointer(self, top: Floats, angle: Floats) -> Floats:
        """(n, 4, 3) the ends of pointers at these angles (n, 4) [m]."""
        point = top.copy()
        point[:, :, 0] += 0.5 * KNOB_BAR_LENGTH_M * np.cos(angle)
        point[:, :, 1] += 0.5 * KNOB_BAR_LENGTH_M * np.sin(angle)
        return point

    def _wanted(self) -> Floats:
        """(n, 4) the angles to which the expert turns [rad]."""
        angle = self.config.expert_angle_rad * _SIGN[self._way]
        return np.broadcast_to(angle, (len(self._start), len(angle)))

    def privileged(self) -> dict[str, Floats]:
        """The arm's state, and each goal's knob: its place, its angle, and the expert's."""
        angle = self.fixtures.travel()
        return {
            **self.robot.privileged(),
            "knob_pos": self.fixtures.place()[:, self._knob],
            "knob_angle": angle[:, self._knob],
            "knob_wanted": self._wanted(),
        }

    def fixture_of(self, goal: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the goals' knobs."""
        return self._knob[goal]

    def parts(self) -> Floats:
        """(n, N_KNOBS, 3) the pointers' ends."""
        one_each = np.arange(N_KNOBS) * len(WAYS)
        angle = np.repeat(self.fixtures.travel(), len(WAYS), axis=1)
        return self._pointer(self.goal_point(), angle)[:, one_each]

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To get to the knob, and to turn it."""
        mine = self.moved()[np.arange(len(goal)), self._knob[goal]] * _SIGN[self._way[goal]]
        left = np.maximum(self.config.turn_rad - mine, 0.0)
        return {"hand_m": self.hand_left(goal), "turn_rad": left}

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success while the goal's knob is turned far enough in the goal's direction."""
        c, rows, knob = self.config, np.arange(len(goal)), self._knob[goal]
        sign, others = _SIGN[self._way[goal]], self.strayed()
        mine = self.moved()[rows, knob] * sign
        back = -others[rows, knob] * sign
        others[rows, knob] = 0.0
        return Outcome(
            success=mine > c.turn_rad,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * self.distance(goal)),
                "turned": np.clip(mine / c.turn_rad, 0.0, 1.0),
            },
            violations={
                "wrong_knob": np.any(np.abs(others) > c.wrong_rad, axis=1),
                "wrong_way": back > c.wrong_rad,
            },
        )

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the straight way to the knob [m]; turning takes none."""
        return self.distance(goal)
