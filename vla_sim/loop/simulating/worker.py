"""Simulators in a process of their own, so that they and the trainer run at the same time."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, Self

from vla_sim.errors import BadConfig, VlaSimError, error_of
from vla_sim.loop.simulating.asked import AskedSimulators, answer
from vla_sim.loop.simulating.simulators import Simulators, SimulatorsConfig
from vla_sim.physics.cores import usable_cores

MOST_PER_CORE = 32
"""Processes; more are a slip of the keyboard, and take the whole machine down."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error on its way to the parent: its constructor takes more than its text."""

    kind: type[VlaSimError]
    text: str

    @classmethod
    def of(cls, error: VlaSimError) -> Self:
        """The way there."""
        return cls(kind=type(error), text=str(error))

    @property
    def error(self) -> VlaSimError:
        """The way back."""
        return error_of(self.kind, self.text)


class WorkerDied(VlaSimError):
    """The simulator process ended without an answer."""


def check_processes(n_processes: int) -> None:
    """Raise where simulators cannot have so many processes of their own, before anything is made.

    Raises:
        BadConfig: If the number is none or far beyond the cores, or the calling process may not
            start others; says the way out.
    """
    if n_processes < 0:
        raise BadConfig(f"n_processes is {n_processes}; use 0 or more (0: in the calling process)")
    most = MOST_PER_CORE * usable_cores()
    if n_processes > most:
        raise BadConfig(
            f"n_processes is {n_processes}; this machine has {usable_cores()} usable cores and "
            f"would be no faster: use {most} or less, or shards on several machines"
        )
    if n_processes == 0:
        return
    here = multiprocessing.current_process()
    if getattr(here, "_inheriting", False):  # how multiprocessing itself knows
        raise BadConfig(
            "this script is being imported by a process that it started: put what it does under "
            "`if __name__ == '__main__':`, or run the simulators in this process (n_processes=0)"
        )
    if here.daemon:
        raise BadConfig(
            f"the process {here.name!r} is a daemon, which may not start simulators in processes "
            "of their own: run them in this process (n_processes=0)"
        )


class SimulatorProcess(AskedSimulators):
    """One `Simulators` behind a pipe between parent and child.

    The child imports this package and nothing of the caller's: a script needs no main guard, and
    one that comes from stdin or a notebook works like any other.
    """

    def __init__(self, config: SimulatorsConfig, *, seed: int = 0) -> None:
        super().__init__()
        check_processes(1)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, config, seed), daemon=True)
        with one_thread(), _no_main(), _interrupts_held():
            self._process.start()
        theirs.close()

    def ready(self, timeout_s: float) -> bool:
        """Whether the answer is there, or comes within the time."""
        return self._pipe.poll(timeout_s)

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.terminate()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()

    def _take(self, verb: str, details: dict[str, Any]) -> None:
        try:
            self._pipe.send((verb, details))
        except OSError as error:
            raise self._death() from error

    def _give(self) -> Any:
        try:
            given = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death() from error
        if isinstance(given, Refusal):
            raise given.error
        return given

    def _death(self) -> WorkerDied:
        """What is known of why the process is gone."""
        self._process.join(timeout=5)
        code = self._process.exitcode
        if code is None or code >= 0:
            return WorkerDied("the simulator process ended; see its error above")
        name = signal.Signals(-code).name
        hint = ", as happens where memory runs out: use fewer slots or tasks"
        return WorkerDied(
            f"the simulator process was ended by {name}{hint if name == 'SIGKILL' else ''}"
        )


class one_thread:  # noqa: N801 - reads as a statement
    """Children started inside use one thread per library: oversubscription costs a factor."""

    _NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._NAMES}
        os.environ.update(dict.fromkeys(self._NAMES, "1"))

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _no_main() -> Iterator[None]:
    """Children started inside do not run the caller's script again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C is the parent's to handle: children started inside never see it, this one a bit later.

    Held back, not ignored: it may come while a child starts, and must not be lost.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # it would let interrupts through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, config: SimulatorsConfig, seed: int) -> None:
    """The child: answer questions until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it could not be held back
    simulators = Simulators(config, seed=seed)
    while True:
        try:
            verb, details = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            given = answer(simulators, verb, details)
        except VlaSimError as error:
            given = Refusal.of(error)
        try:
            pipe.send(given)
        except OSError:  # the parent is gone
            return
