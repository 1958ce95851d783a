"""The server: openpi's protocol over a hosted policy, for clients that are trusted with nothing.

A connection is a session. First the server sends its metadata; then each binary message is an
observation, and is answered by one binary message. What is wrong is answered by a text and the
close code 1011, as openpi does, and ends that connection alone.
"""

import asyncio
import contextlib
import hmac
import itertools
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from vla_sim.errors import BadMessage, MissingExtra, VlaSimError
from vla_sim.loop.serving.batching import Batcher
from vla_sim.loop.serving.hosted import HostedPolicy
from vla_sim.loop.serving.reading import Moment, Session
from vla_sim.loop.serving.translation import Message
from vla_sim.loop.serving.wire import EXTRA, pack, unpack
from vla_sim.ranges import above, whole, within

_LOG = logging.getLogger(__name__)
_INTERNAL_ERROR, _GOING_AWAY = 1011, 1001
_REASON = "Internal server error. Traceback included in previous frame."
"""openpi's words."""


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Settings of a server."""

    host: str = "127.0.0.1"
    """Where it listens; other machines reach 0.0.0.0, and then a key is worth having."""
    port: int = 8000
    """0: one that is free."""
    key: str = ""
    """Clients have to send this as `Authorization: Api-Key ...`; empty for no key."""
    max_connections: int = 64
    """Clients at once; others get the status 503."""
    max_mb: int = 8
    """Largest message [MB]; a larger one ends its connection."""
    timeout_s: float = 30.0
    """For a handshake, for a client to take its answer, and for it to answer a ping."""
    idle_s: float = 600.0
    """A connection on which nothing was asked for so long is closed."""
    max_batch: int = 64
    """Most observations in one inference."""
    window_ms: float = 2.0
    """How long an observation waits for those of other clients; it does not wait where nobody else
    is connected."""

    def __post_init__(self) -> None:
        whole(0, 65535, port=self.port)
        whole(1, 4096, max_connections=self.max_connections, max_batch=self.max_batch)
        whole(1, 1024, max_mb=self.max_mb)
        above(0, timeout_s=self.timeout_s, idle_s=self.idle_s)
        within(0, 1000, window_ms=self.window_ms)


class PolicyServer:
    """Serves one hosted policy.

    Attributes:
        port: Where it listens, once it does.
    """

    def __init__(self, policy: HostedPolicy, config: ServerConfig) -> None:
        self.policy = policy
        self.config = config
        self.port = config.port
        self._library = _server_library()
        self._rows = itertools.count()
        self._metadata = pack(policy.metadata)
        self._n_open = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while inside; leaving it closes all connections.

        Raises:
            OSError: If the port is taken, or the host is not this machine's.
        """
        config = self.config
        self.batcher: Batcher[Moment, Message | str] = Batcher(
            self.policy.answers, most=config.max_batch, window_s=1e-3 * config.window_ms
        )
        inferring = asyncio.create_task(self.batcher.run())
        try:
            async with self._library.serve(
                self._serve,
                config.host,
                config.port,
                process_request=self._admit,
                origins=[None],  # no page in a browser may talk to a server on its reader's machine
                compression=None,
                max_size=config.max_mb * 2**20,
                max_queue=2,
                open_timeout=config.timeout_s,
                ping_interval=config.timeout_s,
                ping_timeout=config.timeout_s,
                close_timeout=min(config.timeout_s, 5.0),
                logger=_quiet(),
            ) as server:
                self.port = server.sockets[0].getsockname()[1]
                yield
        finally:
            inferring.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await inferring
            self.batcher.close()

    def _admit(self, connection: Any, request: Any) -> Any:
        """Answer what is no websocket, and turn away who may not come in."""
        if request.path.partition("?")[0] == "/healthz":
            return connection.respond(HTTPStatus.OK, "OK\n")
        key = self.config.key
        given = request.headers.get("Authorization", "")
        if key and not hmac.compare_digest(given.encode(), f"Api-Key {key}".encode()):
            return connection.respond(
                HTTPStatus.UNAUTHORIZED, "send the header Authorization: Api-Key <key>\n"
            )
        if self._n_open >= self.config.max_connections:
            return connection.respond(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._n_open} clients are connected, which is as many as are served\n",
            )
        return None

    async def _serve(self, connection: Any) -> None:
        closed = _closed()
        if self._n_open >= self.config.max_connections:  # several were admitted at once
            await connection.close(1013, "too many clients")
            return
        self._n_open += 1
        self.batcher.expected += 1
        session = self.policy.session(next(self._rows))
        try:
            await self._sent(connection, self._metadata)
            await self._answer_all(connection, session)
        except closed:
            pass
        except TimeoutError:
            await connection.close(_GOING_AWAY, "too slow")
        except Exception as error:  # one client's, and it must not be the others'
            if not isinstance(error, VlaSimError):
                _LOG.exception("a connection failed")
            with contextlib.suppress(closed, TimeoutError):
                await self._sent(connection, f"{type(error).__name__}: {error}")
            await connection.close(_INTERNAL_ERROR, _REASON)
        finally:
            self._n_open -= 1
            self.batcher.expected -= 1
            await self.batcher.on_thread(lambda: self.policy.end(session))

    async def _answer_all(self, connection: Any, session: Session) -> None:
        before_ms = 0.0
        while True:
            data = await asyncio.wait_for(connection.recv(), self.config.idle_s)
            began = time.monotonic()
            if isinstance(data, str):
                raise BadMessage("an observation is a binary message; a text came")
            moment = self.policy.read(unpack(data), session)
            answer = await self.batcher.ask(moment)
            if isinstance(answer, str):
                raise BadMessage(answer)
            timing = {"infer_ms": 1e3 * (time.monotonic() - began)}
            if before_ms:
                timing["prev_total_ms"] = before_ms
            await self._sent(connection, pack({**answer, "server_timing": timing}))
            before_ms = 1e3 * (time.monotonic() - began)

    async def _sent(self, connection: Any, data: bytes | str) -> None:
        await asyncio.wait_for(connection.send(data), self.config.timeout_s)


def _quiet() -> logging.Logger:
    """Handshakes that fail are the clients' affair, and no traceback of ours."""
    logger = logging.getLogger(f"{__name__}.websockets")
    logger.setLevel(logging.CRITICAL)
    return logger


def _server_library() -> Any:
    try:
        from websockets.asyncio import server
    except ImportError as error:
        raise MissingExtra("serving a policy", EXTRA) from error
    return server


def _closed() -> type[Exception]:
    from websockets.exceptions import ConnectionClosed

    return ConnectionClosed
