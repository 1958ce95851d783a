"""Simulators on a Ray cluster, or on the Ray of this machine: each an actor that answers questions.

Ray starts processes, finds cores and carries messages; what is asked, and what comes of it, is as
everywhere else. Actors read policies by their places, so those lie on a disk that all machines see.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vla_sim.errors import MissingExtra, VlaSimError
from vla_sim.loop.simulating.asked import AskedSimulators, answer
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig
from vla_sim.loop.simulating.worker import Refusal, WorkerDied, one_thread

EXTRA = "ray"
ADDRESS = "RAY_ADDRESS"
"""The environment variable that names a cluster; without it, Ray is started on this machine."""
_REACHED_WITHIN_S = 10.0


def check_ray() -> None:
    """See that Ray is installed, before anything is made.

    Raises:
        MissingExtra: If it is not.
    """
    _ray()


@contextmanager
def cluster(n_workers: int) -> Iterator[None]:
    """A connection to Ray until the block ends; one that the caller has already is left alone.

    Args:
        n_workers: Actors that will be asked for, a core each; Ray on this machine offers as many,
            since slots that wait for others change no result.

    Raises:
        MissingExtra: If Ray is not installed.
        WorkerDied: If the cluster is not there, or Ray does not start on this machine.
    """
    ray = _ray()
    if ray.is_initialized():
        yield
        return
    settings: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    place = os.environ.get(ADDRESS, "")
    if not place:
        settings |= {"num_cpus": n_workers, "include_dashboard": False}
    try:
        _require_there(place)
        with one_thread():
            ray.init(**settings)
    except Exception as error:  # Ray raises plain ones where a node does not start in time
        where = f"{ADDRESS}={place}" if place else "on this machine"
        raise WorkerDied(f"Ray {where} is not to be reached: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _require_there(address: str) -> None:
    """See that somebody listens at host:port: Ray itself asks on for minutes where nobody does.

    Raises:
        OSError: If nobody does.
    """
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_REACHED_WITHIN_S).close()


class SimulatorsOnRay(AskedSimulators):
    """One `Simulators` in an actor; the same answers as `SimulatorProcess`, to the bit."""

    def __init__(self, config: SimulatorsConfig, *, seed: int = 0) -> None:
        """Start an actor in the cluster that `cluster` connected to."""
        super().__init__()
        self._ray = _ray()
        # The folder from here, so that relative places mean what they mean here.
        kind = self._ray.remote(num_cpus=1, max_restarts=0)(_Actor)
        self._actor = kind.remote(config, seed, str(Path.cwd()))
        self._answer: Any = None

    def ready(self, timeout_s: float) -> bool:
        """Whether the answer is there, or comes within the time."""
        done, _ = self._ray.wait([self._answer], timeout=timeout_s)
        return bool(done)

    def close(self) -> None:
        """End the actor."""
        self._ray.kill(self._actor)

    def _take(self, verb: str, details: dict[str, Any]) -> None:
        self._answer = self._actor.answer.remote(verb, details)

    def _give(self) -> Any:
        try:
            given = self._ray.get(self._answer)
        except self._ray.exceptions.RayError as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise WorkerDied(f"a simulator on Ray ended without an answer: {said[-1]}") from error
        if isinstance(given, Refusal):
            raise given.error
        return given


class _Actor:
    """What runs where Ray put it."""

    def __init__(self, config: SimulatorsConfig, seed: int, folder: str) -> None:
        if Path(folder).is_dir():
            os.chdir(folder)
        self._simulators = Simulators(config, seed=seed)

    def answer(self, verb: str, details: dict[str, Any]) -> object:
        try:
            return answer(self._simulators, verb, details)
        except VlaSimError as error:
            return Refusal.of(error)


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("the executor 'ray'", EXTRA) from error
    return ray
