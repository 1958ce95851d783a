"""`python -m lerobot_env_vla_sim.env_server`: our tasks as an environment server of LeRobot's.

LeRobot is not needed here, and this package is not needed where LeRobot runs: each keeps its own
torch. One thread answers everything; a session owns its worlds until it closes, or its client is
gone.

Source:
    LeRobot's public development tree, `lerobot.env_server` and `lerobot.transport.zenoh`.
"""

import json
import re
import time
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event
from typing import Any

from rich.console import Console

from lerobot_env_vla_sim.envelope import (
    MOST_BYTES,
    Envelope,
    MissingServer,
    Refused,
    decode,
    encode,
    is_name,
)
from lerobot_env_vla_sim.scenes import Scenes
from lerobot_env_vla_sim.sessions import Sessions
from lerobot_env_vla_sim.worlds import WorldsConfig
from vla_sim.envs.crank import CrankConfig
from vla_sim.envs.suites import tasks_of
from vla_sim.errors import BadConfig, VlaSimError
from vla_sim.ranges import above, whole
from vla_sim.records.instruction import Language

_ENDPOINT = re.compile(r"(tcp|tls|quic)/.+:\d+")
_WAITING = 8
"""Questions that wait at once; more are dropped, as LeRobot's own server does."""
_LOOKED_S = 0.02


@dataclass(frozen=True, kw_only=True)
class EnvServerConfig:
    """Settings of an environment server."""

    tasks: tuple[str, ...] = ("Lift",)
    """Tasks and suites of one robot by name; a client says which (`task_group`)."""
    languages: tuple[Language, ...] = ("en",)
    """Languages of the instructions."""
    axis: str = ""
    """A domain axis along which all episodes leave the training distribution; empty for none."""
    severity: int = 0
    """How far along the axis: 1 to 3; 0 where no axis is named."""
    image_size: int = 64
    """Height and width of the pictures [px]; clients want that of their training data."""
    renderer: str = "raycast"
    """Picture backend."""
    n_threads: int = 1
    """Threads for physics and pictures; changes no result."""
    listen: str = "tcp/127.0.0.1:7448"
    """Where it listens, as Zenoh writes it. Nobody is asked who they are: stay on the loopback, or
    on a network of your own."""
    deployment: str = "default"
    """Its name, as clients say it."""
    max_envs: int = 32
    """Worlds of a session at most."""
    max_sessions: int = 1
    """Sessions at once."""
    grace_s: float = 10.0
    """A session whose client has not shown within so long that it lives is ended [s]."""

    def __post_init__(self) -> None:
        whole(1, 1024, max_envs=self.max_envs)
        whole(1, 64, max_sessions=self.max_sessions)
        above(0, grace_s=self.grace_s)
        if not is_name(self.deployment):
            raise BadConfig(
                f"deployment is {self.deployment!r}; use letters, digits, '_', '.' and '-'"
            )
        if not _ENDPOINT.fullmatch(self.listen):
            raise BadConfig(f"listen is {self.listen!r}; write it as tcp/127.0.0.1:7448")
        _ = self.worlds  # which refuses what cannot be run

    @property
    def worlds(self) -> WorldsConfig:
        """What is simulated."""
        return WorldsConfig(
            task_ids=tasks_of(self.tasks),
            scenes=Scenes(languages=self.languages, axis=self.axis, severity=self.severity),
            crank=CrankConfig(
                image_size=self.image_size, renderer=self.renderer, n_threads=self.n_threads
            ),
        )


class EnvServer:
    """Answers questions about worlds; `serve` runs until `stop` is set."""

    def __init__(self, config: EnvServerConfig) -> None:
        """A server that listens nowhere yet."""
        self.config = config
        self.ready, self.stop = Event(), Event()
        self.n_dropped = 0
        self.sessions = Sessions(
            config.worlds,
            deployment=config.deployment,
            max_envs=config.max_envs,
            max_sessions=config.max_sessions,
            watched=lambda place: _Watched(self._zenoh, place, config.grace_s),
        )
        self._asked: Queue[Any] = Queue(_WAITING)
        self._zenoh: Any = None

    def serve(self) -> None:
        """Answer until told to stop.

        Raises:
            MissingServer: If Zenoh or msgpack is not installed.
            BadConfig: If nobody can listen there.
        """
        zenoh, sessions = _package(), self.sessions
        settings = zenoh.Config()
        for name, value in {
            "mode": "peer",
            "listen/endpoints": [self.config.listen],
            "scouting/multicast/enabled": False,
            "scouting/gossip/enabled": False,
            "transport/shared_memory/enabled": False,
        }.items():
            settings.insert_json5(name, json.dumps(value))
        try:
            self._zenoh = zenoh.open(settings)
        except zenoh.ZError as error:
            raise BadConfig(f"nobody can listen at {self.config.listen}: {error}") from error
        with self._zenoh:
            for place in (f"{sessions.deployment}/describe", f"{sessions.address}/**"):
                self._zenoh.declare_queryable(place, self._take, complete=True)
            token = self._zenoh.liveliness().declare_token(f"{sessions.address}/alive")
            self.ready.set()
            try:
                while not self.stop.is_set():
                    try:
                        self._answer(self._asked.get(timeout=_LOOKED_S))
                    except Empty:
                        sessions.let_go()
            finally:
                sessions.close()
                token.undeclare()

    def _take(self, query: Any) -> None:
        """Keep a question for the thread that answers; called on Zenoh's."""
        if query.payload is not None and len(query.payload) > MOST_BYTES:
            self.n_dropped += 1
            return
        try:
            self._asked.put_nowait(query)
        except Full:
            self.n_dropped += 1

    def _answer(self, query: Any) -> None:
        key = str(query.key_expr)
        try:
            asked = decode(b"" if query.payload is None else query.payload.to_bytes())
            said = self.sessions.answered(key, asked)
        except Refused as error:
            said = Envelope(kind="describe").refusal(error.code, str(error))
        with query:
            query.reply(key, encode(said))


class _Watched:
    """A client that declares that it lives, at the address of its session."""

    def __init__(self, zenoh: Any, place: str, grace_s: float) -> None:
        self._grace_s = grace_s
        self._came, self._went = Event(), Event()
        alive = zenoh.liveliness()
        self._heard = alive.declare_subscriber(f"{place}/client_alive", self._hear, history=True)
        self._token = alive.declare_token(f"{place}/alive")

    def is_gone(self, opened_s: float) -> bool:
        late = time.monotonic() - opened_s > self._grace_s and not self._came.is_set()
        return self._went.is_set() or late

    def close(self) -> None:
        self._heard.undeclare()
        self._token.undeclare()

    def _hear(self, sample: Any) -> None:
        (self._came if sample.kind == _package().SampleKind.PUT else self._went).set()


def _package() -> Any:
    try:
        import zenoh
    except ImportError as error:
        raise MissingServer from error
    return zenoh


def main() -> int:
    """The command line: settings as options, an error in one line."""
    import tyro

    console = Console()
    try:
        config = tyro.cli(EnvServerConfig, description="Our tasks for LeRobot's --env.type=sim.")
        server = EnvServer(config)
        console.print(f"serving {' '.join(config.tasks)} at {config.listen}", highlight=False)
        server.serve()
    except VlaSimError as error:
        console.print(f"{type(error).__name__}: {error}", highlight=False, markup=False)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
