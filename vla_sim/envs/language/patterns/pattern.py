"""What the file of an intent holds: its sentence patterns in both languages."""

from dataclasses import dataclass

Pair = tuple[str, str]
"""The English and the Chinese pattern of one paraphrase."""


@dataclass(frozen=True, kw_only=True)
class Patterns:
    """The sentence patterns of one intent.

    A pair shares its id, its split and its sense. Slots in braces are filled in:

    - `{thing}`, a noun phrase for the referent; English patterns write "the {thing}";
    - `{target}`, the same for the target; or a place ("to the left of the red cube",
      红色方块的左边) where the target is told by its anchors alone;
    - `{side}`, the word for the relation of a referent that is no thing (left, middle);
    - `{way}`, the word for the relation of a target that is no thing (clockwise).

    Every pattern of an intent has the same slots. A part in square brackets holds the manner's
    words and is left out where the manner is normal: it has one of the slots `{adverb}` (beside the
    verb), `{tail}` (closes a sentence) and `{lead}` (a clause of its own). Text is lower case,
    without digits or abbreviations, so that a small tokenizer sees words only.
    """

    seen: tuple[Pair, ...]
    """Numbered from 1 in this order; the held-out ones go on from there."""
    held_out: tuple[Pair, ...]
    """Never shown in training: they measure whether wording generalises."""
