"""openpi's own client against `serve`, in an environment of its own: `make test-openpi`."""

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.loop.untrained import PX, untrained_run
from vla_sim.agents.tolerated import ToleratedPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.loop.policies import policy_of
from vla_sim.loop.serving.contracted import ObjectAsked, contracted
from vla_sim.loop.serving.contracts import of_plain
from vla_sim.loop.serving.serve import ServeRun, served
from vla_sim.loop.serving.server import PolicyServer, ServerConfig
from vla_sim.loop.serving.translation import Translation
from vla_sim.loop.serving.wire import pack, unpack

THEIRS = os.environ["OPENPI_PYTHON"]
FREE = ServerConfig(port=0)
REACH = "vla_sim/Reach-v1"


class Client:
    """openpi's client behind pipes."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.metadata = self._read()

    def infer(self, observation: dict[str, Any]) -> Any:
        """What its `infer` returns."""
        data = pack(observation)
        assert self._process.stdin is not None
        self._process.stdin.write(struct.pack("<q", len(data)) + data)
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        (length,) = struct.unpack("<q", self._process.stdout.read(8))
        return unpack(self._process.stdout.read(length))


@contextmanager
def client(server: PolicyServer, *more: str) -> Iterator[Client]:
    script = str(Path(__file__).with_name("client.py"))
    command = [THEIRS, script, "127.0.0.1", str(server.port), *more]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]  # two pipes
        yield Client(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained_run(tmp_path_factory.mktemp("run") / "one")


def test_through_openpis_client_every_episode_is_the_same(run: Path) -> None:
    crank = Crank(REACH, 1, CrankConfig(image_size=PX))
    plan = plan_episodes(REACH, range(40, 44))
    here = run_all(crank, policy_of(str(run), crank), plan)
    with served(ServeRun(policy=str(run), server=FREE)) as server, client(server) as theirs:
        said = theirs.metadata["vla_sim"]["contracts"]["panda"]
        contract = of_plain(said, where="the server")
        translation = Translation(contract, crank.embodiment)
        policy = contracted(contract, translation, ObjectAsked(theirs), REACH, PX)
        there = run_all(crank, ToleratedPolicy(policy), plan)
    for one, other in zip(here, there, strict=True):
        assert not other.policy_failure
        assert np.array_equal(one.actions, other.actions)
        assert one.success_at_end == other.success_at_end


def test_openpis_broker_runs_our_chunks_step_by_step_as_libero(run: Path) -> None:
    seen = {
        "observation/image": np.full((224, 224, 3), 90, dtype=np.uint8),
        "observation/wrist_image": np.zeros((224, 224, 3), dtype=np.uint8),
        "observation/state": np.array([0.45, 0, 0.3, 3.14, 0, 0, 0.04, -0.04]),
        "prompt": "lift the red cube",
    }
    asked = ServeRun(policy=str(run), contract="libero", tasks=("Lift",), server=FREE, steps=5)
    with served(asked) as server:
        with client(server, "5") as theirs:
            actions = [theirs.infer(seen)["actions"] for _ in range(6)]
        assert all(action.shape == (7,) and np.isfinite(action).all() for action in actions)
        with client(server) as theirs:
            answer = theirs.infer({"prompt": 3})
            assert "RuntimeError: Error in inference server" in answer["error"]
            assert "prompt: a text in the contract; int came" in answer["error"]
        with client(server) as theirs:
            assert theirs.infer(seen)["server_timing"]["infer_ms"] > 0
