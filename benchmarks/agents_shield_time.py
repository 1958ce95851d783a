"""What a shield costs: its share of a control step, where nothing is to be kept and at the edge.

A part of `benchmarks.agents_shield`, whose rows these are.
"""

import time
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.adversaries import ADVERSARIES
from benchmarks.provocation import SEEDS
from benchmarks.row import Row
from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.robots.reference_governor import Governor
from vla_sim.envs.rollout import run_all
from vla_sim.envs.shield.shield import Shield
from vla_sim.envs.step_result import StepResult
from vla_sim.envs.task_names import short_name
from vla_sim.records.manner import Manner

Floats = NDArray[np.float64]
_N, _STEPS = 32, 150


class _TimedShield(Shield):
    """Counts the seconds that it takes."""

    spent_s = 0.0

    def guarded(self, actions: Floats, manners: Sequence[Manner]) -> Floats:
        """See `Shield`."""
        begin = time.perf_counter()
        left = super().guarded(actions, manners)
        self.spent_s += time.perf_counter() - begin
        return left


class _TimedGovernor:
    """A governor that counts the seconds that it takes."""

    def __init__(self, governor: Governor) -> None:
        self._governor, self.spent_s = governor, 0.0

    @property
    def withheld(self) -> Floats:
        """See `Governor`."""
        return self._governor.withheld

    def govern(
        self, q: Floats, before: tuple[Floats, Floats], q_ref: Floats, qd_ref: Floats, twist: Floats
    ) -> None:
        """See `Governor`."""
        begin = time.perf_counter()
        self._governor.govern(q, before, q_ref, qd_ref, twist)
        self.spent_s += time.perf_counter() - begin


class _TimedCrank(Crank):
    """Counts the seconds of its control steps."""

    spent_s = 0.0

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """See `Crank`."""
        begin = time.perf_counter()
        result = super().step(actions)
        self.spent_s += time.perf_counter() - begin
        return result


def time_rows() -> Iterator[Row]:
    """The shield's share of a control step, in one run, with an expert acting and at the edge."""
    tasks = ("vla_sim/DriveToGoal-v1", "vla_sim/KeepLane-v0", "vla_sim/Reach-v1")
    for acting, task_id in product(("expert", "edge"), tasks):
        crank = _TimedCrank(task_id, _N, CrankConfig(image_size=16, shield="limits"))
        shield = crank.shield = _TimedShield("limits", crank.task, crank.engine)
        clocks: list[_TimedCrank | _TimedShield | _TimedGovernor] = [shield]
        if isinstance(crank.robot, ArmRobot) and crank.robot.governor is not None:
            crank.robot.governor = timed = _TimedGovernor(crank.robot.governor)
            clocks.append(timed)
        _act(crank, acting)  # compiles what is not compiled yet
        for clock in (crank, *clocks):
            clock.spent_s = 0.0
        _act(crank, acting)
        share = 100.0 * sum(clock.spent_s for clock in clocks) / crank.spent_s
        yield Row(
            name=f"the shield's share of a control step, {short_name(task_id)}, {acting}",
            value=f"{share:.0f} %",
            bar="<= 20 %",
            holds=share <= 20.0,
        )


def _act(crank: Crank, acting: str) -> None:
    """An episode of each slot with its expert, or as many steps with an adversary."""
    task_id, slots = crank.task_id, np.arange(_N)
    plan = [draw_spec(task_id, SEEDS + k) for k in range(_N)]
    if acting == "expert":
        run_all(crank, POLICIES["expert"](task_id, crank.task), plan)
        return
    crank.start(slots, plan)
    adversary = ADVERSARIES[acting](crank, np.random.default_rng(0))
    for step in range(_STEPS):
        result = crank.step(adversary.act(step).astype(np.float32))
        over = np.flatnonzero(result.terminated | result.truncated)
        if len(over):
            crank.start(over, [plan[slot] for slot in over])
