"""What was asked: a goal of the scene, the manner, and the words."""

from dataclasses import dataclass
from typing import Literal, get_args

from vla_sim.records.manner import Manner

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Split = Literal["seen", "held_out"]


@dataclass(frozen=True, kw_only=True, order=True)
class Referent:
    """A thing in the scene as words see it. Empty strings where a word does not apply."""

    colour: str = ""
    shape: str = ""
    relation: str = ""
    """For places: "left", "right"."""


@dataclass(frozen=True, kw_only=True, order=True)
class Meaning:
    """What an instruction means, whatever its words: two equal meanings are one positive."""

    intent_id: str
    referent: Referent
    manner: Manner = "normal"

    @property
    def key(self) -> str:
        """A stable text key, e.g. "lift/red/cube//slowly"; safe to write to disk."""
        r = self.referent
        return f"{self.intent_id}/{r.colour}/{r.shape}/{r.relation}/{self.manner}"


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """Words with the meaning they carry."""

    text: str
    language: Language
    template_id: str
    """The same id in both languages marks parallel paraphrases; never part of the text."""
    split: Split
    meaning: Meaning
