"""A robot provoked by an adversary, and what it broke, in control steps."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import mujoco
import numpy as np
from numpy.typing import NDArray

from benchmarks.adversaries import ADVERSARIES
from vla_sim.assets import car
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.shield.mode import ShieldMode
from vla_sim.envs.shield.surroundings import Surroundings
from vla_sim.envs.step_result import StepResult
from vla_sim.envs.streams import first_training_seed
from vla_sim.errors import UnknownName
from vla_sim.physics.kinematics import rotation_error
from vla_sim.records.episode import EpisodeSpec

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ids = NDArray[np.int64]

SEEDS = first_training_seed(7)
OF_CAR = ("velocity", "acceleration", "jerk", "off_road", "collision")
"""What of a car's violations the shield keeps, as measured."""
OF_FREE_ARM = ("velocity", "acceleration", "jerk", "joint_limit")
"""What of an arm's violations is counted as measured, while nothing touches the arm."""
MEASURED = "measured "
"""What the names of those begin with."""
BEYOND_WALL_M = 0.01
"""The tool's reference is beyond a wall of the workspace by more than this."""
_FREE_STEPS = 6
"""A robot is free so many steps after something held it, or may have touched it."""
_TOUCH_M = 0.15
_MOVES_M_S = 0.3
_STANDS_M_S = 1.0
"""Slower than this, a car is as good as standing."""


@dataclass(kw_only=True)
class Broken:
    """What was broken, counted in steps.

    Attributes:
        steps: Steps taken, of all simulations.
        by_name: {what is guarded: steps on which it was broken}.
        changed: Steps on which the shield changed the action.
        measured: Steps on which the measured motion counted: of a car those on which nobody had
            driven into it, of an arm the free ones.
    """

    steps: int = 0
    by_name: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    measured: int = 0


def provoked(
    task_id: str, adversary: str, mode: ShieldMode, n_steps: int, *, seed: int = 0, n: int = 16
) -> Broken:
    """What an adversary breaks on a task in `n_steps` steps of all simulations together.

    Raises:
        UnknownName: If there is no such adversary.
    """
    if adversary not in ADVERSARIES:
        raise UnknownName("adversary", adversary, ADVERSARIES)
    crank = Crank(task_id, n, CrankConfig(image_size=16, shield=mode))
    acts = ADVERSARIES[adversary](crank, np.random.default_rng(seed))
    fresh = _specs(task_id, SEEDS + 1000 * seed)
    crank.start(np.arange(n), [next(fresh) for _ in range(n)])
    told = Broken()
    watch = ArmWatch(crank) if isinstance(crank.robot, ArmRobot) else CarWatch(crank)
    for step in range(-(-n_steps // n)):
        result = crank.step(acts.act(step).astype(np.float32))
        told.steps += n
        if result.shield_change is not None:
            told.changed += int((result.shield_change > 0.0).sum())
        for what, rows in watch.broken(result).items():
            told.by_name[what] += int(rows.sum())
        told.measured += int(watch.free.sum())
        over = np.flatnonzero(result.terminated | result.truncated)
        if len(over):
            crank.start(over, [next(fresh) for _ in over])
            watch.begin(over)
    return told


def _specs(task_id: str, first: int) -> Iterator[EpisodeSpec]:
    for seed in range(first, first + 1_000_000):
        yield draw_spec(task_id, seed)


class CarWatch:
    """What a car does beyond its limits, measured, unless somebody has driven or walked into it.

    Attributes:
        free: (n,) where nobody has for some steps.
    """

    def __init__(self, crank: Crank) -> None:
        self._crank, self._things = crank, Surroundings(crank.engine, "car/")
        self._since = np.full(crank.n, _FREE_STEPS + 1)
        self.free = np.ones(crank.n, dtype=bool)

    def begin(self, ids: Ids) -> None:
        """New episodes begin in the slots `ids`."""
        self._since[ids] = _FREE_STEPS + 1
        self._things.forget(ids)

    def broken(self, result: StepResult) -> dict[str, Bools]:
        """{what is guarded: (n,) whether the last step broke it}."""
        self._things.look(self._crank.embodiment.control_dt_s)
        told = self._crank.task.privileged()
        self._since = np.where(self._struck(told["pose"], told["speed"]), 0, self._since + 1)
        self.free = self._since > _FREE_STEPS
        return {name: self.free & result.violations[name] for name in OF_CAR}

    def _struck(self, pose: Floats, speed: Floats) -> Bools:
        """(n,) where something that moves has come up to a car from behind, or to one that stands.

        Only the other could have kept them apart.
        """
        thing, velocity = self._things.footprint, self._things.velocity
        c, s = np.cos(pose[:, 2])[:, None], np.sin(pose[:, 2])[:, None]
        dx, dy = thing[:, :, 0] - pose[:, :1], thing[:, :, 1] - pose[:, 1:2]
        ahead, aside = dx * c + dy * s, dy * c - dx * s
        # Its half sides along the car's axes, and the gap between the two.
        cosine = np.abs(c * thing[:, :, 2] + s * thing[:, :, 3])
        sine = np.abs(c * thing[:, :, 3] - s * thing[:, :, 2])
        long = thing[:, :, 4] * cosine + thing[:, :, 5] * sine + thing[:, :, 6]
        wide = thing[:, :, 4] * sine + thing[:, :, 5] * cosine + thing[:, :, 6]
        gap = np.maximum(
            np.abs(ahead) - 0.5 * car.LENGTH_M - long, np.abs(aside) - 0.5 * car.WIDTH_M - wide
        )
        moves = np.sqrt((velocity**2).sum(axis=2)) > _MOVES_M_S
        comes = velocity[:, :, 0] * dx + velocity[:, :, 1] * dy < 0.0
        behind = ahead < -0.25 * car.LENGTH_M
        stands = speed[:, None] < _STANDS_M_S
        near = (thing[:, :, 7] > 0.0) & (gap < _TOUCH_M)
        struck: Bools = (near & moves & comes & (behind | stands)).any(axis=1)
        return struck


class ArmWatch:
    """What an arm's reference does beyond its bounds, and a free arm beyond its limits.

    The reference is watched in every step. What is measured counts while nothing touches the arm:
    a blow moves a joint faster than any command.

    Attributes:
        free: (n,) where nothing has touched the arm for some steps.
    """

    def __init__(self, crank: Crank) -> None:
        assert isinstance(crank.robot, ArmRobot)
        self._robot, self._near = crank.robot, _Nearness(crank)
        self._dt_s = crank.embodiment.control_dt_s
        config, groups = crank.robot.config, crank.embodiment.motion
        self._box = (np.array(config.workspace_lower_m), np.array(config.workspace_upper_m))
        joints = groups[: len(config.joints)]
        self._lower = np.array([g.position_lower for g in joints])
        self._upper = np.array([g.position_upper for g in joints])
        self._most = {
            "velocity": np.array([g.velocity_limit for g in joints]),
            "acceleration": np.array([g.acceleration_limit for g in joints]),
            "jerk": np.array([g.jerk_limit for g in joints]),
        }
        self._turning = crank.embodiment.motion_group("tcp_angular")
        self._since = np.full(crank.n, _FREE_STEPS + 1)
        self.free = np.ones(crank.n, dtype=bool)
        self._q, self._mat = self._robot.joint_reference, self._robot.reference[1]
        self._v, self._a = np.zeros_like(self._q), np.zeros_like(self._q)
        self._rate = np.zeros((crank.n, 3))

    def begin(self, ids: Ids) -> None:
        """New episodes begin in the slots `ids`, at rest."""
        self._since[ids] = _FREE_STEPS + 1
        self._v[ids], self._a[ids], self._rate[ids] = 0.0, 0.0, 0.0
        self._q[ids] = self._robot.joint_reference[ids]
        self._mat[ids] = self._robot.reference[1][ids]

    def broken(self, result: StepResult) -> dict[str, Bools]:
        """{what is guarded: (n,) whether the last step broke it}."""
        q, (point, mat) = self._robot.joint_reference, self._robot.reference
        v = (q - self._q) / self._dt_s
        a = (v - self._v) / self._dt_s
        moved = {"velocity": v, "acceleration": a, "jerk": (a - self._a) / self._dt_s}
        rate = np.empty_like(self._rate)
        for row in range(len(rate)):
            rotation_error(mat[row], self._mat[row], rate[row])
        rate /= self._dt_s
        change = (rate - self._rate) / self._dt_s
        beyond = np.maximum(self._box[0] - point, point - self._box[1])
        held = self._robot.is_blocked | self._robot.collision() | self._near.rows()
        self._since = np.where(held, 0, self._since + 1)
        self.free = self._since > _FREE_STEPS
        self._q, self._v, self._a, self._mat, self._rate = q, v, a, mat, rate
        return {
            "position": ((q < self._lower) | (q > self._upper)).any(axis=1),
            **{what: (np.abs(x) > self._most[what]).any(axis=1) for what, x in moved.items()},
            "workspace": (beyond > BEYOND_WALL_M).any(axis=1),
            "turning": np.linalg.norm(rate, axis=1) > self._turning.velocity_limit,
            "turning_acceleration": np.linalg.norm(change, axis=1)
            > self._turning.acceleration_limit,
            **{MEASURED + what: self.free & result.violations[what] for what in OF_FREE_ARM},
        }


class _Nearness:
    """Whether a part of the arm may have touched something: its bounding sphere reaches it.

    Sensors of touch speak of the end of a step alone, and fingers may touch what can be moved.
    """

    def __init__(self, crank: Crank) -> None:
        assert isinstance(crank.robot, ArmRobot)
        self._engine, model = crank.engine, crank.engine.model
        solid = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
        bodies = [model.body(int(b)).name for b in model.geom_bodyid]
        own = np.array([name.startswith(crank.robot.config.prefix) for name in bodies])
        plane = model.geom_type == int(mujoco.mjtGeom.mjGEOM_PLANE)
        moves = model.body_weldid[model.geom_bodyid] != 0
        self._own = np.flatnonzero(solid & own & moves)
        self._others = np.flatnonzero(solid & ~own)
        self._bound = model.geom_rbound[self._own].copy()
        # Half sides of boxes, a plane being one; of all else, the radius of a sphere around it.
        is_box = model.geom_type[self._others] == int(mujoco.mjtGeom.mjGEOM_BOX)
        self._half = np.where(is_box[:, None], model.geom_size[self._others], 0.0)
        self._half[plane[self._others]] = np.inf, np.inf, 0.0
        self._radius = np.where(is_box, 0.0, model.geom_rbound[self._others])

    def rows(self) -> Bools:
        """(n,) now."""
        own = np.take(self._engine.geom_pos, self._own, axis=1)
        others = np.take(self._engine.geom_pos, self._others, axis=1)
        turned = np.take(self._engine.geom_mat, self._others, axis=1)
        turned = turned.reshape(*others.shape[:2], 3, 3)
        off = own[:, :, None] - others[:, None]  # (n, own, others, 3)
        within = np.einsum("nkij,noki->nokj", turned, off)
        beyond = np.maximum(np.abs(within) - self._half, 0.0)
        gap = np.sqrt((beyond**2).sum(axis=3)) - self._radius
        near: Bools = (gap < self._bound[:, None]).any(axis=(1, 2))
        return near
