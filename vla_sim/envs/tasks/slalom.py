"""Slalom: weave through a row of cones, to the named side of the first one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.assets.arenas import drive_arena
from vla_sim.assets.car_manners import CAR_MANNERS
from vla_sim.assets.ground_props import add_cone
from vla_sim.envs.frames.car_task import CarTask, CarTaskConfig
from vla_sim.envs.frames.scene_task import Floats
from vla_sim.envs.scenery.distractors import Area
from vla_sim.envs.scenery.layout import widened
from vla_sim.envs.scenery.looks import mocap_row
from vla_sim.envs.scenery.ways import length_m, woven
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Goal, Outcome, Points, Scene
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Referent
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import NEXT, THING

SIDES: Mapping[str, float] = {"left": 1.0, "right": -1.0}
"""The side of the first cone on which the car passes: +1 where y is larger."""

COURSE_CAMERA = CameraSpec(
    name="overhead", position=(-3.0, 0.0, 40.0), target=(2.8, 0.0, 0.0), fov_y_deg=54.0
)
_BEYOND_M = 60.0
"""How far ways lead on, so that nobody stops for their end [m]."""
_LEGS_PER_GAP = 8

_FAR_M = 1000.0
"""The course has no ends."""


@dataclass(frozen=True, kw_only=True)
class SlalomConfig(CarTaskConfig):
    """Settings of Slalom."""

    n_cones: int = 3
    spacing_m: tuple[float, float] = (11.0, 12.0)
    first_x_m: float = -6.0
    """Where the row begins."""
    row_y_m: tuple[float, float] = (-1.5, 1.5)
    bow_m: tuple[float, float] = (0.0, 0.0)
    """How far the row's middle stands out from the line between its ends."""
    swing_m: float = 1.75
    """How far from the cones the told ways pass."""
    finish_m: float = 3.0
    """The course ends so far beyond the last cone."""
    arena_m: float = 40.0
    half_width_m: float = 9.0
    """The car may not leave the course further than this to a side."""
    horizon_s: float = 23.0
    hold_steps: int = 1
    start_x_m: tuple[float, float] = (-16.5, -15.5)
    start_y_m: tuple[float, float] = (-1.0, 1.0)
    start_yaw: tuple[float, float] = (-0.05, 0.05)
    start_speed_mps: tuple[float, float] = (1.5, 2.5)
    camera: CameraSpec = COURSE_CAMERA

    def build(self) -> "Slalom":
        """The task with these settings."""
        return Slalom(self)


class Slalom(CarTask):
    """A row of cones; which side comes first is what can be asked for.

    The task remembers on which side each cone was passed.
    """

    def __init__(self, config: SlalomConfig) -> None:
        super().__init__(config, CAR_MANNERS)
        self.config = config
        self.cones = tuple(f"cone_{k}" for k in range(config.n_cones))
        turns = (-1.0) ** np.arange(config.n_cones)
        self._wanted = np.array([[side] for side in SIDES.values()]) * turns  # (2, n_cones)

    def arena(self) -> mujoco.MjSpec:
        """Open ground."""
        return drive_arena(self.config.arena_m)

    def add_things(self, spec: mujoco.MjSpec) -> None:
        """The cones."""
        for name in self.cones:
            add_cone(spec, name)

    def bind(self, engine: Engine) -> None:
        """Find the cones in the compiled engine."""
        super().bind(engine)
        n, k = engine.n, self.config.n_cones
        self._rows = [mocap_row(engine.model, name) for name in self.cones]
        self._along = np.zeros((n, k, 2))
        self._way = np.zeros((n, len(SIDES), (k + 1) * _LEGS_PER_GAP + 2, 2))
        self._length = np.zeros((n, len(SIDES)))
        self._passed = np.zeros((n, k))
        """+1 or -1: the side on which each cone was passed; 0 where it was not yet."""

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """A row of cones, and the car on its way to it."""
        c = self.config
        layout = np.transpose([c.spacing_m, c.row_y_m, c.bow_m])
        spacing, y, bow = rng.uniform(*widened(layout[0], layout[1], spread.layout))
        bow *= rng.choice([-1.0, 1.0])
        place = np.linspace(-1.0, 1.0, c.n_cones)
        x = c.first_x_m + 0.5 * (c.n_cones - 1) * spacing * (place + 1.0)
        start = np.transpose([c.start_x_m, c.start_y_m, c.start_yaw, c.start_speed_mps])
        return Scene(
            start=rng.uniform(*widened(start[0], start[1], spread.start)),
            goals=tuple(
                Goal(intent_id="slalom", referent=Referent(relation=side), outcome=k)
                for k, side in enumerate(SIDES)
            ),
            values={"cones": np.stack([x, y + bow * (1.0 - place**2)], axis=1)},
        )

    def distractor_areas(self, slot: int) -> Sequence[Area]:
        """Beside the course, as far as the camera sees."""
        near, far = self.config.half_width_m + 1.5, self.config.half_width_m + 7.5
        return ((-14.0, -far, 18.0, -near), (-14.0, near, 18.0, far))

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Nothing: the course is behind the car."""
        return []

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Place the cones, lay the ways, and forget what was passed."""
        super().write(ids, scenes)
        c = self.config
        self._passed[ids] = 0.0
        for slot, scene in zip(ids, scenes, strict=True):
            cones = scene.values["cones"]
            for row, xy in zip(self._rows, cones, strict=True):
                self.engine.mocap_pos[slot, row] = [*xy, 0.0]
            along = np.gradient(cones, axis=0)
            along /= np.hypot(*along.T)[:, None]
            self._along[slot] = along
            gap = np.hypot(*(cones[-1] - cones[-2]))
            after = cones[-1] + gap * along[-1]
            middle = np.concatenate([scene.start[None, :2], cones, after[None]])
            for k, sides in enumerate(self._wanted):
                way = woven(middle, np.array([0.0, *(c.swing_m * sides), 0.0]), _LEGS_PER_GAP)
                self._length[slot, k] = length_m(way) - gap + c.finish_m
                self._way[slot, k] = np.concatenate([way, [after + _BEYOND_M * along[-1]]])

    def _from_cones(self) -> tuple[Floats, Floats]:
        """(n, n_cones) how far the car is beyond each cone and to the left of it [m]."""
        off = self.robot.motion.point[:, None, :2] - self.engine.mocap_pos[:, self._rows, :2]
        ahead = off[:, :, 0] * self._along[:, :, 0] + off[:, :, 1] * self._along[:, :, 1]
        left = off[:, :, 1] * self._along[:, :, 0] - off[:, :, 0] * self._along[:, :, 1]
        return ahead, left

    def ground(self) -> Floats:
        """(n, n_cones, 6) a broad way past each cone."""
        place, way = self.engine.mocap_pos[:, self._rows, :2], _FAR_M * self._along
        strips = np.zeros((*self._along.shape[:2], 6))
        strips[:, :, :2], strips[:, :, 2:4] = place - way, place + way
        strips[:, :, 4] = self.config.half_width_m
        return strips

    def after_step(self, goal: NDArray[np.int64]) -> None:
        """Note on which side the cones were passed in this step."""
        ahead, left = self._from_cones()
        now = (ahead > 0.0) & (self._passed == 0.0)
        self._passed = np.where(now, np.where(left > 0.0, 1.0, -1.0), self._passed)

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success beyond the last cone, every one of them passed on its side."""
        c = self.config
        ahead, left = self._from_cones()
        passed = self._passed * self._wanted[goal]
        wrong_side = (passed < 0.0).any(axis=1)
        off_road = np.abs(left).min(axis=1) > c.half_width_m
        failure = off_road | wrong_side | self.robot.collision()
        done = (passed > 0.0).all(axis=1) & (ahead[:, -1] > c.finish_m)
        return Outcome(
            success=done & ~failure,
            failure=failure,
            reward_terms={
                "near": 1.0 - np.tanh(0.2 * self.distance(goal)),
                "passed": (passed > 0.0).sum(axis=1) / c.n_cones,
            },
            violations={"off_road": off_road, "wrong_side": wrong_side},
        )

    def subgoals(self, goal: NDArray[np.int64]) -> Mapping[str, Floats]:
        """To pass each cone on its side, and to come to the end of the course."""
        ahead, _ = self._from_cones()
        passed = self._passed * self._wanted[goal]
        return {
            "cones": (passed <= 0.0).sum(axis=1).astype(np.float64),
            "way_m": np.maximum(self.config.finish_m - ahead[:, -1], 0.0),
        }

    def privileged(self) -> Mapping[str, Floats]:
        """The car's state, and the way for each side."""
        return {**super().privileged(), "way": self._way.copy()}

    def _beside(self, cone: NDArray[np.int64]) -> Floats:
        """(n, 2, 3): where the ways pass the cones of the given numbers (n,)."""
        row = np.arange(len(cone))
        along = self._along[row, cone]
        left = np.stack([-along[:, 1], along[:, 0]], axis=1)
        swing = self.config.swing_m * self._wanted[:, cone].T  # (n, 2)
        point = np.zeros((len(cone), len(SIDES), 3))
        place = self.engine.mocap_pos[row, np.array(self._rows)[cone], :2]
        point[:, :, :2] = place[:, None] + swing[:, :, None] * left[:, None]
        return point

    def goal_point(self) -> Floats:
        """(n, 2, 3): beside the next cone, on the side where it is its turn."""
        return self._beside(self._coming(0))

    def points(self) -> Points:
        """Beside the next cone, and beside the one after it as long as there is one."""
        one, other = self.goal_point(), self._beside(self._coming(1))
        points = Points.of({THING: (one, one), NEXT: (other, other)})
        points.exists[:, :, NEXT] = (self._coming(0) < self._coming(1))[:, None]
        return points

    def _coming(self, later: int) -> NDArray[np.int64]:
        """(n,) the number of the next cone, or of a later one, or of the last."""
        done = np.count_nonzero(self._passed, axis=1)
        coming: NDArray[np.int64] = np.minimum(done + later, self.config.n_cones - 1)
        return coming

    def referent_point(self) -> Floats:
        """(n, 2, 3): the named side of the first cone."""
        return self._beside(np.zeros(self.engine.n, dtype=np.int64))

    def hazard_geoms(self) -> NDArray[np.int64]:
        """The cones."""
        return self.geoms_of(self.cones)

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,) the told way to the end of the course [m]."""
        return self._length[np.arange(len(goal)), goal]
