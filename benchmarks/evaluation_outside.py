"""Policies from outside: what the wire keeps, what batching gains, what a server survives.

`python -m benchmarks.evaluation_outside [RUN]` prints a row each, and exits with 1 if one does not
hold. Without a run, the policy is a model of the default size that learnt nothing: it costs the
same. Everything stays on this machine's loopback.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from benchmarks.row import Row, percent, told
from tests.loop.untrained import untrained_run
from vla_sim.envs.crank import CrankConfig
from vla_sim.eval.report_file import to_json
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.serving.self_test import ContractRun, self_test
from vla_sim.loop.serving.serve import ServeRun, served
from vla_sim.loop.serving.server import PolicyServer, ServerConfig
from vla_sim.loop.serving.wire import pack, unpack
from vla_sim.recipes.align import default as recipe

N_CLIENTS = 8
N_ASKED = 40
"""Observations of each client."""
N_MALFORMED = 10_000
FREE = ServerConfig(port=0, timeout_s=5.0)
_QUIET = Console(quiet=True)


def same_over_the_wire(run: Path, *, episodes: int = 10, image_size: int = 64) -> Iterator[Row]:
    """`bench` against `serve` of the same run, and in process, on the same seeds."""
    asked = BenchRun(
        policy=str(run),
        tasks=("Reach", "Lift", "DriveToGoal"),
        episodes=episodes,
        arms=("correct", "swapped"),
        gallery=0,
        n_processes=0,
        crank=CrankConfig(image_size=image_size),
    )
    here = bench(asked, _QUIET)
    with served(ServeRun(policy=str(run), server=FREE)) as server:
        there = bench(replace(asked, policy=f"ws://127.0.0.1:{server.port}"), _QUIET)
    rates = [task.rates["success_at_end"] for task in there.tasks]
    n = sum(rate.n for rate in rates)
    hits = sum(round(rate.value * rate.n) for rate in rates)
    same = to_json(replace(here, run_card={})) == to_json(replace(there, run_card={}))
    yield Row(
        name=f"bench over ws:// against in process, {n} episodes of 3 tasks, 2 arms",
        value=f"{hits} of {n} succeed; reports {'equal' if same else 'DIFFER'} to the last digit",
        bar="equal",
        holds=same,
    )


def batching(run: Path, *, image_size: int = 64) -> Iterator[Row]:
    """8 clients at once against the same questions one after the other."""
    with served(ServeRun(policy=str(run), server=FREE)) as server:
        with _open(server) as one:
            _ask(one, image_size, 4)
        began_s = time.perf_counter()
        for _ in range(N_CLIENTS):
            with _open(server) as one:
                _ask(one, image_size, N_ASKED)
        sequential_s = time.perf_counter() - began_s
        clients = [threading.Thread(target=_client, args=(server, image_size)) for _ in range(8)]
        n_batches, n_answered = server.batcher.n_batches, server.batcher.n_answered
        began_s = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        batched_s = time.perf_counter() - began_s
        size = (server.batcher.n_answered - n_answered) / (server.batcher.n_batches - n_batches)
    rates = [8 * N_CLIENTS * N_ASKED / seconds for seconds in (batched_s, sequential_s)]
    yield Row(
        name=f"{N_CLIENTS} clients at once against one after the other, {os.cpu_count()} cores",
        value=f"{rates[0]:,.0f} against {rates[1]:,.0f} actions/s, x {rates[0] / rates[1]:.2f}; "
        f"{size:.1f} observations an inference",
        bar=">= x 3",
        holds=rates[0] >= 3.0 * rates[1],
    )


def hardened(run: Path, *, image_size: int = 64) -> Iterator[Row]:
    """Malformed frames, and clients that are slow or huge."""
    with served(ServeRun(policy=str(run), server=replace(FREE, timeout_s=1.0))) as server:
        _abuse(server, N_MALFORMED // 5)  # what is allocated once is
        before = _resident_mb()
        n_lived = _abuse(server, N_MALFORMED)
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(32)]
        for half_open in slow:
            half_open.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(16):
            with _open(server) as huge, suppress(ConnectionClosed):
                huge.send(b"\0" * (FREE.max_mb * 2**20 + 1))
                huge.recv(timeout=5)
        with _open(server) as one:
            lives = _ask(one, image_size, 3)
        for half_open in slow:
            half_open.close()
        after = _resident_mb()
    yield Row(
        name=f"{N_MALFORMED:,} malformed frames, 32 half-open and 16 huge clients",
        value=f"{n_lived:,} refused, then served: {'yes' if lives else 'NO'}; resident "
        f"{before:.0f} to {after:.0f} MB",
        bar="lives; memory within 10 %",
        holds=lives and n_lived == N_MALFORMED and after <= 1.1 * before,
    )


def contracts(*, episodes: int = 50) -> Iterator[Row]:
    """The expert's actions through each contract and back."""
    for name, task, size in (("libero", "Lift", 224), ("native", "Lift", 64)):
        tested = self_test(
            ContractRun(name=name, task=task, episodes=episodes, crank=CrankConfig(image_size=size))
        )
        yield Row(
            name=f"the expert through the contract {name} and back, {task} (n = {episodes})",
            value=f"{percent(tested.through)}; as it is {percent(tested.direct)}; largest error "
            f"{tested.action_error:.0e} of an action's range",
            bar="as often as it is",
            holds=tested.holds,
        )


def outside(run: Path) -> Iterator[Row]:
    """All of them."""
    yield from same_over_the_wire(run)
    yield from batching(run)
    yield from hardened(run)
    yield from contracts()


def observation(image_size: int, step: int) -> dict[str, Any]:
    """What a client of the native contract sends of an arm."""
    return {
        "observation/image": np.full((image_size, image_size, 3), 90, dtype=np.uint8),
        "observation/state": np.full(26, 0.1, dtype=np.float32),
        "prompt": "lift the red cube",
        "vla_sim/task": "vla_sim/Lift-v1",
        "vla_sim/step": step,
    }


def _client(server: PolicyServer, image_size: int) -> None:
    with _open(server) as one:
        _ask(one, image_size, N_ASKED)


def _ask(connection: ClientConnection, image_size: int, n: int) -> bool:
    for k in range(n):
        connection.send(pack(observation(image_size, 2 * k)))
        data = connection.recv(timeout=30)
        if isinstance(data, str) or unpack(data)["actions"].shape[1] != 7:
            return False
    return True


def _open(server: PolicyServer) -> ClientConnection:
    connection = connect(f"ws://127.0.0.1:{server.port}", compression=None).__enter__()
    connection.recv(timeout=10)
    return connection


def _abuse(server: PolicyServer, n: int) -> int:
    """Send malformed frames, each on a connection of its own; how many were refused by name."""
    rng = np.random.default_rng(0)
    whole = pack(observation(16, 0))
    refused = 0
    for k in range(n):
        kind = k % 4
        if kind == 0:
            sent: bytes | str = rng.bytes(int(rng.integers(0, 400)))
        elif kind == 1:
            sent = whole[: int(rng.integers(0, len(whole) - 1))]
        elif kind == 2:
            sent = pack({b"__ndarray__": True, b"data": b"", b"dtype": "|O", b"shape": [2**62]})
        else:
            sent = "text " * int(rng.integers(0, 50))
        with _open(server) as connection, suppress(ConnectionClosed):
            connection.send(sent)
            refused += isinstance(connection.recv(timeout=10), str)
    return refused


def _untaught(path: Path) -> Path:
    """The folder of a run whose model is the default recipe's, and has learnt nothing."""
    return untrained_run(path, config=recipe().learner.trainer.model)


def _resident_mb() -> float:
    """Memory of this process, in which the server runs [MB]; 0 where there is no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def untaught() -> Iterator[Row]:
    """The rows of a model that has learnt nothing."""
    with TemporaryDirectory() as folder:
        yield from outside(_untaught(Path(folder) / "run"))


def main() -> int:
    """Print all rows; 0 if each of them holds."""
    return told(outside(Path(sys.argv[1])) if len(sys.argv) > 1 else untaught())


if __name__ == "__main__":
    sys.exit(main())
