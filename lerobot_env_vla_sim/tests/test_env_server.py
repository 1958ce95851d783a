"""The environment server speaks LeRobot's protocol, and its worlds are those of the benchmark.

Over real Zenoh; the client is our own, since no LeRobot that has one can be installed yet.
"""

import socket
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any

import msgpack
import numpy as np
import pytest

from env_client import ROOT, Client
from lerobot_env_vla_sim.env_server import EnvServer, EnvServerConfig
from lerobot_env_vla_sim.envelope import Envelope, Refused, decode, encode
from lerobot_env_vla_sim.eval_batch import EvalBatch
from lerobot_env_vla_sim.scenes import Scenes
from lerobot_env_vla_sim.worlds import IMAGE, STATE
from vla_sim.errors import BadConfig, UnknownName

TASK, TASK_ID, SIDE = "DriveToGoal", "vla_sim/DriveToGoal-v1", 16
SEEDS = [10_000, 10_001]


@pytest.fixture(scope="module")
def server() -> Iterator[EnvServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one = EnvServer(
        EnvServerConfig(
            tasks=(TASK, "KeepLane"), image_size=SIDE, listen=f"tcp/127.0.0.1:{port}", grace_s=60.0
        )
    )
    thread = Thread(target=one.serve)
    thread.start()
    assert one.ready.wait(60)
    yield one
    one.stop.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def client(server: EnvServer) -> Iterator[Client]:
    one = Client(server.config.listen)
    one.describe()
    yield one
    if one.session:
        one.operate("close")
    one.close()
    assert len(server.sessions) == 0


def test_what_is_told_before_worlds_are_opened(client: Client) -> None:
    told = client.describe()
    assert [(f["name"], f["shape"], f["dtype"], f["kind"]) for f in told["features"]] == [
        (IMAGE, [SIDE, SIDE, 3], "uint8", "rgb"),
        (STATE, [len(told["features"][1]["names"])], "float32", "tensor"),
    ]
    action = told["action_feature"]
    assert (action["shape"], action["names"]) == ([2], ["acceleration", "curvature"])
    assert told["tasks"] == {TASK: ["0"], "KeepLane": ["0"]} and told["clocks"] == ["lockstep"]
    assert told["control"] in {"position", "delta", "eef_pose", "velocity"}
    assert told["fps"] > 0 and told["max_episode_steps"] > 0


def test_its_episodes_are_those_of_the_batch_to_the_last_bit(client: Client) -> None:
    here = EvalBatch(TASK_ID, 2, scenes=Scenes(languages=("en",)), image_size=SIDE)
    seen, _ = here.reset(seed=SEEDS)
    there = client.open(num_envs=2, clock="lockstep", task_group=TASK, task_id=0, seeds=SEEDS)
    rng = np.random.default_rng(0)
    for step in range(6):
        np.testing.assert_array_equal(there["obs"][IMAGE], seen["pixels"]["main"])
        np.testing.assert_array_equal(there["obs"][STATE], seen["agent_pos"])
        assert there["task"] == list(here.get_attr("task_description"))
        assert there["step"].tolist() == [step, step]
        actions = rng.uniform(-1, 1, (2, 2)).astype(np.float32)
        seen, reward, terminated, truncated, info = here.step(actions)
        said = client.operate("step", actions=actions, n_ticks=1)
        there, done = said["result"], said["execution"]
        np.testing.assert_array_equal(there["reward"], reward.astype(np.float32))
        for name, value in (("terminated", terminated), ("truncated", truncated)):
            np.testing.assert_array_equal(there[name], value)
        np.testing.assert_array_equal(there["is_success"], info["is_success"])
        assert (done["request_id"], done["sequence"]) == (client.request, step + 1)
        assert done["advanced"].all() and 0 <= done["started_at"] <= done["completed_at"]
        np.testing.assert_array_equal(done["applied"], actions)
    frames = client.operate("render")["frames"]
    np.testing.assert_array_equal(np.stack(frames), seen["pixels"]["main"])
    again = client.operate("reset", seeds=SEEDS)
    assert again["generation"] == 1 and again["result"]["step"].tolist() == [0, 0]
    seen, _ = here.reset(seed=SEEDS)
    np.testing.assert_array_equal(again["result"]["obs"][IMAGE], seen["pixels"]["main"])
    assert "execution" not in client.operate("snapshot")


def test_one_world_begins_anew_and_the_other_goes_on(client: Client) -> None:
    client.open(num_envs=2, task_group=TASK, seeds=SEEDS)
    client.operate("step", actions=np.ones((2, 2), dtype=np.float32))
    said = client.operate("reset", seeds=[10_005], env_ids=[1])["result"]
    assert said["step"].tolist() == [1, 0] and said["sim_time"] > 0.0


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("step", {"actions": np.ones((2, 3), dtype=np.float32)}, "incompatible"),
        ("step", {"actions": np.ones((2, 2))}, "incompatible"),
        ("step", {"actions": [[0.0, 0.0]] * 2}, "incompatible"),
        ("step", {"actions": np.ones((2, 2), dtype=np.float32), "n_ticks": 2}, "unsupported"),
        ("reset", {"seeds": [1]}, "malformed"),
        ("reset", {"seeds": [1], "env_ids": [7]}, "malformed"),
        ("apply", {"actions": np.ones((2, 2), dtype=np.float32)}, "unsupported"),
        ("dance", {}, "unsupported"),
    ],
)
def test_what_cannot_be_done_is_refused_and_the_worlds_go_on(
    client: Client, operation: str, body: dict[str, Any], code: str
) -> None:
    client.open(num_envs=2, task_group=TASK, seeds=SEEDS)
    assert client.operate(operation, **body)["code"] == code
    said = client.operate("step", actions=np.zeros((2, 2), dtype=np.float32))
    assert said["result"]["step"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"num_envs": 0}, "incompatible"),
        ({"num_envs": 10_000}, "incompatible"),
        ({"clock": "realtime"}, "incompatible"),
        ({"task_group": "Juggle"}, "incompatible"),
        ({"task_group": TASK, "task_id": 3}, "incompatible"),
        ({"task_group": TASK, "seeds": "ten"}, "malformed"),
    ],
)
def test_what_cannot_be_opened_is_refused(client: Client, body: dict[str, Any], code: str) -> None:
    assert client.open(**body)["code"] == code


def test_old_generations_other_sessions_and_repeated_requests_are_refused(client: Client) -> None:
    client.open(num_envs=1, task_group=TASK, seeds=[10_000])
    client.operate("reset", seeds=[10_000])
    fresh = Envelope(
        kind="control",
        instance=client.instance,
        session=client.session,
        generation=1,
        request="a",
        body={"operation": "snapshot"},
    )
    place = f"{client.place}/control"
    assert decode(client.send(place, encode(fresh))).kind == "ack"
    twice = decode(client.send(place, encode(fresh)))
    assert twice.body["code"] == "stale" and "nothing is done twice" in twice.body["message"]
    client.generation = 0
    assert client.operate("snapshot")["code"] == "stale"
    client.generation = 1


def test_worlds_are_one_clients_until_it_is_gone(server: EnvServer) -> None:
    first, second = Client(server.config.listen), Client(server.config.listen)
    for one in (first, second):
        one.describe()
    first.open(num_envs=1, task_group=TASK, seeds=[10_000])
    assert second.open(num_envs=1, task_group=TASK)["code"] == "busy"
    time.sleep(0.2)  # until the server has heard that the first one lives
    first.close()  # as a process that dies: nobody says goodbye
    until_s = time.monotonic() + 60
    while len(server.sessions):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert "obs" in second.open(num_envs=1, task_group="KeepLane", seeds=[10_000])
    second.operate("close")
    second.close()


def test_garbage_gets_an_error_and_the_server_lives(client: Client) -> None:
    rng = np.random.default_rng(0)
    whole = encode(Envelope(kind="describe", request="a"))
    for k in range(60):
        garbage = bytearray(whole)
        garbage[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        said = decode(client.send(f"{ROOT}/describe", bytes(garbage[: len(whole) - k % 3])))
        assert said.kind in ("error", "accepted")
    assert client.describe()["robot_type"]


def test_arrays_travel_as_they_are_and_what_is_none_is_refused() -> None:
    body = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}
    there = decode(encode(Envelope(kind="describe", body=body))).body
    for name, array in body.items():
        np.testing.assert_array_equal(there[name], array)
        assert there[name].dtype == array.dtype and there[name].flags.writeable
    said = msgpack.unpackb(encode(Envelope(kind="describe", body={"a": np.zeros(2)})))
    for change in (
        {"dtype": "object"},
        {"shape": [3]},
        {"shape": [-2]},
        {"endianness": "middle"},
        {"data": b"\xff" * 16},  # not a number
        {"__lerobot_type__": "pickle"},
    ):
        record = {**said, "body": {"a": {**said["body"]["a"], **change}}}
        with pytest.raises(Refused):
            decode(msgpack.packb(record))
    for name, value in (("version", 2), ("message_type", "run"), ("generation", -1), ("body", 1)):
        with pytest.raises(Refused):
            decode(msgpack.packb({**said, name: value}))


def test_settings_that_cannot_be_served_are_refused() -> None:
    with pytest.raises(BadConfig, match="several robots"):
        EnvServerConfig(tasks=("Lift", TASK))
    with pytest.raises(BadConfig, match="listen is '7448'"):
        EnvServerConfig(listen="7448")
    with pytest.raises(BadConfig, match="deployment is 'a/b'"):
        EnvServerConfig(deployment="a/b")
    with pytest.raises(UnknownName, match="no task 'Juggle'"):
        EnvServerConfig(tasks=("Juggle",))
