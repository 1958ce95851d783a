"""Frozen: a benchmark as a file holds it, with a digest over all that makes its numbers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from vla_sim.disk import atomic
from vla_sim.envs.crank import CrankConfig
from vla_sim.errors import BadConfig, DamagedFile, ProtocolMismatch, VlaSimError
from vla_sim.eval.protocol import Protocol, own_tasks_apart
from vla_sim.eval.protocol_file import protocol_from
from vla_sim.eval.run_card import own_task_lines

FORMAT = "vla-sim frozen protocol 1"
CARD_LINE = "frozen"
"""The line of a run card that names the file under which a result was measured."""
_FIELDS = {
    "format": str,
    "name": str,
    "digest": str,
    "crank": dict,
    "gallery": int,
    "own_tasks": dict,
    "protocols": list,
}
_IN_COMMON = ("first_seed", "n_episodes", "arms", "languages", "manners", "success", "image_size")
"""Fields that all protocols of one benchmark share."""
_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class CrankTerms:
    """What of a crank's settings makes a number: the rest changes no episode, or is who acts.

    An axis may replace them; the ids of what then computes and draws are in the protocols.
    """

    engine: str
    renderer: str
    image_size: int

    @classmethod
    def of(cls, crank: CrankConfig) -> "CrankTerms":
        """Those of a crank."""
        return cls(engine=crank.engine, renderer=crank.renderer, image_size=crank.image_size)


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """All that has to be equal wherever the number is to be the same.

    Attributes:
        name: What people call it.
        protocols: One for each axis, severity and number of instructions.
        crank: What episodes run on in training conditions.
        gallery: Held-out episodes per task that retrieval is measured on.
        own_tasks: {"task/<id>": settings} of tasks that are no part of the package.
    """

    name: str
    protocols: tuple[Protocol, ...]
    crank: CrankTerms
    gallery: int
    own_tasks: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse protocols that are not of one benchmark.

        Raises:
            BadConfig: If there is none, or they differ in more than tasks, axis and chain.
        """
        if not self.protocols:
            raise BadConfig("a frozen protocol without protocols measures nothing")
        for protocol in self.protocols:
            for name in _IN_COMMON:
                first, other = getattr(self.protocols[0], name), getattr(protocol, name)
                if first != other:
                    raise BadConfig(
                        f"the protocols of one benchmark have one {name}, and these have {first!r} "
                        f"and {other!r}"
                    )
            if protocol.conditions or protocol.stopping:
                raise BadConfig(
                    f"{protocol.stamp} is of a condition set, or stops by a rule: a frozen "
                    "protocol runs all episodes that follow from its fields"
                )

    @property
    def plain(self) -> dict[str, Any]:
        """All of it, as a file holds it."""
        return {
            "format": FORMAT,
            "name": self.name,
            "digest": self.digest,
            "crank": asdict(self.crank),
            "gallery": self.gallery,
            "own_tasks": dict(self.own_tasks),
            "protocols": [{"stamp": p.stamp, **asdict(p)} for p in self.protocols],
        }

    @property
    def digest(self) -> str:
        """A text that a change of anything changes."""
        said = {**asdict(self), "protocols": [protocol.stamp for protocol in self.protocols]}
        text = json.dumps(said, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

    @property
    def stamp(self) -> str:
        """Name and digest, as results say it."""
        return f"{self.name} {self.digest}"

    @property
    def tasks(self) -> tuple[str, ...]:
        """Ids of all its tasks, in their order."""
        return tuple(dict.fromkeys(task for protocol in self.protocols for task in protocol.tasks))

    def require_here(self, measured: Protocol) -> None:
        """See that what would be measured here is one of its protocols.

        Raises:
            ProtocolMismatch: If not; it names every field with both values.
        """
        nearest = min((_apart(mine, measured) for mine in self.protocols), key=len)
        if nearest:
            raise ProtocolMismatch(
                f"the protocol {self.stamp} cannot be measured here, frozen against here: "
                + "; ".join(nearest)
            )
        here = own_task_lines(measured.tasks)
        held = {name: told for name, told in self.own_tasks.items() if name in here}
        if told := own_tasks_apart(held, here):
            raise ProtocolMismatch(
                f"the protocol {self.stamp} cannot be measured here, frozen against here: {told}"
            )


def to_json(frozen: Frozen) -> str:
    """The benchmark as JSON text; `read_frozen` gives an equal one back."""
    return json.dumps(frozen.plain, indent=1, ensure_ascii=False) + "\n"


def is_frozen(path: Path) -> bool:
    """Whether a file says that it is a frozen protocol."""
    return atomic.says(path, FORMAT)


def read_frozen(path: Path) -> Frozen:
    """The benchmark in a file.

    Raises:
        DamagedFile: If there is none, it is no frozen protocol of this version, a field is missing,
            unknown or of another type, or something was edited.
    """
    try:
        read: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedFile(
            f"there is no file {str(path)!r}; `vla-sim protocol freeze` or `conditions` writes it"
        ) from None
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path} cannot be read as JSON: {error}") from error
    said = read.get("format") if isinstance(read, Mapping) else None
    if said != FORMAT:
        raise DamagedFile(f"{path} says {said!r}, not {FORMAT!r}; `vla-sim protocol freeze` writes")
    if strangers := sorted(read.keys() - _FIELDS.keys()):
        raise DamagedFile(f"{path}: a frozen protocol has no field {strangers[0]!r}")
    for name, kind in _FIELDS.items():
        if name not in read:
            raise DamagedFile(f"{path}: {name} is missing")
        if type(read[name]) is not kind:
            raise DamagedFile(f"{path}: {name} is {read[name]!r}, no {kind.__name__}")
    frozen = _frozen(read, path)
    if frozen.digest != read["digest"]:
        raise DamagedFile(
            f"{path} was edited: it says that its digest is {read['digest']}, and what it holds "
            f"gives {frozen.digest}; for another protocol, `vla-sim protocol freeze` writes a file"
        )
    return frozen


def _frozen(read: Mapping[str, Any], path: Path) -> Frozen:
    try:
        crank = CrankTerms(**read["crank"])
    except TypeError as error:
        raise DamagedFile(f"{path}: crank: {error}") from error
    protocols = []
    for place, values in enumerate(read["protocols"]):
        try:
            protocols.append(protocol_from(values))
        except VlaSimError as error:
            raise DamagedFile(f"{path}, protocol {place}: {error}") from error
    try:
        return Frozen(
            name=read["name"],
            protocols=tuple(protocols),
            crank=crank,
            gallery=read["gallery"],
            own_tasks=read["own_tasks"],
        )
    except BadConfig as error:
        raise DamagedFile(f"{path}: {error}") from error


def _apart(mine: Protocol, here: Protocol) -> list[str]:
    """The fields in which two protocols differ, with both values."""
    values = ((f.name, getattr(mine, f.name), getattr(here, f.name)) for f in fields(Protocol))
    return [f"{name}: {_said(a)} against {_said(b)}" for name, a, b in values if a != b]


def _said(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value) or "empty"
