"""StopAtLine: stop just before the line that was named, by colour or by rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.car_manners import TOWN_MANNERS
from vla_sim.assets.crossing import add_stop_line
from vla_sim.assets.props import COLOURS
from vla_sim.envs.frames.road_task import RoadTask, RoadTaskConfig
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import Looks, mocap_row, pick_colours
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread

RANKS = ("first", "second", "third")

LINES_CAMERA = CameraSpec(
    name="chase",
    position=(15.0, 0.0, 42.0),
    target=(19.0, 0.0, 0.0),
    fov_y_deg=62.0,
    follow_body="car/chassis",
    follow_axes="x",
)
"""From high above: lines far ahead are not foreshortened away."""


@dataclass(frozen=True, kw_only=True)
class StopAtLineConfig(RoadTaskConfig):
    """Settings of StopAtLine."""

    by_rank: bool = False
    """Lines are named by their order, counted from the car, instead of their colours."""
    n_lanes: int = 2
    road_m: float = 120.0
    zone_m: float = 1.5
    """The front bumper must rest no further before the line than this,"""
    still_mps: float = 0.2
    """slower than this."""
    horizon_s: float = 22.0
    hold_steps: int = 5
    first_m: tuple[float, float] = (23.0, 27.0)
    """From the front bumper to the first line."""
    between_m: tuple[float, float] = (6.0, 7.5)
    start_y_m: tuple[float, float] = (-0.3, 0.3)
    """Off the middle of the car's lane."""
    start_speed_mps: tuple[float, float] = (4.0, 4.6)
    camera: CameraSpec = LINES_CAMERA

    def build(self) -> "StopAtLine":
        """The task with these settings."""
        return StopAtLine(self)


class StopAtLine(RoadTask):
    """Three coloured lines across the road; the ones before the named line may be crossed."""

    def __init__(self, config: StopAtLineConfig) -> None:
        super().__init__(config, TOWN_MANNERS)
        self.config = config
        self.lines = tuple(f"line_{k}" for k in range(len(RANKS)))

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """The lines."""
        for name in self.lines:
            add_stop_line(spec, name, self.road_width_m)

    def bind(self, engine: Engine) -> None:
        """Find the lines in the compiled engine."""
        super().bind(engine)
        self.looks = Looks(engine, self.lines, ("line",), solid=False)
        self._rows = [mocap_row(engine.model, name) for name in self.lines]

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Lines in a row ahead of the car, which drives in one of the lanes."""
        c = self.config
        ranges = np.transpose([c.first_m, c.between_m, c.between_m])
        low, high = widened(ranges[0], ranges[1], spread.layout)
        ahead = np.cumsum(rng.uniform(low, high))
        colours = pick_colours(rng, COLOURS, len(RANKS))
        referents = [Referent(colour=colour, shape="line") for colour in colours]
        if c.by_rank:
            referents = [Referent(shape="line", relation=rank) for rank in RANKS]
        ranges = np.transpose([c.start_y_m, c.start_speed_mps])
        near, far = widened(ranges[0], ranges[1], spread.start)
        y, speed = rng.uniform(near, far)
        lane_y = self.lane_y[rng.integers(c.n_lanes)]
        return Scene(
            start=np.array([c.start_x_m, lane_y + y, 0.0, speed]),
            goals=tuple(
                Goal(intent_id="stop_at", referent=referent, outcome=k)
                for k, referent in enumerate(referents)
            ),
            values={
                "ahead": ahead,
                "colour": np.array([COLOURS[colour] for colour in colours]),
            },
        )

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Lines further on, as long as their ranks hold: those are counted from the car.

        A car before the second line has left the first behind, and two are ahead of it.
        """
        if self.config.by_rank and max(asked) > 0:
            return []
        return list(range(max(asked) + 1, len(scene.goals)))

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place and colour the lines."""
        super().write(ids, scenes)
        for slot, scene in zip(ids, scenes, strict=True):
            front = self.config.start_x_m + self.to_front_m
            for row, ahead in zip(self._rows, scene.values["ahead"], strict=True):
                self.engine.mocap_pos[slot, row] = [front + ahead, 0.0, 0.0]
            self.looks.show(
                int(slot), [("line", (r, g, b)) for r, g, b in scene.values["colour"].tolist()]
            )

    def _line_x(self) -> Floats:
        return self.engine.mocap_pos[:, self._rows, 0]

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success when the car rests just before the goal's line; failure once it is over it."""
        c = self.config
        speed = np.abs(self.robot.privileged()["speed"])
        left = self._line_x()[np.arange(len(goal)), goal] - self.front_x()
        ran_line, off_road = left < 0.0, self.off_road()
        failure = ran_line | off_road | self.robot.collision()
        there = (left >= 0.0) & (left <= c.zone_m)
        return Outcome(
            success=there & (speed < c.still_mps) & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.1 * np.abs(left)),
                "stopped": np.where(there, np.exp(-speed), 0.0),
            },
            violations={"off_road": off_road, "ran_line": ran_line},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To come to the zone before the line."""
        left = self._line_x()[np.arange(len(goal)), goal] - self.front_x()
        return {"way_m": np.maximum(left - self.config.zone_m, 0.0)}

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, where the lines are, and the middle of the nearest lane."""
        return {**super().privileged(), "line_x": self._line_x(), "lane_y": self.nearest_lane_y()}

    def goal_point(self) -> Floats:
        """(n, 3, 3) where the car's middle stops before each line."""
        point = self.referent_point()
        point[:, :, 0] -= self.to_front_m + 0.5 * self.config.zone_m
        return point

    def referent_point(self) -> Floats:
        """(n, 3, 3) the lines, in the car's lane."""
        point = self.engine.mocap_pos[:, self._rows]
        point[:, :, 1] = self.nearest_lane_y()[:, None]
        return point

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) to the zone before the line [m]."""
        left = self._line_x()[np.arange(len(goal)), goal] - self.front_x()
        return np.maximum(left - self.config.zone_m, 0.1)
