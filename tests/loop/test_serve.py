"""Serving: the wire changes nothing, clients are answered together, what is wrong stays theirs."""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.loop.untrained import PX, untrained_run
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.errors import BadConfig, PolicyUnreachable, UnknownName
from vla_sim.loop.benching.evaluate import evaluate
from vla_sim.loop.choice import Choice
from vla_sim.loop.outsiders import acting_for
from vla_sim.loop.serving.hosted import HostedPolicy
from vla_sim.loop.serving.reading import Moment
from vla_sim.loop.serving.remote import KEY_VARIABLE
from vla_sim.loop.serving.serve import ServeRun, served
from vla_sim.loop.serving.server import PolicyServer, ServerConfig
from vla_sim.loop.serving.wire import pack, unpack
from vla_sim.records.episode import Arm, Episode

ARMS: tuple[Arm, ...] = ("correct", "swapped")
FREE = ServerConfig(port=0, timeout_s=5.0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose model learnt nothing."""
    return untrained_run(tmp_path_factory.mktemp("run") / "one")


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[PolicyServer]:
    with served(ServeRun(policy=str(run), server=FREE)) as one:
        yield one


def address(server: PolicyServer) -> str:
    return f"ws://127.0.0.1:{server.port}"


def observation(task: str = "vla_sim/Reach-v1", step: int = 0) -> dict[str, Any]:
    return {
        "observation/image": np.full((PX, PX, 3), 90, dtype=np.uint8),
        "observation/state": np.full(26, 0.1, dtype=np.float32),
        "prompt": "reach the red cube",
        "vla_sim/task": task,
        "vla_sim/step": step,
    }


@contextmanager
def connected(server: PolicyServer) -> Iterator[ClientConnection]:
    with connect(address(server), compression=None) as connection:
        assert "vla_sim" in unpack(heard(connection))
        yield connection


def asked(connection: ClientConnection, message: object) -> dict[str, Any]:
    connection.send(pack(message))
    answer: dict[str, Any] = unpack(heard(connection))
    return answer


def heard(connection: ClientConnection) -> bytes:
    data = connection.recv(timeout=10)
    assert isinstance(data, bytes), data
    return data


def ran(policy: str, task_id: str = "vla_sim/Reach-v1") -> list[Episode]:
    """A few episodes, cut short, as `bench` runs them."""
    crank = Crank(task_id, 3, CrankConfig(image_size=PX))
    crank.horizon_steps = 12
    plan = [
        replace(spec, arm=arm) for arm in ARMS for spec in plan_episodes(task_id, range(40, 43))
    ]
    return run_all(crank, acting_for(policy, crank), plan)


@pytest.mark.parametrize("task_id", ["vla_sim/Reach-v1", "vla_sim/DriveToGoal-v1"])
def test_over_the_wire_every_episode_is_the_same(
    run: Path, server: PolicyServer, task_id: str
) -> None:
    for here, there in zip(ran(str(run), task_id), ran(address(server), task_id), strict=True):
        assert here.spec == there.spec and not there.policy_failure
        assert np.array_equal(here.actions, there.actions)
        assert np.array_equal(here.point, there.point)
    assert server.batcher.n_answered > 1.5 * server.batcher.n_batches, "answered together"


def test_it_speaks_openpis_protocol(server: PolicyServer) -> None:
    with connected(server) as connection:
        first, second = (asked(connection, observation(step=step)) for step in (0, 2))
    assert first["actions"].shape == (8, 7) and first["actions"].dtype == np.float32
    assert first["server_timing"].keys() == {"infer_ms"}
    assert second["server_timing"].keys() == {"infer_ms", "prev_total_ms"}
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=5) as reply:
        assert (reply.status, reply.read()) == (200, b"OK\n")


def test_what_it_remembers_it_remembers_by_connection_and_episode(server: PolicyServer) -> None:
    with connected(server) as one, connected(server) as other:
        fresh = asked(one, observation())["actions"]
        moved = observation(step=2) | {"observation/state": np.full(26, 0.3, dtype=np.float32)}
        blended = asked(one, moved)["actions"]
        alone = asked(other, moved)["actions"]
        assert not np.array_equal(blended, alone), "the first goes on with what it had begun"
        assert np.array_equal(asked(other, observation())["actions"], fresh), "step 0 begins anew"


WRONG: list[tuple[object, str]] = [
    (b"garbage \xc1", "no msgpack message"),
    ("a text", "binary message; a text came"),
    (pack([1, 2]), "an observation is a map"),
    (pack({}), "prompt: a text in the contract; NoneType came"),
    (pack({**observation(), "observation/image": np.zeros((8, 8, 3), np.uint8)}), r"\(8, 8, 3\)"),
    (pack({**observation(), "observation/image": 3}), "the message holds"),
    (pack({**observation(), "observation/state": np.zeros(8)}), "26 finite numbers"),
    (pack({**observation(), "observation/state": np.full(26, np.nan)}), "26 finite numbers"),
    (pack({**observation(), "vla_sim/task": "vla_sim/Fly-v0"}), "no task 'vla_sim/Fly-v0'"),
    (pack({**observation(), "vla_sim/task": "os:system"}), "is no task for panda"),
    (pack({**observation(), "vla_sim/task": 7}), "the id of a task; int"),
    (pack({**observation(), "vla_sim/step": -1}), "a whole number from 0 on; -1"),
    (pack({**observation(), "vla_sim/language": "xx"}), "one of en, zh; 'xx'"),
    (pack({**observation(), "vla_sim/time_s": "late"}), "a number; 'late'"),
    (pack({**observation(), "prompt": "x" * 5000}), "letters at most"),
]


def test_what_is_wrong_gets_an_error_and_the_server_lives(server: PolicyServer) -> None:
    with connected(server) as bystander:
        expected = asked(bystander, observation())["actions"]
        for sent, complaint in WRONG:
            with connected(server) as connection:
                connection.send(sent)  # type: ignore[arg-type]  # texts and bytes
                said = connection.recv(timeout=5)
                assert isinstance(said, str) and re.search(complaint, said), said
                with pytest.raises(ConnectionClosed) as closed:
                    connection.recv(timeout=5)
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1011
        assert np.array_equal(asked(bystander, observation())["actions"], expected)


CHOOSY = """
import numpy as np

class Choosy:
    needs_images, n_action_steps = False, 2

    def __init__(self, task_id):
        if "Lift" in task_id:
            raise KeyError("no weights for it")

    def chunk(self, told):
        out = np.zeros((len(told), 4, told.embodiment.n_act), np.float32)
        out[[said.text == "stray" for said in told.instructions], 3] = np.nan
        return out
"""


def test_what_one_client_asks_costs_no_other_its_answer(tmp_path: Path) -> None:
    (tmp_path / "choosy.py").write_text(CHOOSY)
    choice = Choice(name=f"{tmp_path / 'choosy.py'}:Choosy")
    hosted = HostedPolicy(choice, contract="native", task_ids=("vla_sim/Reach-v1",))

    def moment(row: int, **other: str) -> Moment:
        named = {"vla_sim/task": other.pop("task", "vla_sim/Reach-v1")}
        return hosted.read(observation() | named | other, hosted.session(row))

    asked = [moment(0), moment(1, task=""), moment(2, task="vla_sim/Lift-v1")]
    fine, unnamed, lacking, stray = hosted.answers([*asked, moment(3, prompt="stray")])
    assert isinstance(fine, dict) and isinstance(unnamed, dict)
    assert fine["actions"].shape == (4, 7)
    assert "no weights for it" in lacking
    assert "returned nan" in stray, "a client may run more of a chunk than is run here"


def test_huge_messages_strangers_and_crowds_are_turned_away(run: Path) -> None:
    config = replace(FREE, key="secret", max_connections=1, max_mb=1)
    with served(ServeRun(policy=str(run), server=config)) as server:
        url, given = address(server), {"Authorization": "Api-Key secret"}
        for headers in (None, {"Authorization": "Api-Key guess"}):
            with pytest.raises(InvalidStatus, match="401"):
                connect(url, additional_headers=headers)
        with pytest.raises(InvalidStatus, match="403"):
            connect(url, additional_headers=given, origin=Origin("http://example.com"))
        with connect(url, additional_headers=given, compression=None) as connection:
            connection.recv(timeout=5)
            with pytest.raises(InvalidStatus, match="503"):
                connect(url, additional_headers=given)
            connection.send(b"x" * 2_000_000)
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(timeout=5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
        with pytest.raises(PolicyUnreachable, match=r"401.*does it want a key"):
            evaluate(url, "Reach", episodes=1, image_size=PX)


def test_a_key_travels_in_the_environment(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    with served(ServeRun(policy=str(run), server=FREE)) as server:
        assert server.config.key == "secret"
        assert len(ran(address(server))) == 6


def test_idle_clients_are_shown_out(run: Path) -> None:
    config = replace(FREE, idle_s=0.2)
    with served(ServeRun(policy=str(run), server=config)) as server, connected(server) as one:
        with pytest.raises(ConnectionClosed) as closed:
            one.recv(timeout=5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


@pytest.mark.parametrize(
    ("settings", "kind", "complaint"),
    [
        ({"policy": "expert"}, BadConfig, "is a teacher: it is given the true state"),
        ({"policy": "nowhere"}, UnknownName, "no policy, and no folder, 'nowhere'"),
        ({"policy": "random", "contract": "droid"}, UnknownName, "no contract 'droid'"),
        ({"policy": "random", "contract": "libero", "tasks": ("Park",)}, BadConfig, "not tell x"),
        ({"policy": "ws://x:1"}, BadConfig, "is not one of ours"),
    ],
)
def test_what_cannot_be_served_is_refused(
    settings: dict[str, Any], kind: type[Exception], complaint: str
) -> None:
    with pytest.raises(kind, match=complaint):
        ServeRun(**settings).build()


def test_a_taken_port_is_named(server: PolicyServer, run: Path) -> None:
    config = replace(FREE, port=server.port)
    refused = pytest.raises(BadConfig, match=f"127.0.0.1:{server.port} cannot be listened on")
    with refused, served(ServeRun(policy=str(run), server=config)):
        raise AssertionError("it listens twice")


def test_an_address_of_another_machine_is_named() -> None:
    config = replace(FREE, host="192.0.2.1")  # of documents, nobody's
    refused = pytest.raises(BadConfig, match=r"192\.0\.2\.1:0 cannot be .* --server\.host")
    with refused, served(ServeRun(policy="zero", server=config)):
        raise AssertionError("it listens elsewhere")


def test_libero_clients_are_served_with_pictures_of_their_size(run: Path) -> None:
    asked_of = ServeRun(policy=str(run), contract="libero", tasks=("Lift",), server=FREE)
    seen = {
        "observation/image": np.full((224, 224, 3), 90, dtype=np.uint8),
        "observation/wrist_image": np.zeros((224, 224, 3), dtype=np.uint8),
        "observation/state": np.array([0.45, 0, 0.3, 3.14, 0, 0, 0.04, -0.04]),
        "prompt": "lift the red cube",
    }
    with served(asked_of) as server, connected(server) as connection:
        actions = asked(connection, seen)["actions"]
        assert actions.shape == (8, 7) and np.abs(actions).max() <= 1.0
        assert asked(connection, seen)["actions"].shape == (8, 7)


def test_ctrl_c_ends_it_cleanly() -> None:
    command = [sys.executable, "-m", "vla_sim.cli.main", "serve", "random", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert re.match(r"ws://127.0.0.1:\d+ serves .* for panda, ackermann_car", first), first
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and rest.endswith("stopped\n")
