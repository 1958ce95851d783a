"""A Protocol as JSON, without loss."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from vla_sim.errors import DamagedFile
from vla_sim.eval.protocol import Protocol

FORMAT = "vla-sim protocol 1"


def to_json(protocol: Protocol) -> str:
    """The protocol as JSON text, with its stamp; `from_json` gives an equal one back."""
    said = {"format": FORMAT, "stamp": protocol.stamp, **asdict(protocol)}
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> Protocol:
    """The protocol that `to_json` wrote.

    Raises:
        DamagedFile: If the text is none, a field is unknown, or was edited under an old stamp.
    """
    try:
        read: dict[str, Any] = json.loads(text)
        if read["format"] != FORMAT:
            raise DamagedFile(f"this file says {read['format']!r}, not {FORMAT!r}")
        values = {name: value for name, value in read.items() if name != "format"}
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise DamagedFile(f"this is no protocol of vla-sim: {error!r}") from error
    return protocol_from(values)


def protocol_from(values: Mapping[str, Any]) -> Protocol:
    """The protocol whose fields and stamp these are.

    Raises:
        DamagedFile: If a field is missing, unknown or of a kind that none holds, or one was edited
            under an old stamp.
    """
    try:
        given = dict(values)
        stamp = given.pop("stamp")
        protocol = _protocol(given)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, DamagedFile):
            raise
        raise DamagedFile(f"this is no protocol of vla-sim: {error!r}") from error
    if protocol.stamp != stamp:
        raise DamagedFile(
            f"this protocol was edited: it says that its stamp is {stamp}, and its fields give "
            f"{protocol.stamp}"
        )
    return protocol


def _protocol(values: Mapping[str, Any]) -> Protocol:
    if strangers := sorted(values.keys() - {field.name for field in fields(Protocol)}):
        raise DamagedFile(f"a protocol has no field {strangers[0]!r}; another version wrote it")
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Protocol(**given)
