"""Episodes in which something goes wrong on purpose, once, at a known time.

A script is a teacher: it leads the expert astray, acts by itself, or writes into the engine what
an unlucky moment would have done. What has to be counted is known beforehand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.protocols.task import Scene
from vla_sim.records.episode import Episode
from vla_sim.records.teacher_input import TeacherInput

FIRST_SEED = 30_000
N_SLOTS = 5
LIFTED_M = 0.05
"""Objects are let go of at this height."""
BUMP_STEP, BUMP_MPS = 5, 3.0
TIP_STEP = 5
_STANDS = "object_0"
"""In Stack, the first two objects are no balls."""
_ON_ITS_SIDE = (np.sqrt(0.5), np.sqrt(0.5), 0.0, 0.0)
_OPEN, _GRIPPER = 1.0, 6

Actions = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What a script is given.

    Attributes:
        crank: The simulations.
        known: The truth about m of them.
        expert: What the expert would do, (m, n_act), to be changed at will.
        done: bool (n,), of every slot whether the script has done what it does once; it keeps that.
    """

    crank: Crank
    known: TeacherInput
    expert: Actions
    done: NDArray[np.bool_]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The slots, (m,)."""
        return self.known.told.row

    def slots_at(self, step: int) -> list[int]:
        """The slots that are at a step of their episodes."""
        return [int(slot) for slot in self.rows[self.known.told.step == step]]


Script = Callable[[Moment], Actions]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One way for something to go wrong.

    Attributes:
        task_id: Where.
        script: Who acts.
        other_goal: The expert is told another goal than the episode's.
        count: How many events of the kind there are then.
        axis: The axis of the episodes, at its severity 2.
    """

    task_id: str
    script: Script
    other_goal: bool = False
    count: int = 1
    axis: str = ""


class Astray:
    """An expert who may be told another goal, and whose actions a script changes."""

    needs_images = False
    n_action_steps = 1

    def __init__(self, crank: Crank, plant: Plant) -> None:
        self._crank, self._plant = crank, plant
        self._expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
        self._done = np.zeros(crank.n, dtype=np.bool_)

    def reset(self, ids: NDArray[np.int64]) -> None:
        """New episodes begin."""
        self._done[ids] = False

    def teach(self, known: TeacherInput) -> Actions:
        """One step, (m, 1, n_act)."""
        goal = known.goal
        if self._plant.other_goal:
            scenes = [self._crank.scenes[row] for row in known.told.row]
            goal = np.array([other_goal(s, int(g)) for s, g in zip(scenes, goal, strict=True)])
        chunk = self._expert.chunk(known.privileged, goal, known.manner, 1)
        moment = Moment(crank=self._crank, known=known, expert=chunk[:, 0].copy(), done=self._done)
        return self._plant.script(moment)[:, None]


def planted(plant: Plant, n: int) -> list[Episode]:
    """Run n episodes in which it goes wrong."""
    crank = Crank(plant.task_id, min(n, N_SLOTS), CrankConfig(image_size=16))
    plan = plan_episodes(
        plant.task_id,
        range(FIRST_SEED, FIRST_SEED + n),
        axis=plant.axis,
        severity=2 if plant.axis else 0,
    )
    return run_all(crank, Astray(crank, plant), plan)


def other_goal(scene: Scene | None, goal: int) -> int:
    """A goal of another outcome, about the same thing if there is one."""
    assert scene is not None
    mine = scene.goals[goal % len(scene.goals)]
    others = [k for k, g in enumerate(scene.goals) if g.outcome != mine.outcome]
    return min(others, key=lambda k: scene.goals[k].referent != mine.referent)


def as_the_expert(moment: Moment) -> Actions:
    """What the expert would do."""
    return moment.expert


def idle(moment: Moment) -> Actions:
    """Nothing: an arm stays, a car rolls on."""
    return np.zeros_like(moment.expert)


def let_go(moment: Moment) -> Actions:
    """Once a thing is up, the hand opens and stays where it is."""
    told, actions = moment.known.privileged, moment.expert
    height = told["object_pos"][:, :, 2] - told["object_size"]
    moment.done[moment.rows] |= height.max(axis=1) > LIFTED_M
    open_now = moment.done[moment.rows]
    actions[open_now] = 0.0
    actions[open_now, _GRIPPER] = _OPEN
    return actions


def tip_over(moment: Moment) -> Actions:
    """A thing that stands is put on its side; the arm stays."""
    model, qpos = moment.crank.engine.model, moment.crank.engine.qpos
    q = int(model.jnt_qposadr[model.body(_STANDS).jntadr[0]])
    for slot in moment.slots_at(TIP_STEP):
        qpos[slot, q + 3 : q + 7] = _ON_ITS_SIDE
    return np.zeros_like(moment.expert)


def steer_left(moment: Moment) -> Actions:
    """The car turns off to the left."""
    turned = np.zeros_like(moment.expert)
    turned[:, 1] = 0.3
    return turned


def bump(moment: Moment) -> Actions:
    """The standing car is pushed once, harder than anything it could do by itself, and brakes."""
    v = int(moment.crank.engine.model.joint("car/chassis_free").dofadr[0])
    for slot in moment.slots_at(BUMP_STEP):
        moment.crank.engine.qvel[slot, v] += BUMP_MPS
    braking = np.zeros_like(moment.expert)
    braking[:, 0] = -1.0
    return braking


PLANTS: Mapping[str, Plant] = {
    "wrong_object": Plant(task_id="vla_sim/Lift-v1", script=as_the_expert, other_goal=True),
    "wrong_target": Plant(
        task_id="vla_sim/TurnAtIntersection-v0", script=as_the_expert, other_goal=True
    ),
    "dropped": Plant(task_id="vla_sim/PickPlace-v0", script=let_go),
    "tipped": Plant(task_id="vla_sim/Stack-v0", script=tip_over),
    "hit": Plant(task_id="vla_sim/Overtake-v0", script=idle),
    "off_road": Plant(task_id="vla_sim/ChangeLane-v1", script=steer_left),
    "rule_broken": Plant(task_id="vla_sim/StopAtLine-v0", script=idle),
    "limit": Plant(task_id="vla_sim/DriveToGoal-v1", script=bump),
    "stale_action": Plant(task_id="vla_sim/Reach-v1", script=as_the_expert, axis="dynamics"),
}
"""A plant of each kind in `EVENTS`."""
