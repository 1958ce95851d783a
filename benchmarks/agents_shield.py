"""The shield, measured: what is broken with it and without, what it costs, what experts lose."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.row import Row
from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig, StepResult
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.rollout import run_all
from vla_sim.envs.shield.mode import ShieldMode
from vla_sim.envs.shield.shield import Shield
from vla_sim.envs.streams import first_training_seed
from vla_sim.envs.task_names import short_name
from vla_sim.records.manner import Manner

Floats = NDArray[np.float64]

CAR_TASKS = (
    "vla_sim/DriveToGoal-v1",
    "vla_sim/ChangeLane-v1",
    "vla_sim/Slalom-v0",
    "vla_sim/TurnAtIntersection-v0",
    "vla_sim/FollowLead-v0",
    "vla_sim/KeepLane-v0",
    "vla_sim/Park-v0",
    "vla_sim/Overtake-v0",
    "vla_sim/StopAtLine-v0",
    "vla_sim/YieldToPedestrian-v0",
)
ARM_TASKS = ("vla_sim/Reach-v1", "vla_sim/PickPlace-v0", "vla_sim/OpenDrawer-v0")
HABITS = ("random", "bang", "held")
"""Uniform actions; corners of the action's cube; corners that are held for up to four seconds."""
GUARDED = ("velocity", "acceleration", "jerk", "off_road", "collision")
"""What of a car's violations the shield keeps, as measured."""
BEYOND_WALL_M = 0.01
"""The tool's reference is beyond a wall of the workspace by more than this."""
_FREE_STEPS = 3
"""An arm is free so many steps after something held it or was touched."""
_N = 16
_SEEDS = first_training_seed(7)


@dataclass(kw_only=True)
class Broken:
    """What was broken, counted in steps.

    Attributes:
        steps: Steps taken, of all simulations.
        by_name: {what is guarded: steps on which it was broken}.
        changed: Steps on which the shield changed the action.
    """

    steps: int = 0
    by_name: Counter[str] = field(default_factory=Counter)
    changed: int = 0


def habit(name: str, shape: tuple[int, int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Actions (t, n, n_act) of somebody who does not care."""
    if name == "random":
        return rng.uniform(-1.0, 1.0, shape).astype(np.float32)
    if name == "bang":
        return rng.choice([-1.0, 1.0], shape).astype(np.float32)
    actions = np.zeros(shape, dtype=np.float32)
    for slot in range(shape[1]):
        t = 0
        while t < shape[0]:
            lasts = int(rng.integers(5, 40))
            corner = rng.choice([-1.0, 0.0, 1.0, 1.0], shape[2])
            actions[t : t + lasts, slot] = corner * rng.choice([1.0, 1.0, 0.5])
            t += lasts
    return actions


def provoked(
    task_id: str, name: str, mode: ShieldMode, n_steps: int, *, seed: int = 0, n: int = _N
) -> Broken:
    """What a habit breaks on a task in `n_steps` steps of all simulations together."""
    crank = Crank(task_id, n, CrankConfig(image_size=16, shield=mode))
    turns = -(-n_steps // n)
    rng = np.random.default_rng(seed)
    actions = habit(name, (turns, n, crank.embodiment.n_act), rng)
    fresh = iter(range(_SEEDS + 1000 * seed, _SEEDS + 1_000_000))
    ids = np.arange(n)
    crank.start(ids, [draw_spec(task_id, next(fresh)) for _ in ids])
    told = Broken()
    watch = _Arm(crank) if isinstance(crank.robot, ArmRobot) else None
    for action in actions:
        result = crank.step(action)
        told.steps += n
        if result.shield_change is not None:
            told.changed += int((result.shield_change > 0.0).sum())
        broken = _of_car(result) if watch is None else watch.broken()
        for what, rows in broken.items():
            told.by_name[what] += int(rows.sum())
        over = np.flatnonzero(result.terminated | result.truncated)
        if len(over):
            crank.start(over, [draw_spec(task_id, next(fresh)) for _ in over])
            if watch is not None:
                watch.begin(over)
    return told


def _of_car(result: StepResult) -> dict[str, NDArray[np.bool_]]:
    return {name: result.violations[name] for name in GUARDED}


class _Arm:
    """What an arm's reference does beyond its bounds while nothing blocks the arm."""

    def __init__(self, crank: Crank) -> None:
        assert isinstance(crank.robot, ArmRobot)
        self.robot, config = crank.robot, crank.robot.config
        self.box = (np.array(config.workspace_lower_m), np.array(config.workspace_upper_m))
        group = crank.embodiment.motion_group("tcp_angular")
        self.turn, self.turn_change = group.velocity_limit, group.acceleration_limit
        self.dt = crank.embodiment.control_dt_s
        self.since = np.full(crank.n, _FREE_STEPS + 1)
        self.mat, self.rate = self.robot.reference[1], np.zeros((crank.n, 3))
        self.beyond = np.zeros(crank.n)

    def begin(self, ids: NDArray[np.int64]) -> None:
        self.since[ids], self.rate[ids], self.beyond[ids] = _FREE_STEPS + 1, 0.0, 0.0
        self.mat[ids] = self.robot.reference[1][ids]

    def broken(self) -> dict[str, NDArray[np.bool_]]:
        point, mat = self.robot.reference
        rate = 0.5 * np.cross(self.mat, mat, axis=1).sum(axis=2) / self.dt
        held = self.robot.is_blocked | self.robot.collision()
        self.since = np.where(held, 0, self.since + 1)
        free = self.since > _FREE_STEPS
        beyond = np.maximum(self.box[0] - point, point - self.box[1]).max(axis=1)
        change = np.linalg.norm(rate - self.rate, axis=1) / self.dt
        # A tool that was pushed out comes back slowly: it breaks the bound who goes further out.
        outwards = beyond > self.beyond
        self.mat, self.rate, self.beyond = mat, rate, beyond
        return {
            "workspace": free & (beyond > BEYOND_WALL_M) & outwards,
            "turning": free & (np.linalg.norm(rate, axis=1) > self.turn),
            "turning_acceleration": free & (change > self.turn_change),
        }


def law_rows(n_steps: int = 1_000_000, mode: ShieldMode = "limits") -> Iterator[Row]:
    """What is broken in so many steps, over arm and car and every habit."""
    tasks = (*CAR_TASKS, *ARM_TASKS)
    each = n_steps // (len(tasks) * len(HABITS))
    for task_id in tasks:
        told = Broken()
        for name in HABITS:
            one = provoked(task_id, name, mode, each)
            told.steps += one.steps
            told.by_name += one.by_name
            told.changed += one.changed
        said = ", ".join(f"{what} {n}" for what, n in told.by_name.items() if n) or "0"
        changed = 100.0 * told.changed / told.steps
        yield Row(
            name=f"guarded and broken, {short_name(task_id)}, shield {mode}",
            value=f"{said} in {told.steps:,} steps; {changed:.0f} % changed",
            bar="0",
            holds=not sum(told.by_name.values()),
        )


def expert_rows(n_episodes: int = 100) -> Iterator[Row]:
    """What experts lose."""
    for task_id in (*CAR_TASKS, *ARM_TASKS):
        done = {mode: _experts(task_id, mode, n_episodes) for mode in ("off", "limits")}
        lost = 100.0 * (done["off"][0] - done["limits"][0]) / n_episodes
        yield Row(
            name=f"expert under the shield, {short_name(task_id)}",
            value=f"{done['off'][0]} -> {done['limits'][0]} of {n_episodes} succeed; "
            f"{done['limits'][1]} of {done['limits'][2]} steps changed",
            bar="loses <= 1 point",
            holds=lost <= 1.0,
        )


def _experts(task_id: str, mode: ShieldMode, n_episodes: int) -> tuple[int, int, int]:
    crank = Crank(task_id, _N, CrankConfig(image_size=16, shield=mode))
    plan = [draw_spec(task_id, _SEEDS + k) for k in range(n_episodes)]
    ran = run_all(crank, POLICIES["expert"](task_id, crank.task), plan)
    changed, steps = sum(e.n_shielded for e in ran), sum(e.n_steps for e in ran)
    return sum(e.success_at_end for e in ran), changed, steps


class _TimedShield(Shield):
    """Counts the seconds that it takes."""

    spent_s = 0.0

    def guarded(self, actions: Floats, manners: Sequence[Manner]) -> Floats:
        begin = time.perf_counter()
        left = super().guarded(actions, manners)
        self.spent_s += time.perf_counter() - begin
        return left


class _TimedCrank(Crank):
    """Counts the seconds of its control steps."""

    spent_s = 0.0

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        begin = time.perf_counter()
        result = super().step(actions)
        self.spent_s += time.perf_counter() - begin
        return result


def time_rows() -> Iterator[Row]:
    """The shield's share of a control step, in one run, with an expert acting."""
    for task_id in ("vla_sim/DriveToGoal-v1", "vla_sim/KeepLane-v0", "vla_sim/Reach-v1"):
        crank = _TimedCrank(task_id, _N, CrankConfig(image_size=16, shield="limits"))
        shield = _TimedShield("limits", crank.task, crank.engine)
        crank.shield = shield
        plan = [draw_spec(task_id, _SEEDS + k) for k in range(_N)]
        expert = POLICIES["expert"](task_id, crank.task)
        run_all(crank, expert, plan)  # compiles what is not compiled yet
        crank.spent_s = shield.spent_s = 0.0
        run_all(crank, expert, plan)
        share = 100.0 * shield.spent_s / crank.spent_s
        yield Row(
            name=f"the shield's share of a control step, {short_name(task_id)}",
            value=f"{share:.0f} %",
            bar="<= 20 %",
            holds=share <= 20.0,
        )


def rows() -> Iterator[Row]:
    """All of them; the law takes half an hour of a core."""
    yield from law_rows()
    yield from expert_rows()
    yield from time_rows()
