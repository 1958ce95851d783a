"""Remote: a policy behind a websocket, openpi's protocol. A connection is an episode.

The protocol has no word for a new episode, so a server that remembers something remembers it by
connection: each row has one of its own, and a new one when an episode begins in it.
"""

import os
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, BadMessage, MissingExtra, PolicyUnreachable
from vla_sim.loop.serving.contracted import ContractedPolicy, contracted
from vla_sim.loop.serving.contracts import check_contract, contract_of, of_plain
from vla_sim.loop.serving.translation import Message, Translation
from vla_sim.loop.serving.wire import EXTRA, pack, unpack
from vla_sim.ranges import above, whole
from vla_sim.records.contract import Contract, differences

OURS = "vla_sim"
"""The key of a server's metadata under which a server of this package says what it serves."""
KEY_VARIABLE = "VLA_SIM_KEY"
"""The environment variable that holds the key of a server: a command line is seen by others."""


@dataclass(frozen=True, kw_only=True)
class RemoteConfig:
    """Settings of a connection, given by --policy-arg."""

    timeout_s: float = 60.0
    """How long to wait for a connection, and for an answer."""
    max_mb: int = 64
    """Largest answer that is read [MB]."""

    def __post_init__(self) -> None:
        above(0, timeout_s=self.timeout_s)
        whole(1, 1024, max_mb=self.max_mb)


class Remote:
    """Connections to one server, one per row."""

    def __init__(self, url: str, config: RemoteConfig) -> None:
        self.url = url
        self.config = config
        self.metadata: Mapping[str, Any] = {}
        self._open: dict[int, Any] = {}
        weakref.finalize(self, _close_all, self._open)  # each has a thread that outlives this

    def connect(self, row: int) -> None:
        """Open the connection of a row, and read what the server says first.

        Raises:
            PolicyUnreachable: If there is no server, or it refuses or says nothing.
            BadMessage: If what it says first is not openpi's metadata.
        """
        client = _client()
        key = os.environ.get(KEY_VARIABLE, "")
        try:
            dialled = client.connect(
                self.url,
                compression=None,
                max_size=self.config.max_mb * 2**20,
                open_timeout=self.config.timeout_s,
                additional_headers={"Authorization": f"Api-Key {key}"} if key else None,
            )
            # How connections are had changes in websockets 18; as a context both ways agree.
            self._open[row] = dialled.__enter__()
        except Exception as error:  # refused, no host, no websocket, a status, too slow
            raise self._unreachable(error) from error
        first = self._heard(row)
        told = first if isinstance(first, str) else unpack(first)
        if not isinstance(told, Mapping):
            raise BadMessage(
                f"{self.url} speaks another protocol: its first message is {str(told)[:80]!r}, "
                "and openpi's is a map of metadata"
            )
        self.metadata = told

    def answers(self, rows: Sequence[int], messages: Sequence[Message]) -> list[object]:
        """Ask for all rows at once, then read the answers; a text is the server's own error.

        Raises:
            PolicyUnreachable: If the server is gone or too slow.
        """
        for row, message in zip(rows, messages, strict=True):
            if row not in self._open:
                self.connect(row)
            try:
                self._open[row].send(pack(message))
            except _closed() as error:
                raise self._unreachable(error) from error
        return [self._answer(row) for row in rows]

    def forget(self, rows: Sequence[int]) -> None:
        """Close the connections of these rows."""
        for row in rows:
            if (connection := self._open.pop(row, None)) is not None:
                connection.close()

    def close(self) -> None:
        """Close all of them."""
        self.forget(list(self._open))

    def _answer(self, row: int) -> object:
        try:
            return self._received(row)
        except BadMessage as error:
            self.forget([row])
            return f"the server's answer: {error}"

    def _heard(self, row: int) -> str | bytes:
        try:
            heard: str | bytes = self._open[row].recv(timeout=self.config.timeout_s)
        except (TimeoutError, _closed()) as error:
            raise self._unreachable(error) from error
        return heard

    def _received(self, row: int) -> object:
        data = self._heard(row)
        if isinstance(data, str):  # openpi: a traceback, and then the connection is closed
            self.forget([row])
            lines = data.strip().splitlines() or ["an empty text"]
            return f"the server answered with an error: {lines[-1]}"
        return unpack(data)

    def _unreachable(self, error: BaseException) -> PolicyUnreachable:
        self.close()
        if isinstance(error, TimeoutError):
            what = f"did not answer within {self.config.timeout_s:g} s"
        else:
            what = f"is not to be reached ({type(error).__name__}: {error})"
        return PolicyUnreachable(
            f"the policy server {self.url} {what}; is it running there (`vla-sim serve RUN`, or "
            f"openpi's serve_policy.py), and does it want a key ({KEY_VARIABLE})?"
        )


def remote_policy(
    url: str, crank: Crank, *, contract: str = "", config: RemoteConfig | None = None
) -> ContractedPolicy:
    """The policy that a server serves, for the task of a crank, checked before anything moves.

    Args:
        url: ws://host:port.
        crank: Where it will act.
        contract: What it speaks; "": what it says itself.
        config: Settings.

    Raises:
        PolicyUnreachable: If the server is not there.
        BadMessage: If it speaks another protocol, or answers what the contract does not say.
        BadConfig: If its contract does not fit the task, or is another than the one named.
    """
    asked = Remote(url, config or RemoteConfig())
    try:
        asked.connect(-1)
        terms = _agreed(url, contract, asked.metadata, crank)
        check_contract(terms, crank)
        translation = Translation(terms, crank.embodiment)
        return contracted(terms, translation, asked, crank.task_id, crank.config.image_size)
    except BadMessage as error:
        raise BadMessage(f"{url}: {error}".replace(f"{url}: {url}", url)) from error
    finally:
        asked.close()


def _agreed(url: str, named: str, metadata: Mapping[str, Any], crank: Crank) -> Contract:
    """The contract that both sides keep."""
    robot = crank.embodiment.name
    ours = None if not named else contract_of(named, crank.embodiment)
    said = metadata.get(OURS)
    if not isinstance(said, Mapping):
        if ours is None:
            raise BadConfig(
                f"{url} does not say what it speaks; say it: --contract libero, or a file of "
                "your own (`vla-sim contract` shows what is in one)"
            )
        return ours
    contracts = said.get("contracts")
    if not isinstance(contracts, Mapping) or robot not in contracts:
        served = ", ".join(map(str, contracts)) if isinstance(contracts, Mapping) else "nothing"
        raise BadConfig(f"{crank.task_id} is for {robot}; {url} serves {served}")
    theirs = of_plain(contracts[robot], where=f"the contract of {url}")
    if ours is not None and (told := differences(ours, theirs)):
        raise BadConfig(f"the contract {named!r} is not what {url} speaks:\n  " + "\n  ".join(told))
    return theirs


def _close_all(connections: dict[int, Any]) -> None:
    for connection in connections.values():
        connection.close()
    connections.clear()


def _client() -> Any:
    try:
        from websockets.sync import client
    except ImportError as error:
        raise MissingExtra("a policy over websockets", EXTRA) from error
    return client


def _closed() -> type[Exception]:
    from websockets.exceptions import ConnectionClosed

    return ConnectionClosed
