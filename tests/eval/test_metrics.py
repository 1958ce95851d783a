"""Laws of the metrics."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.eval.body import Body, body_of
from vla_sim.eval.comfort import ArmComfort, CarComfort, peak_use
from vla_sim.eval.metrics.collision_delta_v import collision_delta_v
from vla_sim.eval.metrics.comfort_peak import comfort_peak
from vla_sim.eval.metrics.comfort_rms import comfort_rms
from vla_sim.eval.metrics.comfortable import comfortable
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.eval.metrics.overtake_order import overtake_order
from vla_sim.eval.metrics.peak_jerk import peak_jerk
from vla_sim.eval.metrics.rms_jerk import rms_jerk
from vla_sim.eval.metrics.smoothness import log_dimensionless_jerk
from vla_sim.eval.metrics.speed_adherence import speed_adherence
from vla_sim.eval.metrics.spl import spl
from vla_sim.eval.metrics.stale_steps_fraction import stale_steps_fraction
from vla_sim.eval.metrics.success_at_end import success_at_end
from vla_sim.eval.metrics.success_once import success_once
from vla_sim.eval.metrics.table import METRICS
from vla_sim.eval.metrics.time_over_optimal import time_over_optimal
from vla_sim.eval.metrics.time_s import time_s
from vla_sim.eval.metrics.violations import n_stretches, per_metre
from vla_sim.eval.metrics.within_limits import within_limits
from vla_sim.records.embodiment import ActionGroup
from vla_sim.records.episode import Episode
from vla_sim.records.things import Things

Make = Callable[..., Episode]
Reach = Callable[[float, int], NDArray[np.float64]]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_pure_and_in_range(name: str, episode: Make, body: Body) -> None:
    metric = METRICS[name]
    for one in (episode(), episode(success=False), episode(np.zeros(6)), episode(np.zeros(2))):
        before = {k: v.copy() for k, v in vars(one).items() if isinstance(v, np.ndarray)}
        value = metric.of(one, body)
        assert isinstance(value, float)
        assert np.array_equal(value, metric.of(one, body), equal_nan=True)
        assert metric.kind == "mean" or value in (0.0, 1.0) or np.isnan(value)
        assert all(np.array_equal(v, vars(one)[k]) for k, v in before.items())


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_survives_a_diverged_episode(name: str, episode: Make, body: Body) -> None:
    broken = episode(np.r_[np.zeros(5), np.full(5, np.nan)], success=False, diverged=True)
    value = METRICS[name].of(broken, body)
    if METRICS[name].kind == "rate":
        assert value == float(name == "diverged") or (name == "overtake_order" and np.isnan(value))
    else:
        assert np.isfinite(value) or np.isnan(value)


def test_success_readings_part_where_it_is_not_held(episode: Make, body: Body) -> None:
    flash = np.zeros(20, dtype=bool)
    flash[7] = True
    one = episode(success=False)
    one = replace(one, success=flash)
    assert (success_once(one, body), success_at_end(one, body)) == (1.0, 0.0)


def test_spl_is_one_for_the_expert_and_falls_with_detours(
    episode: Make, body: Body, reach: Reach
) -> None:
    assert spl(episode(reach(0.25, 20)), body) == pytest.approx(1.0)
    assert spl(episode(reach(0.5, 20)), body) == pytest.approx(0.5)
    assert spl(episode(reach(0.1, 20)), body) == pytest.approx(1.0)
    assert spl(episode(success=False), body) == 0.0


@pytest.mark.parametrize("length", [0.0, -1.0, np.nan])
def test_spl_refuses_a_start_on_the_goal(length: float, episode: Make, body: Body) -> None:
    with pytest.raises(BadConfig, match="start on its goal"):
        spl(episode(expert_path_length_m=length), body)


def test_time_is_steps_times_period(episode: Make, body: Body) -> None:
    assert time_s(episode(np.zeros(41)), body) == pytest.approx(2.0)


def test_manner_is_kept_inside_the_band_only(episode: Make, body: Body, reach: Reach) -> None:
    assert manner_kept(episode(reach(0.25, 30)), body) == 1.0
    assert manner_kept(episode(reach(0.05, 40)), body) == 0.0, "too slow"
    assert manner_kept(episode(reach(0.9, 20)), body) == 0.0, "too fast"
    assert manner_kept(episode(np.zeros(20)), body) == 0.0, "standing still keeps no manner"


def test_waiting_does_not_buy_a_manner(episode: Make, body: Body) -> None:
    rough = np.cumsum(np.tile([0.02, 0.005], 15))  # 0.25 m/s on average, shaken hard
    assert manner_kept(episode(rough), body) == 0.0
    assert manner_kept(episode(np.r_[np.zeros(2000), rough]), body) == 0.0


def test_jerk_scales_with_size_and_dimensionless_jerk_does_not(
    episode: Make, body: Body, reach: Reach
) -> None:
    small, large = episode(reach(0.2, 30)), episode(reach(0.4, 30))
    for metric in (rms_jerk, peak_jerk):
        assert metric(large, body) == pytest.approx(2 * metric(small, body), rel=0.1)
    ratio = log_dimensionless_jerk(large, body) - log_dimensionless_jerk(small, body)
    assert ratio == pytest.approx(0.0, abs=1e-9)


def test_minimum_jerk_has_the_known_dimensionless_jerk(
    episode: Make, body: Body, reach: Reach
) -> None:
    value = log_dimensionless_jerk(episode(reach(50.0, 2000), dt_s=0.01), body)
    assert np.log(400.0) < value < np.log(720.0), "the ends below START are missing"
    waited = np.r_[np.zeros(500), reach(50.0, 2000), np.full(500, 50.0)]
    assert log_dimensionless_jerk(episode(waited, dt_s=0.01), body) == pytest.approx(value)
    shaken = reach(50.0, 2000) + 1e-3 * np.sin(np.arange(2001))
    assert log_dimensionless_jerk(episode(shaken, dt_s=0.01), body) > value + 1.0


def test_arm_comfort_is_a_share_of_the_limits(episode: Make, body: Body, reach: Reach) -> None:
    gentle, hard = episode(reach(0.25, 40)), episode(reach(0.25, 6))
    assert comfortable(gentle, body) == 1.0
    assert comfortable(hard, body) == 0.0
    used = peak_use(ArmComfort(), gentle, body.embodiment)
    looser = peak_use(ArmComfort(acceleration_share=0.5, jerk_share=0.5), gentle, body.embodiment)
    assert all(looser[name] == pytest.approx(0.5 * used[name]) for name in used)


def test_a_body_steered_by_curvature_is_a_vehicle(body: Body) -> None:
    wheel = ActionGroup(name="steer", size=1, unit="1/m", order=0, scale=0.2, motion=None)
    steered = replace(body.embodiment, action=(wheel,))
    assert isinstance(body_of(steered, body.manners).comfort, CarComfort)
    assert isinstance(body.comfort, ArmComfort)


def car_use(episode: Make, body: Body, x: NDArray[np.floating]) -> dict[str, float]:
    return peak_use(CarComfort(), episode(x, dt_s=0.1), body.embodiment)


def test_car_comfort_measures_a_steady_pull(episode: Make, body: Body) -> None:
    t_s = np.arange(101) * 0.1
    used = car_use(episode, body, 0.5 * 2.0 * t_s**2)
    assert used["acceleration_forward"] == pytest.approx(2.0 / 2.40)
    assert used["acceleration_backward"] < 0.0
    assert used["jerk"] == pytest.approx(0.0, abs=1e-6)
    back = car_use(episode, body, 10 * t_s - 0.5 * 2.0 * t_s**2)
    assert back["acceleration_backward"] == pytest.approx(2.0 / 4.05)


def test_car_comfort_measures_a_circle(episode: Make, body: Body) -> None:
    rate, speed = 0.5, 8.0
    yaw = rate * np.arange(201) * 0.1  # several turns: the angle wraps
    x, y = speed / rate * np.sin(yaw), -speed / rate * np.cos(yaw)
    used = peak_use(CarComfort(), episode(x, y_m=y, yaw=yaw, dt_s=0.1), body.embodiment)
    assert used["acceleration_lateral"] == pytest.approx(rate * speed / 4.89, rel=1e-2)
    assert used["yaw_rate"] == pytest.approx(rate / 0.95, rel=1e-3)
    assert used["yaw_acceleration"] == pytest.approx(0.0, abs=1e-3)
    assert used["jerk_longitudinal"] == pytest.approx(0.0, abs=1e-2)


def test_car_comfort_sees_a_jolt_and_works_on_short_episodes(episode: Make, body: Body) -> None:
    car = replace(body, comfort=CarComfort())
    speed = np.repeat([5.0, 12.0, 5.0], 30)
    assert comfortable(episode(np.cumsum(speed) * 0.1, dt_s=0.1), car) == 0.0
    for n in (8, 12, 20, 40):
        assert comfortable(episode(np.arange(float(n)) * 0.5, dt_s=0.1), car) == 1.0
    assert np.isnan(comfortable(episode(np.arange(3.0), dt_s=0.1), car)), "too short to say"


def test_comfort_by_peak_and_on_the_whole(episode: Make, body: Body, reach: Reach) -> None:
    one = episode(reach(0.25, 12))
    assert 0.0 < comfort_rms(one, body) < comfort_peak(one, body)
    assert (comfort_peak(one, body) <= 1.0) == bool(comfortable(one, body))
    assert np.isnan(comfort_peak(episode(np.arange(3.0)), replace(body, comfort=CarComfort())))


def test_limits_are_the_wider_tier(episode: Make, body: Body, reach: Reach) -> None:
    brisk = episode(reach(0.25, 14))
    assert (comfortable(brisk, body), within_limits(brisk, body)) == (0.0, 1.0)
    assert within_limits(episode(reach(0.25, 3)), body) == 0.0


def test_least_time_is_that_of_pulling_all_the_way(episode: Make, body: Body) -> None:
    limit, pull = 1.7, 8.0
    t_s = np.arange(201) * 0.001
    hard = episode(0.5 * pull * t_s**2, dt_s=0.001, expert_path_length_m=0.5 * pull * 0.2**2)
    assert time_over_optimal(hard, body) == pytest.approx(1.0, rel=0.02)
    longer = episode(np.zeros(41), expert_path_length_m=3.4)  # 2 s
    least_s = limit / pull + (3.4 - limit**2 / (2 * pull)) / limit
    assert time_over_optimal(longer, body) == pytest.approx(2.0 / least_s)
    assert np.isnan(time_over_optimal(episode(success=False), body))


def test_a_collision_is_as_hard_as_it_changes_the_velocity(episode: Make, body: Body) -> None:
    x = np.r_[np.arange(11) * 0.1, np.full(10, 1.0)]  # 2 m/s, and then nothing
    hit = np.zeros(20, dtype=bool)
    hit[10:12] = True
    assert collision_delta_v(episode(x, violations={"collision": hit}), body) == pytest.approx(2.0)
    assert np.isnan(collision_delta_v(episode(x), body))


def test_speed_adherence_counts_moving_steps_in_the_band(episode: Make, body: Body) -> None:
    speed = np.repeat([0.3, 0.9, 0.0], 20)
    one = episode(np.r_[0.0, np.cumsum(speed * 0.05)])
    assert speed_adherence(one, body) == pytest.approx(0.5, abs=0.05)
    assert np.isnan(speed_adherence(episode(np.zeros(9)), body))


def overtaking(episode: Make, named: int, passed_at: tuple[int, int]) -> Episode:
    """Two vehicles that fall behind a standing point at these states; 99: never."""
    x = np.array([[1.0 if t < at else -1.0 for at in passed_at] for t in range(10)])
    position = np.zeros((10, 2, 3))
    position[:, :, 0] = x
    concerned = np.tile(np.arange(2) == named, (10, 1))
    one = episode(np.zeros(10), things=Things.still(position, concerned, drives=True))
    meaning = replace(one.instruction.meaning, intent_id="overtake")
    return replace(one, instruction=replace(one.instruction, meaning=meaning))


@pytest.mark.parametrize(
    ("named", "passed_at", "kept"),
    [(0, (3, 99), 1.0), (0, (3, 6), 1.0), (0, (6, 3), 0.0), (1, (3, 99), 0.0)],
)
def test_the_named_vehicle_is_passed_first(
    named: int, passed_at: tuple[int, int], kept: float, episode: Make, body: Body
) -> None:
    assert overtake_order(overtaking(episode, named, passed_at), body) == kept
    assert np.isnan(overtake_order(episode(), body)), "nobody asked for it"


@pytest.mark.parametrize(
    ("on", "n"), [([0, 1, 1, 0, 1, 0], 2), ([1, 1, 1], 1), ([1, 0, 1], 2), ([0, 0], 0), ([], 0)]
)
def test_a_violation_is_counted_once_each_time_it_begins(on: list[int], n: int) -> None:
    assert n_stretches(np.array(on, dtype=bool)) == n
    assert per_metre(n, 4.0) == n / 4.0
    assert np.isinf(per_metre(n, 0.0)) if n else per_metre(n, 0.0) == 0.0


def test_stale_steps_are_a_share(episode: Make, body: Body) -> None:
    late = np.array([True, False, False, False])
    assert stale_steps_fraction(episode(np.zeros(5), stale=late), body) == 0.25
    assert stale_steps_fraction(episode(), body) == 0.0
