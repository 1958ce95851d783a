"""What was asked: a goal of the scene, the manner, and the words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from vla_sim.records.manner import MANNERS, Manner

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Split = Literal["seen", "held_out"]
_MANNER: Mapping[str, Manner] = {name: name for name in MANNERS}


@dataclass(frozen=True, kw_only=True, order=True)
class Referent:
    """A thing or a place in the scene as words see it. Empty where a word does not apply."""

    colour: str = ""
    shape: str = ""
    size: str = ""
    """"small" or "large"."""
    relation: str = ""
    """A side ("left"), a rank ("second", "leftmost", "nearest"), a direction ("clockwise"), or how
    it lies to its anchors ("left_of", "between")."""
    anchors: "tuple[Referent, ...]" = ()
    """What the relation counts from: plain things with neither size nor relation of their own."""

    @property
    def key(self) -> str:
        """A stable text key: its parts with dots between them, e.g. "red.cube.."."""
        parts = [self.colour, self.shape, self.size, self.relation]
        return ".".join([*parts, *(f"{a.colour}-{a.shape}" for a in self.anchors)])

    @classmethod
    def from_key(cls, key: str) -> "Referent":
        """The referent whose `key` this is.

        Raises:
            ValueError: If it is no such key.
        """
        parts = key.split(".")
        if len(parts) < 4 or any(anchor.count("-") != 1 for anchor in parts[4:]):
            raise ValueError(f"{key!r} is no key of a referent")
        pairs = [anchor.split("-") for anchor in parts[4:]]
        return cls(
            colour=parts[0],
            shape=parts[1],
            size=parts[2],
            relation=parts[3],
            anchors=tuple(cls(colour=colour, shape=shape) for colour, shape in pairs),
        )


@dataclass(frozen=True, kw_only=True, order=True)
class Meaning:
    """What an instruction means, whatever its words: two equal meanings are one positive."""

    intent_id: str
    referent: Referent
    target: Referent = field(default_factory=Referent)
    """Where to, which way, or how, for intents that say so; empty for others."""
    manner: Manner = "normal"

    @property
    def key(self) -> str:
        """A stable text key, e.g. "lift/red.cube..//slowly"; safe to write to disk."""
        target = self.target.key.strip(".") and self.target.key
        return f"{self.intent_id}/{self.referent.key}/{target}/{self.manner}"

    @classmethod
    def from_key(cls, key: str) -> "Meaning":
        """The meaning whose `key` this is.

        Raises:
            ValueError: If it is no such key.
        """
        parts = key.split("/")
        if len(parts) != 4 or parts[3] not in _MANNER:
            raise ValueError(f"{key!r} is no key of a meaning")
        return cls(
            intent_id=parts[0],
            referent=Referent.from_key(parts[1]),
            target=Referent.from_key(parts[2]) if parts[2] else Referent(),
            manner=_MANNER[parts[3]],
        )


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is said, and nothing of what is meant."""

    text: str
    language: Language


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """Words with the meaning they carry."""

    text: str
    language: Language
    template_id: str
    """The same id in both languages marks parallel paraphrases; never part of the text."""
    split: Split
    meaning: Meaning

    @property
    def words(self) -> Words:
        """What of it reaches a policy."""
        return Words(text=self.text, language=self.language)
