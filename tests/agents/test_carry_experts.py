"""Carry and Push on an ideal arm: what they do in states that they would not get into."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.agents.integrators import ARM, KinematicArm
from tests.agents.scenes import tables
from vla_sim.agents.controls import ExpertPolicy
from vla_sim.agents.experts.phases import TOUCH_M, Moves
from vla_sim.agents.experts.table import expert_for
from vla_sim.assets.panda import GRIPPER_LEAD_M, GRIPPER_SPEED_M_S, PANDA_MANNERS
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.records.manner import MANNERS
from vla_sim.records.teacher_input import TeacherInput

Floats = NDArray[np.float64]

N = 20
ROW = np.arange(N)
CARRY = expert_for("vla_sim/PickPlace-v0", ARM, PANDA_MANNERS)
PUSH = expert_for("vla_sim/PushToRegion-v0", ARM, PANDA_MANNERS)
PLACE = np.array([0.5, 0.3, 0.0])
NEXT = np.array([0.08, 0.0, 0.0])
NORMAL = np.zeros(N, dtype=np.int64)


def state(arm: KinematicArm, n_asked: int = 1) -> dict[str, Floats]:
    """Goal k asks for the next `n_asked` objects from the k-th on, side by side."""
    place = np.full((N, 3, 3, 3), np.inf)
    for goal in range(3):
        for k in range(n_asked):
            place[:, goal, (goal + k) % 3] = PLACE + k * NEXT
    return {
        **arm.privileged(),
        "goal_place": place,
        "tcp_yaw": np.zeros(N),
        "tcp_yaw_rate": np.zeros(N),
    }


def carried(
    arm: KinematicArm, n_asked: int = 1, n_steps: int = 200, manner: NDArray[np.int64] = NORMAL
) -> NDArray[np.bool_]:
    """(n,) whether all that was asked for stands at its place in the end, hand open."""
    goal = ROW % 3
    for t in range(n_steps):
        if t % 2 == 0:
            chunk = CARRY.chunk(state(arm, n_asked), goal, manner, 2)
        arm.step(chunk[:, t % 2])
    place = state(arm, n_asked)["goal_place"][ROW, goal]
    asked = np.isfinite(place[:, :, 0])
    bottom = arm.objects - np.array([0.0, 0.0, 1.0]) * arm.half[:, :, None]
    off = np.abs(np.where(asked[:, :, None], place, bottom) - bottom).max(axis=(1, 2))
    done: NDArray[np.bool_] = (off < 0.012) & (arm.width > 0.06)
    return done


def test_carry_brings_one_object_or_two_in_every_manner() -> None:
    manner = ROW % len(MANNERS)
    assert carried(tables(N, 1), 1, 260, manner).all()
    assert carried(tables(N, 2), 2, 500, manner).all()


def test_what_nobody_asked_for_stays() -> None:
    arm = tables(N, 3)
    before = arm.objects.copy()
    carried(arm)
    others = np.ones((N, 3), dtype=bool)
    others[ROW, ROW % 3] = False
    assert np.array_equal(arm.objects[others], before[others])


def test_a_hand_closed_on_nothing_opens_and_tries_again() -> None:
    arm = tables(N, 4)
    arm.width[:] = 0.0
    assert carried(arm).all()


def test_a_wrong_object_is_put_down_before_it_is_let_go() -> None:
    arm = tables(N, 5)
    wrong = (ROW % 3 + 1) % 3
    arm.objects[ROW, wrong, 2] = 0.2
    arm.tool = arm.objects[ROW, wrong].copy()
    arm.width[:] = 0.044
    chunk = CARRY.chunk(state(arm), ROW % 3, NORMAL, 1)
    assert (chunk[:, 0, 6] < 0.0).all()
    assert (chunk[:, 0, 2] < 0.0).all()
    assert carried(arm).all()
    assert (arm.objects[ROW, wrong, 2] < 0.03).all()


def test_what_is_in_the_hand_comes_first() -> None:
    arm = tables(N, 6)
    second = (ROW % 3 + 1) % 3
    arm.objects[ROW, second, 2] = 0.2
    arm.tool = arm.objects[ROW, second].copy()
    arm.width[:] = 0.044
    chunk = CARRY.chunk(state(arm, 2), ROW % 3, NORMAL, 8)
    assert (chunk[:, :, 6] < 0.0).all()
    way = (PLACE + NEXT)[:2] - arm.tool[:, :2]
    assert ((chunk[:, -1, :2] * way).sum(axis=1) > 0.0).all()


def test_what_stands_at_its_place_is_left_there() -> None:
    arm = tables(N, 7)
    arm.objects[ROW, ROW % 3, :2] = PLACE[:2]
    chunk = CARRY.chunk(state(arm), ROW % 3, NORMAL, 8)
    assert (chunk[:, :, 6] > 0.0).all()
    assert np.abs(chunk[:, :, :2]).max() < 1e-6


def test_a_hand_stays_until_its_fingers_can_have_opened() -> None:
    arm = tables(N, 10)
    mine = ROW % 3
    arm.objects[ROW, mine] = PLACE + np.array([0.0, 0.0, 0.022])
    arm.tool = arm.objects[ROW, mine].copy()
    arm.width[:] = 0.044
    chunk = CARRY.chunk(state(arm), mine, NORMAL, 16)
    assert (chunk[:, :, 6] == 1.0).all()
    taken_back = round(GRIPPER_LEAD_M / GRIPPER_SPEED_M_S / ARM.control_dt_s)
    assert np.abs(chunk[:, : taken_back + 2, :3]).max() < 0.03
    assert (chunk[:, 12:, 2] > 0.1).all()
    # Fingers that hold nothing have nothing to take back.
    arm.objects[ROW, mine, 0] += 0.1
    arm.tool[:, 2] = 0.11
    assert (CARRY.chunk(state(arm), mine, NORMAL, 3)[:, 2, 2] > 0.1).all()


@dataclass
class Watched:
    """An expert asked at every step, and what its fingers did."""

    actor: ExpertPolicy
    width_m: list[float] = field(default_factory=list)
    opens: list[bool] = field(default_factory=list)
    needs_images: bool = False
    n_action_steps: int = 1

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        chunk = self.actor.teach(known)
        self.width_m.append(float(known.privileged["gripper_width"][0]))
        self.opens.append(bool(chunk[0, 0, 6] > 0.0))
        return chunk


def test_the_robots_fingers_open_as_late_as_is_reckoned_with() -> None:
    task_id = "vla_sim/PickPlace-v0"
    crank = Crank(task_id, 1, CrankConfig(image_size=16))
    expert = expert_for(task_id, crank.embodiment, crank.task.manners)
    watched = Watched(ExpertPolicy(expert))
    (episode,) = run_all(crank, watched, plan_episodes(task_id, [30_001]))
    assert episode.success_at_end
    first = max(k for k in range(1, len(watched.opens)) if watched.opens[k] > watched.opens[k - 1])
    width = np.array(watched.width_m[first:])
    late = int(np.argmax(width > width[0] + TOUCH_M))
    taken_back = GRIPPER_LEAD_M / GRIPPER_SPEED_M_S / crank.embodiment.control_dt_s
    assert taken_back <= late <= taken_back + 2.0


def test_push_lets_go_of_what_it_holds_and_rises() -> None:
    arm = tables(N, 8)
    arm.tool = arm.objects[ROW, ROW % 3].copy()
    arm.width[:] = 0.044
    assert (PUSH.chunk(state(arm), ROW % 3, NORMAL, 1)[:, 0, 6] == 1.0).all()
    arm.width[:] = 0.08
    assert (PUSH.chunk(state(arm), ROW % 3, NORMAL, 2)[:, 1, 2] > 0.0).all()


def test_push_turns_the_hand_to_be_behind_the_object() -> None:
    arm = tables(N, 9)
    chunk = PUSH.chunk(state(arm), ROW % 3, NORMAL, 4)
    way = PLACE[:2] - arm.objects[ROW, ROW % 3, :2]
    # A half turn makes no difference to two fingers.
    assert (np.sign(chunk[:, -1, 5]) == np.sign(way[:, 0] * way[:, 1])).all()


def test_the_first_phase_that_takes_a_row_keeps_it() -> None:
    moves = Moves(np.zeros((3, 3)))
    up, down = np.full((3, 3), 0.1), np.full((3, 3), -0.1)
    moves.take(4, np.array([True, False, False]), up, 1.0)
    moves.take(7, np.array([True, True, False]), down, -1.0, np.ones(3))
    assert moves.phase.tolist() == [4, 7, -1]
    assert moves.target[:, 2].tolist() == [0.1, -0.1, 0.0]
    assert moves.gripper.tolist() == [1.0, -1.0, 0.0]
    assert moves.yaw_rad.tolist() == [0.0, 1.0, 0.0]


def test_the_palm_passes_over_a_cylinder_that_hops_under_a_quick_push() -> None:
    task_id = "vla_sim/PushToRegion-v0"
    crank = Crank(task_id, 1, CrankConfig(image_size=16))
    expert = expert_for(task_id, crank.embodiment, crank.task.manners)
    (episode,) = run_all(crank, ExpertPolicy(expert), plan_episodes(task_id, [10_194]))
    assert episode.spec.manner == "quickly" and episode.success_at_end
    assert not episode.violations["collision"].any()
