"""Serve: a policy of ours for whoever speaks openpi's protocol."""

import asyncio
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from vla_sim.envs.suites import tasks_of
from vla_sim.errors import BadConfig
from vla_sim.loop.acting import Acting
from vla_sim.loop.choice import Choice
from vla_sim.loop.policies import check_policy
from vla_sim.loop.serving.contracts import NATIVE, check_contract_name
from vla_sim.loop.serving.hosted import HostedPolicy
from vla_sim.loop.serving.remote import KEY_VARIABLE
from vla_sim.loop.serving.server import PolicyServer, ServerConfig
from vla_sim.ranges import some, whole
from vla_sim.records.triple import CHUNK_SIZE


@dataclass(frozen=True, kw_only=True)
class ServeRun(Acting):
    """Settings of a server."""

    policy: str = "runs/align"
    """What is served: a folder, of a checkpoint, an alignment run or an RL policy; "retrieval:" and
    the folder of an alignment run; or one of your own, as module:name or path/to/file.py:name."""
    contract: str = NATIVE
    """What clients speak: native, libero, or a .toml or .json file of your own."""
    tasks: tuple[str, ...] = ("Lift", "DriveToGoal")
    """The robots of these tasks are served, in any of their tasks; the first is meant where a
    client names none."""
    steps: int = 0
    """Control steps that a client which does not count them runs of a chunk before it asks again;
    0: as many as the policy would."""
    server: ServerConfig = field(default_factory=ServerConfig)

    def __post_init__(self) -> None:
        check_contract_name(self.contract)
        some(tasks=self.tasks, contract=self.contract)
        whole(0, CHUNK_SIZE, steps=self.steps)
        if self.choice.fits_itself:
            raise BadConfig(f"{self.policy!r} is not one of ours; it is served by who made it")

    @property
    def choice(self) -> Choice:
        """The policy with its switches; the contract is the server's, not the policy's."""
        return Choice(
            name=self.policy,
            proposals=self.proposals,
            guidance=self.guidance,
            ensemble=self.ensemble,
            args=tuple(sorted(self.policy_arg.items())),
        )

    def build(self) -> PolicyServer:
        """The server, with its policy loaded and tried.

        Raises:
            BadConfig: If the policy cannot be served.
            DamagedFile: If its files are damaged.
            MissingExtra: If the libraries of the protocol are not installed.
            UnknownName: If there is no such policy.
        """
        check_policy(self.policy)
        hosted = HostedPolicy(
            self.choice,
            contract=self.contract,
            task_ids=tasks_of(self.tasks),
            steps=self.steps,
        )
        key = self.server.key or os.environ.get(KEY_VARIABLE, "")
        return PolicyServer(hosted, replace(self.server, key=key))


def serve(server: PolicyServer, ready: Callable[[PolicyServer], None]) -> None:
    """Serve until SIGINT or SIGTERM, then close all connections.

    Args:
        server: What `ServeRun.build` made.
        ready: Told once it listens.

    Raises:
        BadConfig: If the address cannot be listened on.
    """

    async def until_stopped() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # on Windows Ctrl-C ends asyncio.run itself
                loop.add_signal_handler(name, stopped.set)
        async with server.listening():
            ready(server)
            await stopped.wait()

    try:
        asyncio.run(until_stopped())
    except OSError as error:
        raise _taken(server, error) from error


@contextmanager
def served(run: ServeRun) -> Iterator[PolicyServer]:
    """Serve in a thread while inside: for notebooks, and for tests.

    Raises:
        BadConfig: If the policy cannot be served, or the address cannot be listened on.
    """
    server = run.build()
    began, failed = threading.Event(), list[BaseException]()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def until_stopped() -> None:
        async with server.listening():
            began.set()
            await stopped.wait()

    def work() -> None:
        try:
            loop.run_until_complete(until_stopped())
        except BaseException as error:  # told to who waits
            failed.append(error)
        finally:
            began.set()
            loop.close()

    thread = threading.Thread(target=work, name="policy server", daemon=True)
    thread.start()
    began.wait()
    if failed:
        raise _taken(server, failed[0]) from failed[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(timeout=30)


def _taken(server: PolicyServer, error: BaseException) -> BaseException:
    if not isinstance(error, OSError):
        return error
    config = server.config
    is_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
    way_out = (
        "an address of this machine as --server.host, or 0.0.0.0 for all of them"
        if is_host
        else "another --server.port, or 0 for one that is free"
    )
    return BadConfig(
        f"{config.host}:{config.port} cannot be listened on: {error.strerror or error}; name "
        f"{way_out}"
    )
