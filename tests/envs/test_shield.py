"""What a shield owes: nothing guarded is broken, nothing safe is changed, errors at the border."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.deaf import deaf
from benchmarks.provocation import MEASURED, OF_FREE_ARM, provoked
from vla_sim.agents.controls import POLICIES
from vla_sim.assets.car import CAR
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.frames.car_task import CarTask
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.shield.mode import ShieldMode
from vla_sim.envs.shield.shield import NOT_FINITE, Shield, check_limits
from vla_sim.envs.shield.tool_manner import bound_rows
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.eval.body import body_of
from vla_sim.eval.metrics.manner_kept import manner_kept
from vla_sim.records.episode import Episode
from vla_sim.records.observation import PolicyInput

DRIVE, ROAD, REACH = "vla_sim/DriveToGoal-v1", "vla_sim/ChangeLane-v1", "vla_sim/Reach-v1"
DRAWER = "vla_sim/OpenDrawer-v0"


def made(task_id: str, n: int, shield: ShieldMode = "limits", seed: int = 40) -> Crank:
    crank = Crank(task_id, n, CrankConfig(image_size=16, shield=shield))
    crank.start(np.arange(n), [draw_spec(task_id, seed + k) for k in range(n)])
    return crank


@pytest.mark.parametrize(
    ("task_id", "adversary"),
    [(DRIVE, "edge"), (ROAD, "flips"), (REACH, "edge"), (DRAWER, "bang")],
)
def test_nothing_that_is_guarded_is_broken_and_without_a_shield_it_is(
    task_id: str, adversary: str
) -> None:
    guarded = provoked(task_id, adversary, "limits", 800)
    for name in OF_FREE_ARM:  # what is measured follows from what is commanded, but for servos
        guarded.by_name.pop(MEASURED + name, 0)
    assert not sum(guarded.by_name.values()), guarded.by_name
    assert guarded.changed
    assert sum(provoked(task_id, adversary, "off", 800).by_name.values())


def test_an_arm_that_was_held_does_not_turn_too_fast_when_it_is_let_go() -> None:
    # Four steps of these were too fast before the reference was governed.
    told = provoked(DRAWER, "bang", "limits", 1_600)
    assert not told.by_name["turning"], told.by_name


@pytest.mark.parametrize(
    ("task_id", "adversary", "n_steps"),
    [
        # Cut in front of somebody who was thought to brake,
        ("vla_sim/Overtake-v0", "resonance", 1_152),
        # and turned as hard as it braked, until a wheel slipped.
        ("vla_sim/KeepLane-v0", "held", 2_832),
    ],
)
def test_what_once_broke_a_law_does_not(task_id: str, adversary: str, n_steps: int) -> None:
    told = provoked(task_id, adversary, "limits", n_steps)
    assert not sum(told.by_name.values()), told.by_name


@pytest.mark.parametrize("seed", range(4))
def test_a_driver_who_aims_at_what_is_solid_or_at_the_edge_meets_neither(seed: int) -> None:
    crank = made(DRIVE, 4, seed=500 + 10 * seed)
    for _ in range(100):
        told = crank.task.privileged()
        pose, posts = told["pose"], told["obstacle"][:, seed % 2, :2]
        aim = posts if seed < 2 else np.array([0.0, 100.0]) + 0.0 * posts
        off = np.arctan2(aim[:, 1] - pose[:, 1], aim[:, 0] - pose[:, 0]) - pose[:, 2]
        off = (off + np.pi) % (2.0 * np.pi) - np.pi
        result = crank.step(np.stack([np.ones(4), np.clip(2.0 * off, -1, 1)], 1).astype(np.float32))
        assert not result.violations["collision"].any()
        assert not result.violations["off_road"].any()


@pytest.mark.parametrize("task_id", [DRIVE, REACH])
def test_an_expert_is_let_through_to_the_last_bit(task_id: str) -> None:
    ran = {}
    for mode in ("off", "limits"):
        crank = Crank(task_id, 2, CrankConfig(image_size=16, shield=mode))
        expert = POLICIES["expert"](task_id, crank.task)
        ran[mode] = run_all(crank, expert, [draw_spec(task_id, 60 + k) for k in range(2)])
    for bare, shielded in zip(ran["off"], ran["limits"], strict=True):
        assert bare.shield_change is None
        assert shielded.shield_change is not None
        assert shielded.n_shielded == 0
        np.testing.assert_array_equal(bare.position, shielded.position)


@pytest.mark.parametrize("task_id", [ROAD, REACH])
def test_a_row_does_not_see_its_batch(task_id: str) -> None:
    many, alone = made(task_id, 3), made(task_id, 1, seed=42)
    rng = np.random.default_rng(3)
    for _ in range(25):
        actions = rng.choice([-1.0, 1.0], (3, many.embodiment.n_act)).astype(np.float32)
        a, b = many.step(actions), alone.step(actions[2:])
        assert a.shield_change is not None
        assert b.shield_change is not None
        assert a.shield_change[2] == b.shield_change[0]
    np.testing.assert_array_equal(many.robot.motion.position[2], alone.robot.motion.position[0])


class _Broken:
    """A policy that returns no numbers."""

    needs_images = False
    n_action_steps = 2

    def __init__(self, says: float) -> None:
        self.says = says

    def chunk(self, told: PolicyInput) -> np.ndarray:
        return np.full((len(told), 2, told.embodiment.n_act), self.says, dtype=np.float32)


@pytest.mark.parametrize(("task_id", "says"), [(ROAD, np.nan), (ROAD, np.inf), (REACH, np.nan)])
def test_where_an_action_is_no_number_the_robot_brakes(task_id: str, says: float) -> None:
    crank = Crank(task_id, 1, CrankConfig(image_size=16, shield="limits"))
    (episode,) = run_all(crank, _Broken(says), [draw_spec(task_id, 5)])
    assert episode.shield_change is not None
    assert (episode.shield_change == NOT_FINITE).all()
    assert np.isfinite(episode.actions).all()
    assert np.abs(episode.velocity[-1]).max() < 0.05
    assert not any(episode.violations[name].any() for name in ("collision", "jerk"))


def test_who_starts_where_no_stop_is_possible_brakes_with_all_there_is() -> None:
    crank = made(ROAD, 1)
    # Across the road, a metre from its edge, at 12 m/s.
    crank.robot.reset(np.arange(1), np.array([[40.0, 3.4, 0.5 * np.pi, 12.0]]))
    crank.engine.forward(np.arange(1))
    crank.robot.after_step(np.arange(1))
    assert crank.shield is not None
    crank.shield.begin(np.arange(1))
    left = crank.shield.guarded(np.array([[1.0, 0.0]]), ["normal"])
    assert left[0, 0] == -1.0
    assert crank.shield.change[0] > 1.0


@pytest.mark.parametrize("task_id", [DRIVE, REACH])
def test_a_manner_binds_what_is_commanded(task_id: str) -> None:
    crank = made(task_id, 4, "manner")
    profiles = [crank.task.manners[spec.manner] for spec in crank.specs if spec is not None]
    bound = np.array([profile.typical_speed_band[1] for profile in profiles])
    rng = np.random.default_rng(0)
    for _ in range(60):
        action = rng.uniform(-1.0, 1.0, (4, crank.embodiment.n_act)).astype(np.float32)
        action[:, 0] = 1.0
        crank.step(action)
        told = crank.robot.privileged()
        speed = np.linalg.norm(told["tcp_vel"], axis=1) if task_id == REACH else told["speed"]
        assert (speed <= bound * 1.25 + 0.02).all()


@pytest.mark.parametrize("task_id", [DRIVE, REACH])
def test_who_is_deaf_to_manners_keeps_them_under_the_shield_and_experts_lose_nothing(
    task_id: str,
) -> None:
    plan = [draw_spec(task_id, seed) for seed in range(12)]

    def acted(shield: ShieldMode, *, by_expert: bool) -> list[Episode]:
        crank = Crank(task_id, len(plan), CrankConfig(image_size=16, shield=shield))
        policy = POLICIES["expert"](task_id, crank.task) if by_expert else deaf(crank)
        return run_all(crank, policy, plan)

    crank = made(task_id, 1)
    body = body_of(crank.embodiment, crank.task.manners)
    kept = {
        mode: [manner_kept(episode, body) for episode in acted(mode, by_expert=False)]
        for mode in ("off", "limits", "manner")
    }
    assert np.mean(kept["off"]) < 0.7 and np.mean(kept["limits"]) < 0.7
    assert np.mean(kept["manner"]) == 1.0
    under = acted("manner", by_expert=True)
    assert all(manner_kept(episode, body) for episode in under)
    changed = sum(episode.n_shielded for episode in under)
    assert changed <= 0.02 * sum(episode.n_steps for episode in under)


def test_the_manner_of_a_tool_is_the_nearest_velocity_in_all_three_balls() -> None:
    rng = np.random.default_rng(1)
    alpha, dt, n = 0.7, 0.05, 40
    twist, told = np.zeros((n, 6)), rng.normal(0.0, 0.5, (n, 3))
    twist[:, :3] = rng.normal(0.0, 0.1, (n, 3))
    bound = np.tile([0.4, 1.6, 40.0], (n, 1))
    action = np.zeros((n, 7))
    action[:, :3] = rng.normal(0.0, 0.5, (n, 3))
    asked = twist[:, :3] + alpha * (action[:, :3] - twist[:, :3])
    bound_rows(action, twist, told, bound, alpha, dt)
    met = twist[:, :3] + alpha * (action[:, :3] - twist[:, :3])

    # What is gained until 40 m/s^3 have taken the acceleration of this step back fits too.
    room = 0.4 - np.linalg.norm(twist[:, :3], axis=1)
    gaining = np.minimum(room / dt, 40.0 * (np.sqrt(dt**2 / 4 + room / 20.0) - dt / 2))
    fastest = 0.4 - room + gaining * dt

    def beyond(v: np.ndarray) -> np.ndarray:
        rate = (v - twist[:, :3]) / dt
        over = [np.linalg.norm(v, axis=1) - fastest, np.linalg.norm(rate, axis=1) - bound[:, 1]]
        over.append(np.linalg.norm(rate - told, axis=1) / dt - bound[:, 2])
        most: np.ndarray = np.max(over, axis=0)
        return most

    assert beyond(met).max() < 0.1
    far = np.linalg.norm(met - asked, axis=1)
    for _ in range(2000):  # nobody who keeps the bounds is nearer
        other = met + rng.normal(0.0, 0.03, met.shape)
        nearer = np.linalg.norm(other - asked, axis=1) < far - 2e-3
        assert not (nearer & (beyond(other) < -1e-3)).any()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(UnknownName, match="no shield 'limit'; did you mean 'limits'"):
        CrankConfig(shield="limit")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["velocity_limit", "acceleration_limit", "jerk_limit"])
def test_a_body_without_a_limit_is_refused(name: str) -> None:
    lengthwise = replace(CAR.motion[0])
    object.__setattr__(lengthwise, name, np.inf)
    bare = replace(CAR, motion=(lengthwise, *CAR.motion[1:]))
    with pytest.raises(BadConfig, match=f"{name} of the motion 'longitudinal'"):
        check_limits(bare)


def test_a_task_that_does_not_say_where_its_ground_ends_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crank = made(DRIVE, 1, "off")
    monkeypatch.setattr(type(crank.task), "ground", CarTask.ground)
    with pytest.raises(BadConfig, match="does not say where its ground ends"):
        Shield("limits", crank.task, crank.engine)
