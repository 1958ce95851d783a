"""Envelopes: the messages of LeRobot's environment protocol, and their bytes.

What comes in is somebody else's: its length, its nesting and every array in it are checked before
anything is made of them, and nothing in it can be code.

Source:
    LeRobot's public development tree, `lerobot.transport.wire`, protocol version 1: msgpack, with
    arrays as maps that say what they are.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadMessage, MissingExtra, VlaSimError

VERSION = 1
MOST_BYTES = 32 * 1024 * 1024
"""Of a message; LeRobot's own limit."""
UNSUPPORTED, MALFORMED, BUSY, STALE = "unsupported", "malformed", "busy", "stale"
INCOMPATIBLE, EXECUTION, PROTOCOL = "incompatible", "execution", "protocol"
"""Why a message is refused, in the words that LeRobot's client knows."""
_KINDS = {
    "describe": False,
    "open": False,
    "accepted": False,
    "control": True,
    "ack": True,
    "error": False,
}
"""Kinds of messages that a server of environments speaks, and whether they are of a session."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_MARK = "__lerobot_type__"
_DTYPES = {
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
}
_MOST_AXES, _LONGEST_AXIS = 8, 16384
_MOST_ITEMS, _MOST_DEPTH, _LONGEST_TEXT = 4096, 16, 16384
_LONGEST_REASON = 2048


class Refused(BadMessage):
    """A message that is answered with an error."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class MissingServer(MissingExtra):
    """What serving takes is not installed."""

    def __init__(self) -> None:
        VlaSimError.__init__(
            self, "serving comes with an extra: pip install 'lerobot_env_vla_sim[server]'"
        )


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A message with whom it concerns.

    Attributes:
        kind: What it is.
        instance: Which start of the server; "" before it is known.
        session: Which batch of worlds; "" before there is one.
        generation: How many times that batch was reset.
        request: Which question; an answer carries that of its question.
        body: What it says.

    Raises:
        Refused: If a field is not what the protocol says.
    """

    kind: str
    instance: str = ""
    session: str = ""
    generation: int = 0
    request: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise Refused(MALFORMED, f"{self.kind!r} is no kind of message of this server")
        if type(self.generation) is not int or not 0 <= self.generation < 2**63:
            raise Refused(MALFORMED, f"generation {self.generation!r} counts no resets")
        ids = (self.instance, self.session, self.request)
        for told in ids:
            if not isinstance(told, str) or (told and not _NAME.fullmatch(told)):
                raise Refused(MALFORMED, f"{told!r} is no identifier")
        if _KINDS[self.kind] and not all(ids):
            raise Refused(MALFORMED, f"{self.kind!r} needs instance, session and request")
        if not isinstance(self.body, Mapping):
            raise Refused(MALFORMED, "the body is no map")

    def answer(self, body: Mapping[str, Any]) -> "Envelope":
        """What is said to a question that was carried out."""
        return self._back("ack" if self.session else "accepted", body)

    def refusal(self, code: str, reason: str) -> "Envelope":
        """What is said to a question that was not."""
        return self._back("error", {"code": code, "message": reason[:_LONGEST_REASON]})

    def _back(self, kind: str, body: Mapping[str, Any]) -> "Envelope":
        return Envelope(
            kind=kind,
            instance=self.instance,
            session=self.session,
            generation=self.generation,
            request=self.request,
            body=body,
        )


def is_name(text: str) -> bool:
    """Whether a text may stand as a part of an address."""
    return _NAME.fullmatch(text) is not None


def encode(message: Envelope) -> bytes:
    """The message's bytes.

    Raises:
        BadMessage: If it holds what does not travel, or is too long.
        MissingServer: If msgpack is not installed.
    """
    record = {
        "version": VERSION,
        "message_type": message.kind,
        "instance_id": message.instance,
        "session_id": message.session,
        "generation": message.generation,
        "request_id": message.request,
        "body": _plain(message.body),
    }
    packed: bytes = _msgpack().packb(record, use_bin_type=True)
    if len(packed) > MOST_BYTES:
        raise BadMessage(f"a message of {len(packed)} bytes; at most {MOST_BYTES} travel")
    return packed


def decode(data: bytes) -> Envelope:
    """The message of some bytes.

    Raises:
        Refused: If they are none.
        MissingServer: If msgpack is not installed.
    """
    msgpack = _msgpack()
    if len(data) > MOST_BYTES:
        raise Refused(MALFORMED, f"{len(data)} bytes; at most {MOST_BYTES} are read")
    try:
        record = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            max_str_len=_LONGEST_TEXT,
            max_array_len=_MOST_ITEMS,
            max_map_len=_MOST_ITEMS,
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError, msgpack.exceptions.UnpackException) as error:
        raise Refused(MALFORMED, f"{len(data)} bytes are no msgpack message") from error
    if not isinstance(record, dict):
        raise Refused(MALFORMED, "the message is no map")
    if (version := record.get("version")) != VERSION or type(version) is not int:
        raise Refused(PROTOCOL, f"protocol version {version!r}; this server speaks {VERSION}")
    try:
        return Envelope(
            kind=record["message_type"],
            instance=record["instance_id"],
            session=record["session_id"],
            generation=record["generation"],
            request=record["request_id"],
            body=_read(record["body"], 0),
        )
    except KeyError as error:
        raise Refused(MALFORMED, f"the message lacks {error}") from error
    except TypeError as error:
        raise Refused(MALFORMED, f"a field of the message cannot be read: {error}") from error


def _plain(value: Any) -> Any:
    """A value as msgpack takes it; arrays become maps."""
    if isinstance(value, np.ndarray):
        return {
            _MARK: "tensor",
            "dtype": value.dtype.name,
            "shape": list(value.shape),
            "endianness": "little",
            "data": value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes(),
        }
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise BadMessage(f"a {type(value).__name__} does not travel")


def _read(value: Any, depth: int) -> Any:
    """A value of msgpack; maps that say so become arrays."""
    if depth > _MOST_DEPTH:
        raise Refused(MALFORMED, f"the message nests deeper than {_MOST_DEPTH}")
    if isinstance(value, dict):
        if _MARK in value:
            return _array(value)
        return {name: _read(part, depth + 1) for name, part in value.items()}
    if isinstance(value, list):
        return [_read(part, depth + 1) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(MALFORMED, "a number is not finite")
    return value


def _array(said: Mapping[str, Any]) -> NDArray[Any]:
    name, shape, data = said.get("dtype"), said.get("shape"), said.get("data")
    endianness = said.get("endianness")
    if said[_MARK] != "tensor" or name not in _DTYPES or endianness not in ("little", "big"):
        raise Refused(MALFORMED, f"no array of {name!r}, {endianness!r} can be read")
    if not isinstance(shape, list) or len(shape) > _MOST_AXES:
        raise Refused(MALFORMED, f"{shape!r} is no shape of an array")
    if any(type(side) is not int or not 0 < side <= _LONGEST_AXIS for side in shape):
        raise Refused(MALFORMED, f"{shape!r} is no shape of an array")
    dtype = np.dtype(name).newbyteorder("<" if endianness == "little" else ">")
    if not isinstance(data, bytes) or len(data) != math.prod(shape) * dtype.itemsize:
        raise Refused(MALFORMED, f"an array of {name} {tuple(shape)} came with other bytes")
    array = np.frombuffer(data, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Refused(MALFORMED, "an array holds what is not finite")
    return array


def _msgpack() -> Any:
    try:
        import msgpack
    except ImportError as error:
        raise MissingServer from error
    return msgpack
