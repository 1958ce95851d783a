"""TracePath: lead the fingertips along the line that was named, from the end that was named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.props import COLOURS
from vla_sim.assets.traced_line import LOW_M, nearest_on, point_on, traced
from vla_sim.envs.chain import goals_not_asked
from vla_sim.envs.frames.arm_task import ArmTask, ArmTaskConfig
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import pick_colours
from vla_sim.envs.scenery.traced_lines import TracedLines, winding
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Points, Scene
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import NEXT, PLACE, THING

Floats = NDArray[np.float64]

N_LINES = 2
ENDS = ("left", "right")


@dataclass(frozen=True, kw_only=True)
class TracePathConfig(ArmTaskConfig):
    """Settings of TracePath."""

    tolerance_m: float = 0.02
    """The fingertips must come this close to every joint of the line, in order."""
    low_m: float = LOW_M
    """The tool point is on the line only below this height."""
    off_m: float = 0.03
    """Farther than this aside, or twice as high as `low_m`, is off the path."""
    trace_height_m: float = 0.028
    """The height of the tool point at which the expert traces."""
    n_links: int = 10
    swing_rad: tuple[float, float] = (0.3, 0.6)
    """How far the lines' headings swing to either side."""
    waves: tuple[float, float] = (0.6, 1.1)
    """How many times they do."""
    rows_x_m: tuple[float, float] = (0.41, 0.57)
    """Where the far and the near line lie, as the viewer sees them."""
    stray_m: tuple[float, float] = (0.015, 0.03)
    """How far their middles stray from there in x, and from the middle in y."""
    horizon_s: float = 11.0
    hold_steps: int = 1
    start_low: tuple[float, float, float] = (0.42, -0.10, 0.18)
    start_high: tuple[float, float, float] = (0.56, 0.10, 0.24)

    def build(self) -> "TracePath":
        """The task with these settings."""
        return TracePath(self)


class TracePath(ArmTask):
    """Two lines; each of them can be asked for from either end.

    The goals are (line 0 from the left, line 0 from the right, line 1 from the left, ...). How far
    each of them has been traced is remembered for all of them alike, whichever was asked for.
    """

    def __init__(self, config: TracePathConfig) -> None:
        super().__init__(config)
        self.config = config
        self.lines = TracedLines(n_lines=N_LINES, n_links=config.n_links)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """Lines."""
        self.lines.add_to(spec)

    def bind(self, engine: Engine) -> None:
        """Find the lines in the compiled engine."""
        super().bind(engine)
        self.lines.bind(engine)
        n_goals = N_LINES * len(ENDS)
        self._path = np.zeros((engine.n, n_goals, self.config.n_links + 1, 2))
        self._next = np.zeros((engine.n, n_goals), dtype=np.int64)

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """A near and a far line of different colours."""
        c = self.config
        colours = pick_colours(rng, COLOURS, N_LINES)
        low, high = widened([-m for m in c.stray_m], c.stray_m, spread.layout)
        middles = [np.array([x, 0.0]) + rng.uniform(low, high) for x in c.rows_x_m]
        joints = [winding(rng, c.n_links, m, c.swing_rad, c.waves) for m in middles]
        swap = bool(rng.integers(2))  # which of them is line 0
        goals = tuple(
            Goal(
                intent_id="trace",
                referent=Referent(colour=colour, shape="line"),
                target=Referent(relation=end),
                outcome=len(ENDS) * line + k,
            )
            for line, colour in enumerate(colours)
            for k, end in enumerate(ENDS)
        )
        palette = list(COLOURS)
        return Scene(
            start=self.sample_start(rng, spread),
            goals=goals,
            values={
                "joints": np.array(joints[::-1] if swap else joints),
                "colour": np.array([palette.index(c) for c in colours], dtype=np.float64),
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """What was not asked for yet: a line that was traced stays traced."""
        return goals_not_asked(scene.goals, asked)

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Lay out the lines; nothing of them is traced."""
        super().write(ids, scenes)
        palette = list(COLOURS)
        for slot, scene in zip(ids, scenes, strict=True):
            joints = scene.values["joints"]
            colours = [palette[int(c)] for c in scene.values["colour"]]
            self.lines.write(int(slot), joints, colours)
            for line in range(N_LINES):
                self._path[slot, len(ENDS) * line] = joints[line]
                self._path[slot, len(ENDS) * line + 1] = joints[line, ::-1]
        self._next[ids] = 0

    def after_step(self, goal: NDArray[np.int64]) -> None:
        """Note which joint has been reached."""
        c, tool = self.config, self.robot.motion.point
        offset = self.goal_point()[:, :, :2] - tool[:, None, :2]
        distance = np.sqrt(offset[:, :, 0] ** 2 + offset[:, :, 1] ** 2)
        reached = (distance < c.tolerance_m) & (tool[:, None, 2] < c.low_m)
        self._next += reached & (self._next <= c.n_links)

    def goal_point(self) -> Floats:
        """(n, n_goals, 3) the joint that comes next."""
        return self._joint(self._next)

    def points(self) -> Points:
        """Where to go on, what comes after it, and the line's end, as the picture shows them.

        The first is the beginning until the tool is on the line, then a link ahead of it.
        """
        tool = np.repeat(self.robot.motion.point[:, None], self._next.shape[1], axis=1)
        ahead = traced(self._path, tool) + 1.0
        asked = {THING: ahead, NEXT: ahead + 1.0, PLACE: np.full_like(ahead, self.config.n_links)}
        places = {query: self._at(point_on(self._path, a)) for query, a in asked.items()}
        return Points.of({query: (place, place) for query, place in places.items()})

    def _joint(self, number: NDArray[np.int64]) -> Floats:
        """(n, n_goals, 3) of the tool at joints of these numbers (n, n_goals)."""
        n, n_goals = number.shape
        k = np.minimum(number, self.config.n_links)
        return self._at(self._path[np.arange(n)[:, None], np.arange(n_goals), k])

    def _at(self, point: Floats) -> Floats:
        """(n, n_goals, 3) of the tool at points (n, n_goals, 2)."""
        height = np.full((*point.shape[:2], 1), self.config.trace_height_m)
        return np.concatenate([point, height], axis=2)

    def referent_point(self) -> Floats:
        """(n, n_goals, 3) the end of the line at which to begin."""
        return np.concatenate([self._path[:, :, 0], np.zeros((*self._next.shape, 1))], axis=2)

    def privileged(self) -> Mapping[str, Floats]:
        """The arm's state, each goal's line from its beginning, and the joint that comes next."""
        return {
            **super().privileged(),
            "path": self._path.copy(),
            "path_next": self._next.astype(np.float64),
        }

    def off_line(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) horizontal distance from the goal's line [m]."""
        path = self._path[np.arange(len(goal)), goal]
        return nearest_on(path, self.robot.motion.point[:, :2])[1]

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To get to the line's beginning, and from joint to joint to its end."""
        done = self._next[np.arange(len(goal)), goal]
        return {
            "hand_m": np.where(done > 0, 0.0, self.hand_left(goal)),
            "joints": self.config.n_links + 1.0 - done,
        }

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when every joint of the goal's line has been reached in order."""
        c = self.config
        done = self._next[np.arange(len(goal)), goal]
        is_on_the_way = (done > 0) & (done <= c.n_links)
        off = (self.off_line(goal) > c.off_m) | (self.robot.motion.point[:, 2] > 2.0 * c.low_m)
        return Outcome(
            success=done > c.n_links,
            failure=np.zeros(len(goal), dtype=bool),
            reward_terms={
                "near": 1.0 - np.tanh(5.0 * self.distance(goal)),
                "traced": done / (c.n_links + 1.0),
            },
            violations={"off_path": is_on_the_way & off},
        )

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) straight to the beginning, and along the line [m]."""
        return self.distance(goal) + self.lines.length_m
