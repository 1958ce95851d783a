"""Simulators in a process of their own, so that they and the trainer run at the same time.

The trainer asks, goes on training, and fetches the answer when it needs it. One question is in
flight at a time, and what the answer is depends on the questions alone, not on timing.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vla_sim.errors import VlaSimError
from vla_sim.loop.simulating.simulators import Harvest, Simulators, SimulatorsConfig
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows

Plan = Mapping[str, Sequence[EpisodeSpec]]


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """An error on its way to the parent: its constructor takes more than its text."""

    kind: type[VlaSimError]
    text: str


class WorkerDied(VlaSimError):
    """The simulator process ended without an answer."""


class SimulatorProcess:
    """One `Simulators` behind a pipe between parent and child."""

    def __init__(self, config: SimulatorsConfig) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, config), daemon=True)
        with _one_thread():
            self._process.start()
        theirs.close()
        self._waiting = False

    def ask_collect(self, weights: Path | None, *, expert_share: float, n_rows: int) -> None:
        """Ask for `n_rows` step triples per task; None: the experts act alone."""
        details = {"weights": weights, "expert_share": expert_share, "n_rows": n_rows}
        self._ask("collect", details)

    def ask_evaluate(self, policy: str, plan: Plan) -> None:
        """Ask for the planned episodes with a policy, named as `policy_of` takes it."""
        self._ask("evaluate", {"policy": policy, "plan": plan})

    def ask_gallery(self, plan: Plan) -> None:
        """Ask for segment triples of the experts' planned episodes."""
        self._ask("gallery", {"plan": plan})

    def harvest(self) -> Harvest:
        """The answer to `ask_collect`."""
        answer = self._answer()
        assert isinstance(answer, Harvest)
        return answer

    def episodes(self) -> list[Episode]:
        """The answer to `ask_evaluate`."""
        answer: list[Episode] = self._answer()
        return answer

    def rows(self) -> Rows:
        """The answer to `ask_gallery`."""
        answer: Rows = self._answer()
        return answer

    def ready(self, timeout_s: float) -> bool:
        """Whether the answer is there, or comes within the time."""
        return self._pipe.poll(timeout_s)

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.terminate()
        self._process.join(timeout=5)

    def __enter__(self) -> "SimulatorProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, verb: str, details: dict[str, Any]) -> None:
        assert not self._waiting, "an answer is still to be fetched"
        try:
            self._pipe.send((verb, details))
        except OSError as error:
            raise WorkerDied("the simulator process is gone; see its error above") from error
        self._waiting = True

    def _answer(self) -> Any:
        assert self._waiting, "nothing was asked"
        self._waiting = False
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerDied("the simulator process ended; see its error above") from error
        if isinstance(answer, _Refusal):
            raise answer.kind.__new__(answer.kind, answer.text)
        return answer


class _one_thread:  # noqa: N801 - reads as a statement
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


def _serve(pipe: Connection, config: SimulatorsConfig) -> None:
    """The child: answer questions until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    simulators = Simulators(config)
    verbs: dict[str, Callable[..., object]] = {
        "collect": partial(_collect, simulators),
        "evaluate": simulators.evaluate,
        "gallery": simulators.gallery,
    }
    while True:
        try:
            verb, details = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = verbs[verb](**details)
        except VlaSimError as error:
            answer = _Refusal(kind=type(error), text=str(error))
        pipe.send(answer)


def _collect(simulators: Simulators, weights: Path | None, **details: Any) -> Harvest:
    if weights is None:
        return simulators.collect(None, **details)
    # Here, so that a child that only runs experts does without torch.
    from vla_sim.loop.learned import LearnedModel

    return simulators.collect(LearnedModel.load(weights), **details)
