"""Sessions: who owns which worlds, and what each question comes to; no transport.

Source:
    LeRobot's public development tree, `lerobot.env_server`: addresses, operations, and what is
    refused. Lockstep only: worlds that run by themselves are for robots.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lerobot_env_vla_sim.envelope import (
    BUSY,
    EXECUTION,
    INCOMPATIBLE,
    MOST_BYTES,
    STALE,
    UNSUPPORTED,
    Envelope,
    Refused,
)
from lerobot_env_vla_sim.worlds import Worlds, WorldsConfig
from vla_sim.errors import VlaSimError

ROOT = "lerobot/env/v1/deployments"
_MOST_REQUESTS = 32768
_SPARE_BYTES = 65536


class Presence(Protocol):
    """How a client shows that it lives."""

    def is_gone(self, opened_s: float) -> bool:
        """Whether it was there and is not any more, or has not come since the session began."""
        ...

    def close(self) -> None:
        """Look no longer."""
        ...


@dataclass(kw_only=True)
class _Session:
    worlds: Worlds
    presence: Presence
    opened_s: float = field(default_factory=time.monotonic)
    generation: int = 0
    n_executed: int = 0
    requests: set[str] = field(default_factory=set)
    execution: dict[str, Any] | None = None
    fault: str = ""


class Sessions:
    """What one start of a server answers."""

    def __init__(
        self,
        served: WorldsConfig,
        *,
        deployment: str,
        max_envs: int,
        max_sessions: int,
        watched: Callable[[str], Presence],
    ) -> None:
        """No session yet.

        Args:
            served: What is simulated.
            deployment: The server's name.
            max_envs: Worlds of a session at most.
            max_sessions: Sessions at once.
            watched: Begins to look for the client of the session at an address.
        """
        self.instance = uuid.uuid4().hex
        self.deployment = f"{ROOT}/{deployment}"
        self.address = f"{self.deployment}/instances/{self.instance}"
        self._served, self._watched = served, watched
        self._max_envs, self._max_sessions = max_envs, max_sessions
        self._open: dict[str, _Session] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def answered(self, key: str, asked: Envelope) -> Envelope:
        """What is said to a question that came to an address."""
        try:
            return asked.answer(self._done(key, asked))
        except Refused as error:
            return asked.refusal(error.code, str(error))
        except Exception as error:  # whatever the worlds of one do, the others are served
            return asked.refusal(EXECUTION, f"{type(error).__name__}: {error}")

    def let_go(self) -> None:
        """End the sessions whose clients are gone, or never came."""
        for name, session in list(self._open.items()):
            if session.presence.is_gone(session.opened_s):
                self._end(name)

    def close(self) -> None:
        """End all."""
        for name in list(self._open):
            self._end(name)

    def _done(self, key: str, asked: Envelope) -> Mapping[str, Any]:
        if key == f"{self.deployment}/describe":
            said = self._served.descriptor(self._served.task_ids[0])
            return {"instance": self.instance, "descriptor": said}
        if asked.instance != self.instance:
            raise Refused(STALE, "the server was started anew")
        if key == f"{self.address}/open":
            return self._opened(asked.body)
        session = self._open.get(asked.session)
        place, _, operation = key.rpartition("/")
        if session is None or place != self._place(asked.session):
            raise Refused(STALE, "there is no such session")
        if asked.generation != session.generation:
            raise Refused(STALE, "the worlds were reset meanwhile")
        if asked.request in session.requests:
            raise Refused(STALE, "the same request came before, and nothing is done twice")
        if len(session.requests) >= _MOST_REQUESTS:
            raise Refused(UNSUPPORTED, f"{_MOST_REQUESTS} requests without a reset; open anew")
        session.requests.add(asked.request)
        if operation == "control":
            operation = str(asked.body.get("operation", ""))
        if operation == "close":
            self._end(asked.session)
            return {}
        if session.fault:
            raise Refused(EXECUTION, session.fault)
        try:
            return _operated(session, operation, asked)
        except Refused:
            raise
        except Exception as error:
            session.fault = f"the worlds failed: {type(error).__name__}: {error}"
            raise

    def _opened(self, body: Mapping[str, Any]) -> dict[str, Any]:
        n, clock = body.get("num_envs", 1), body.get("clock", "lockstep")
        if type(n) is not int or not 1 <= n <= self._max_envs:
            raise Refused(INCOMPATIBLE, f"{n!r} worlds; 1 to {self._max_envs} are served")
        if clock != "lockstep":
            raise Refused(INCOMPATIBLE, f"no clock {clock!r}: these worlds move in lockstep")
        if self._served.bytes_of(n) + _SPARE_BYTES > MOST_BYTES:
            raise Refused(INCOMPATIBLE, f"what {n} worlds show does not fit into a message")
        if len(self._open) >= self._max_sessions:
            raise Refused(BUSY, "the worlds are another client's")
        task_id = self._served.task_id(body.get("task_group"), body.get("task_id", 0))
        worlds = Worlds(self._served, task_id, n)
        try:
            result = worlds.reset(body.get("seeds"), None)
        except VlaSimError:
            worlds.close()
            raise
        name = uuid.uuid4().hex
        self._open[name] = _Session(worlds=worlds, presence=self._watched(self._place(name)))
        return {
            "session": name,
            "result": result,
            "generation": 0,
            "descriptor": self._served.descriptor(task_id),
        }

    def _place(self, name: str) -> str:
        return f"{self.address}/sessions/{name}"

    def _end(self, name: str) -> None:
        session = self._open.pop(name)
        session.worlds.close()
        session.presence.close()


def _operated(session: _Session, operation: str, asked: Envelope) -> dict[str, Any]:
    """An operation on a session's worlds."""
    body = asked.body
    if operation == "reset":
        result = session.worlds.reset(body.get("seeds"), body.get("env_ids"))
        session.generation += 1
        session.requests.clear()
        session.execution = None
        return {"generation": session.generation, "result": result}
    if operation == "step":
        if body.get("n_ticks", 1) != 1:
            raise Refused(UNSUPPORTED, "a step is one control step (n_ticks 1)")
        done = session.worlds.step(body.get("actions"))
        session.n_executed += 1
        session.execution = {
            "request_id": asked.request,
            "generation": session.generation,
            "sequence": session.n_executed,
            **done["executed"],
        }
        return {"result": done["result"], "execution": session.execution}
    if operation == "snapshot":
        seen = {"result": session.worlds.result()}
        return seen if session.execution is None else seen | {"execution": session.execution}
    if operation == "render":
        return {"frames": session.worlds.frames()}
    raise Refused(UNSUPPORTED, f"no operation {operation!r} in lockstep")
