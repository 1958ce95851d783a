"""DriveToGoal and ChangeLane on kinematic bicycles."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.agents.integrators import CAR
from tests.agents.scenes import arenas, roads
from vla_sim.agents.experts.car_motion import stopping_speed
from vla_sim.agents.experts.table import expert_for
from vla_sim.assets.car_manners import CAR_MANNERS, ROAD_MANNERS
from vla_sim.records.manner import MANNERS, Manner

Floats = NDArray[np.float64]

DT_S = CAR.control_dt_s
N = 60
DRIVE = expert_for("vla_sim/DriveToGoal-v1", CAR, CAR_MANNERS)
CHANGE = expert_for("vla_sim/ChangeLane-v1", CAR, ROAD_MANNERS)


@dataclass(frozen=True, kw_only=True)
class Drive:
    """What n cars did: arrays (T, n); `done` is the step of success or -1, shape (n,)."""

    speed: Floats
    accel: Floats
    curvature: Floats
    yaw: Floats
    clearance: Floats
    done: NDArray[np.int64]


def _drive(manner: Manner, seed: int, every: int = 2, n_steps: int = 150) -> Drive:
    car, scene = arenas(N, seed)
    row, goal = np.arange(N), np.arange(N) % 3
    index = np.full(N, MANNERS.index(manner))
    held, done = np.zeros(N, dtype=int), np.full(N, -1)
    kept: list[list[Floats]] = []
    for t in range(n_steps):
        if t % every == 0:
            chunk = DRIVE.chunk({**car.privileged(), **scene}, goal, index, every)
        car.step(chunk[:, t % every])
        offset = car.pose[:, None, :2] - scene["obstacle"][:, :, :2]
        rim = (np.linalg.norm(offset, axis=2) - scene["obstacle"][:, :, 2]).min(axis=1)
        distance = np.linalg.norm(car.pose[:, :2] - scene["goal_pos"][row, goal], axis=1)
        held = np.where((distance < 1.5) & (car.speed < 1.0), held + 1, 0)
        done = np.where((done < 0) & (held >= 3), t, done)
        kept.append([car.speed.copy(), car.accel, car.curvature, car.pose[:, 2].copy(), rim])
    return Drive(**_columns(kept), done=done)


def _columns(kept: list[list[Floats]]) -> dict[str, Floats]:
    names = ("speed", "accel", "curvature", "yaw", "clearance")
    return {name: np.array([step[k] for step in kept]) for k, name in enumerate(names)}


def _change(manner: Manner, seed: int, n_steps: int = 100) -> tuple[Drive, Floats]:
    """Lane changes, and how near each came to the vehicle in its lane [m]."""
    car, scene = roads(N, seed)
    row, goal = np.arange(N), np.arange(N) % 2
    index = np.full(N, MANNERS.index(manner))
    held, done = np.zeros(N, dtype=int), np.full(N, -1)
    kept: list[list[Floats]] = []
    gap = np.full(N, np.inf)
    for t in range(n_steps):
        if t % 2 == 0:
            chunk = CHANGE.chunk({**car.privileged(), **scene}, goal, index, 2)
        car.step(chunk[:, t % 2])
        scene["lead_x"] += scene["lead_speed"] * DT_S
        offset = np.abs(car.pose[:, 1] - scene["goal_lane_y"][row, goal])
        held = np.where((offset < 0.5) & (np.abs(car.pose[:, 2]) < 0.087), held + 1, 0)
        done = np.where((done < 0) & (held >= 10), t, done)
        gap = np.minimum(gap, scene["lead_x"][row, goal] - car.pose[:, 0])
        kept.append([car.speed.copy(), car.accel, car.curvature, car.pose[:, 2].copy(), offset])
    return Drive(**_columns(kept), done=done), gap


@pytest.mark.parametrize("manner", MANNERS)
def test_cars_stop_on_their_pads_clear_of_the_posts(manner: Manner) -> None:
    drive = _drive(manner, seed=1)
    assert (drive.done >= 0).mean() >= 0.98
    nearest = drive.clearance.min(axis=0)
    assert np.percentile(nearest, 5.0) > 1.5
    assert (nearest > 0.84 + 0.5).all()  # half the width, and room for whoever imitates it to err


@pytest.mark.parametrize("manner", MANNERS)
def test_driving_keeps_its_manner(manner: Manner) -> None:
    drive = _drive(manner, seed=2)
    profile = CAR_MANNERS[manner]
    jerk = np.abs(np.diff(drive.accel, axis=0)) / DT_S
    assert drive.speed.max() <= profile.velocity + 0.05
    assert np.abs(drive.accel).max() <= profile.acceleration + 1e-6
    assert jerk.max() <= profile.jerk + 1e-3
    lateral = drive.speed**2 * np.abs(drive.curvature)
    assert np.percentile(lateral, 99.0) < 3.0


def test_slowly_takes_longer_than_normal_takes_longer_than_quickly() -> None:
    duration = {manner: _drive(manner, seed=3).done for manner in MANNERS}
    assert duration["slowly"].mean() > duration["normal"].mean() > duration["quickly"].mean()


def test_cars_stay_on_their_pads() -> None:
    drive = _drive("normal", seed=4)
    assert drive.speed[-1][drive.done >= 0].max() < 0.2


@pytest.mark.parametrize("manner", MANNERS)
def test_lanes_are_changed_within_comfort(manner: Manner) -> None:
    drive, gap = _change(manner, seed=5)
    assert (drive.done >= 0).all()
    assert drive.clearance[-1].max() < 0.15  # the offset from the lane's centre
    lateral = drive.speed**2 * drive.curvature
    yaw_rate = drive.speed * drive.curvature
    # nuPlan's comfort bounds: 4.89 m/s^2, 0.95 rad/s, 1.93 rad/s^2, 8.37 and 4.13 m/s^3.
    assert np.abs(lateral).max() < 3.0
    assert np.abs(yaw_rate).max() < 0.5
    assert np.abs(np.diff(yaw_rate, axis=0) / DT_S).max() < 1.0
    assert np.abs(np.diff(lateral, axis=0) / DT_S).max() < 6.0
    assert gap.min() > 3.0


def test_gentle_manners_change_lanes_more_gently() -> None:
    peak = {}
    for manner in MANNERS:
        drive, _ = _change(manner, seed=6)
        peak[manner] = np.abs(drive.speed**2 * drive.curvature).max()
    assert peak["smoothly"] < peak["normal"] < peak["quickly"]
    assert peak["slowly"] < peak["normal"]


def test_a_car_falls_back_before_it_enters_a_lane_without_a_gap() -> None:
    car, scene = roads(N, 7)
    scene["lead_x"][:] = car.pose[:, :1] + 1.0
    scene["lead_speed"][:] = 8.0
    zero = np.zeros(N, dtype=np.int64)
    for _ in range(15):
        chunk = CHANGE.chunk({**car.privileged(), **scene}, zero, zero, 1)
        car.step(chunk[:, 0])
        scene["lead_x"] += scene["lead_speed"] * DT_S
    assert np.abs(car.pose[:, 1]).max() < 0.5
    assert (car.speed < 8.0).all()


@pytest.mark.parametrize("kind", ["drive", "change"])
def test_a_state_on_the_plan_continues_the_plan(kind: str) -> None:
    make, expert = (arenas, DRIVE) if kind == "drive" else (roads, CHANGE)
    car, scene = make(N, 8)
    goal, manner = np.arange(N) % 2, np.arange(N) % len(MANNERS)
    whole = expert.chunk({**car.privileged(), **scene}, goal, manner, 10)
    for t in range(4):
        car.step(whole[:, t])
        if kind == "change":
            scene["lead_x"] += scene["lead_speed"] * DT_S
    rest = expert.chunk({**car.privileged(), **scene}, goal, manner, 6)
    off = np.abs(rest - whole[:, 4:])
    assert np.median(off.max(axis=(1, 2))) < 0.02
    assert np.percentile(off.max(axis=(1, 2)), 90.0) < 0.2


def test_stopping_speed_stops_in_time() -> None:
    for deceleration in (0.8, 2.0, 3.0):
        left, dt_s = 20.0, 0.001
        speed = stopping_speed(left, deceleration)
        for _ in range(30_000):
            left -= speed * dt_s
            after = stopping_speed(left, deceleration)
            assert (speed - after) / dt_s < 1.02 * deceleration + 1e-9
            speed = after
        assert 0.0 <= left < 0.01
    assert stopping_speed(-1.0, 2.0) == 0.0
