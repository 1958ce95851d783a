"""What a robot's encoders and its camera say, against the simulator and against each other."""

import gymnasium
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.robots.arm import ArmRobot
from vla_sim.envs.sensing.posture import matrices, quaternion_of, rotation_vector

LIFT, CAR = "vla_sim/Lift-v1", "vla_sim/DriveToGoal-v1"
SMALL = CrankConfig(image_size=16)


def moved(task_id: str, n: int, seed: int = 0) -> Crank:
    crank = Crank(task_id, n, SMALL)
    crank.start(np.arange(n), plan_episodes(task_id, range(seed, seed + n)))
    rng = np.random.default_rng(seed)
    action = rng.uniform(-1, 1, (n, crank.embodiment.n_act)).astype(np.float32)
    for _ in range(8):
        crank.step(action)
    return crank


def test_the_tool_is_where_the_physics_have_it() -> None:
    crank = moved(LIFT, 3)
    robot, engine = crank.robot, crank.engine
    assert isinstance(robot, ArmRobot)
    told = crank.posture(np.arange(3))
    assert told is not None
    q = np.take(engine.qpos, robot._q_adr, axis=1)
    assert np.array_equal(told.joints, q)
    for row in range(3):
        place, turn = robot._chain.pose(q[row : row + 1])
        assert told.tool[row, :3] == pytest.approx(place[0], abs=1e-9)
        assert matrices(told.tool[row : row + 1, 3:])[0] == pytest.approx(turn[0], abs=1e-9)
    assert np.linalg.norm(told.tool[:, 3:], axis=1) == pytest.approx(1.0)
    assert (told.tool[:, 4] >= 0.0).all(), "nearer to straight down"


def test_rotation_vectors_and_quaternions_undo_each_other() -> None:
    down = Rotation.from_matrix(np.diag([1.0, -1.0, -1.0]))
    turns = Rotation.from_rotvec(np.random.default_rng(0).normal(0, 0.5, (200, 3))) * down
    quaternion = np.roll(turns.as_quat(), 1, axis=1)
    quaternion *= np.sign(quaternion[:, 1:2])
    vector = rotation_vector(quaternion)
    assert quaternion_of(vector) == pytest.approx(quaternion, abs=1e-12)
    assert Rotation.from_rotvec(vector).as_matrix() == pytest.approx(turns.as_matrix(), abs=1e-9)
    near = Rotation.from_rotvec([[0, 1e-4, 0], [0, -1e-4, 0]]) * down
    q = np.roll(near.as_quat(), 1, axis=1)
    first, second = rotation_vector(q * np.sign(q[:, 1:2]))
    assert np.abs(first - second).max() < 1e-3, "no jump at straight down"


@pytest.mark.parametrize("task_id", [LIFT, CAR])
def test_the_matrices_of_a_camera_say_where_points_lie_in_its_picture(task_id: str) -> None:
    crank = moved(task_id, 3, seed=5)
    shifted = draw_spec(task_id, 9, axis="camera", severity=2)
    crank.start(np.array([1]), [shifted])
    ids = np.arange(3)
    lens, stands = crank.view.matrices(ids)
    points = crank.task.referent_point()
    uv, _ = crank.view.locate(points, ids)
    for row in ids:
        local = np.linalg.inv(stands[row]) @ np.append(points[row, 0], 1.0)
        pixel = lens[row] @ local[:3]
        seen = (pixel[:2] / pixel[2] + 0.5) / crank.config.image_size
        assert seen == pytest.approx(uv[row, 0], abs=1e-5)


@pytest.mark.parametrize("task_id", [LIFT, CAR])
def test_both_faces_tell_the_senses_in_info(task_id: str) -> None:
    one = gymnasium.make(task_id, image_size=16)
    many = gymnasium.make_vec(task_id, num_envs=2, image_size=16)
    _, alone = one.reset(seed=3)
    _, both = many.reset(seed=3)  # seeds 3 and 4
    names = {"camera_intrinsics", "camera_to_world"}
    names |= {"joints", "tool_pose"} if task_id == LIFT else set()
    for _ in range(2):
        assert names <= alone.keys() and ("joints" in alone) == (task_id == LIFT)
        for name in names:
            assert np.array_equal(alone[name], both[name][0]), name
            assert both[f"_{name}"].all()
        action = np.full(7 if task_id == LIFT else 2, 0.2, dtype=np.float32)
        alone = one.step(action)[-1]
        both = many.step(np.stack([action, action]))[-1]


def test_a_policy_feels_noise_where_it_sees_noise() -> None:
    crank = Crank(LIFT, 2, SMALL)
    ids = np.arange(2)
    specs = [draw_spec(LIFT, 3), draw_spec(LIFT, 3, axis="noise", severity=3)]
    crank.start(ids, specs)
    seen = crank.told(ids, crank.observe(ids)).observation
    assert seen.joints is not None and seen.tool is not None
    off = np.abs(seen.joints[0] - seen.joints[1])
    assert (off > 0).all() and off.max() < 0.5
    assert np.linalg.norm(seen.tool[1, 3:]) == pytest.approx(1.0)
    again = crank.told(ids, crank.observe(ids)).observation
    assert again.joints is not None and again.tool is not None
    assert np.array_equal(again.joints, seen.joints) and np.array_equal(again.tool, seen.tool)
    car = Crank(CAR, 1, SMALL)
    car.start(ids[:1], [draw_spec(CAR, 3)])
    assert car.told(ids[:1], car.observe(ids[:1])).observation.joints is None
