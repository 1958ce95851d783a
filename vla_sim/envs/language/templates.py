"""Sentence patterns: sixteen paraphrases per intent, each in English and in Chinese.

A pair shares its id, its split and its sense. A part in square brackets holds the manner's words
and is left out where the manner is normal; "thing" is the referent and "side" left or right.
Text is lower case, without digits or abbreviations, so that a small tokenizer sees words only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vla_sim.records.instruction import LANGUAGES, Language, Split


@dataclass(frozen=True, kw_only=True)
class Template:
    """One sentence pattern of one language."""

    template_id: str
    """E.g. "lift-03"; the same in both languages."""
    intent_id: str
    language: Language
    split: Split
    with_manner: str
    """A format string with the referent's slot and one manner slot."""
    without_manner: str
    """The same without the bracketed part."""
    manner_slot: str
    """"adverb", "tail" or "lead": which words of a manner fit the bracketed part."""


Pair = tuple[str, str]
"""The English and the Chinese pattern."""

SEEN: Mapping[str, tuple[Pair, ...]] = {
    "reach": (
        (
            "[{adverb} ]move the gripper to just above the {thing}",
            "[{adverb}]把夹爪移到{thing}正上方",
        ),
        ("bring the fingertips over the {thing}[ {tail}]", "把指尖移到{thing}上方[，{tail}]"),
        (
            "please [{adverb} ]put the gripper above the {thing}",
            "请[{adverb}]将夹爪停到{thing}上方",
        ),
        ("hover over the {thing}[ {tail}]", "悬停在{thing}上面[，{tail}]"),
        (
            "could you [{adverb} ]move your hand over the {thing}?",
            "能[{adverb}]把手移到{thing}上面吗？",
        ),
        (
            "the gripper should end up just above the {thing}[, {lead}]",
            "夹爪最后要停在{thing}正上方[，{tail}]",
        ),
        (
            "[{lead}, ]take the fingertips to a point right above the {thing}",
            "[{lead}，]让指尖来到{thing}的正上方",
        ),
        ("above the {thing}[, {tail}]", "到{thing}上方[，{tail}]"),
        (
            "we need the gripper directly above the {thing}[, {lead}]",
            "我们要让夹爪处在{thing}正上方[，{tail}]",
        ),
        (
            "find the {thing} and stop right over it[, {lead}]",
            "找到{thing}，[{adverb}]移过去停在它上方",
        ),
        ("over to the {thing}[, {tail}]", "移到{thing}那儿[，{tail}]"),
        (
            "[{adverb} ]reach for the {thing} without touching it",
            "[{adverb}]伸向{thing}，但不要碰到它",
        ),
    ),
    "lift": (
        ("[{adverb} ]pick up the {thing}", "[{adverb}]拿起{thing}"),
        ("lift the {thing} off the table[ {tail}]", "把{thing}从桌上拿起来[，{tail}]"),
        ("please [{adverb} ]raise the {thing}", "请[{adverb}]举起{thing}"),
        ("grab the {thing} and lift it[ {tail}]", "抓住{thing}，[{adverb}]把它提起来"),
        ("could you [{adverb} ]pick the {thing} up?", "能[{adverb}]把{thing}拿起来吗？"),
        ("the {thing} has to come off the table[, {lead}]", "{thing}要离开桌面[，{tail}]"),
        ("[{lead}, ]take the {thing} up into the air", "[{lead}，]把{thing}拿到空中"),
        ("up with the {thing}[, {tail}]", "{thing}，[{adverb}]拿起来"),
        ("we need the {thing} lifted[ {tail}]", "我们要[{adverb}]把{thing}提起来"),
        (
            "close the gripper on the {thing} and [{adverb} ]raise it",
            "用夹爪夹住{thing}，再[{adverb}]抬起来",
        ),
        ("[{adverb} ]hoist the {thing}", "[{adverb}]提起{thing}"),
        ("get the {thing} up from the table[ {tail}]", "让{thing}离开桌子[，{tail}]"),
    ),
    "drive_to": (
        ("[{adverb} ]drive to the {thing} and stop there", "[{adverb}]开到{thing}停下"),
        ("park on the {thing}[ {tail}]", "把车停在{thing}上[，{tail}]"),
        ("please [{adverb} ]drive onto the {thing} and stop", "请[{adverb}]开上{thing}并停车"),
        ("your destination is the {thing}[, {lead}]", "目的地是{thing}[，{tail}]"),
        ("could you [{adverb} ]take the car to the {thing}?", "能[{adverb}]把车开到{thing}吗？"),
        (
            "head for the {thing} and come to a halt on it[, {lead}]",
            "朝{thing}开，到了就停[，{tail}]",
        ),
        ("[{lead}, ]go to the {thing} and stop", "[{lead}，]去{thing}，然后停下"),
        ("to the {thing}[, {tail}]", "去{thing}[，{tail}]"),
        ("we want to be on the {thing}[, {lead}]", "我们要到{thing}那里[，{tail}]"),
        ("[{adverb} ]bring the car to a stop on the {thing}", "[{adverb}]让车停到{thing}上"),
        ("find the {thing} and [{adverb} ]drive there", "找到{thing}，[{adverb}]开过去停好"),
        ("the car should end up on the {thing}[, {lead}]", "车最后要停在{thing}上[，{tail}]"),
    ),
    "change_lane": (
        ("[{adverb} ]change to the {side} lane", "[{adverb}]变到{side}侧车道"),
        ("move over to the lane on the {side}[ {tail}]", "并到{side}边的车道[，{tail}]"),
        ("please [{adverb} ]change lanes to the {side}", "请[{adverb}]向{side}变道"),
        ("take the {side} lane[ {tail}]", "走{side}侧车道[，{tail}]"),
        ("could you [{adverb} ]merge {side}?", "能[{adverb}]往{side}并线吗？"),
        ("we should be in the {side} lane[, {lead}]", "我们应该走{side}边车道[，{tail}]"),
        ("[{lead}, ]switch to the {side} lane", "[{lead}，]换到{side}侧车道"),
        ("one lane to the {side}[, {tail}]", "往{side}换一条车道[，{tail}]"),
        (
            "we want to be in the lane on your {side}[, {lead}]",
            "我们要到你{side}边的车道[，{tail}]",
        ),
        (
            "leave this lane and [{adverb} ]go into the {side} one",
            "离开本车道，[{adverb}]进入{side}侧车道",
        ),
        ("[{adverb} ]steer into the {side} lane", "[{adverb}]驶入{side}侧车道"),
        ("{side} lane[, {tail}]", "{side}侧车道[，{tail}]"),
    ),
    "follow": (
        ("[{adverb} ]get behind the {thing} and follow it", "[{adverb}]开到{thing}后面跟着它"),
        ("follow the {thing}[ {tail}]", "跟着{thing}[，{tail}]"),
        (
            "please [{adverb} ]change into the lane of the {thing} and stay behind it",
            "请[{adverb}]变到{thing}所在的车道，跟在它后面",
        ),
        ("stay behind the {thing}[, {lead}]", "跟在{thing}后面[，{tail}]"),
        ("could you [{adverb} ]fall in behind the {thing}?", "能[{adverb}]跟到{thing}后面吗？"),
        ("the {thing} is the one to follow[, {lead}]", "要跟的是{thing}[，{tail}]"),
        ("[{lead}, ]drive behind the {thing}", "[{lead}，]在{thing}后面行驶"),
        ("behind the {thing}[, {tail}]", "{thing}后面[，{tail}]"),
        (
            "we want to be in the lane of the {thing}, behind it[, {lead}]",
            "我们要进{thing}那条车道，跟在后面[，{tail}]",
        ),
        ("find the {thing} and [{adverb} ]take its lane", "找到{thing}，[{adverb}]并入它的车道"),
        ("[{adverb} ]merge in behind the {thing}", "[{adverb}]并到{thing}后方"),
        ("let the {thing} lead you[, {lead}]", "让{thing}给你带路[，{tail}]"),
    ),
}
"""Numbered from 1 in this order; the held-out ones go on from there."""

HELD_OUT: Mapping[str, tuple[Pair, ...]] = {
    "reach": (
        ("let the gripper hover above the {thing}[ {tail}]", "让夹爪悬停在{thing}上方[，{tail}]"),
        (
            "would you [{adverb} ]bring the gripper to the {thing}, please",
            "麻烦[{adverb}]把夹爪移到{thing}那里",
        ),
        (
            "see the {thing}? put your hand over it[, {lead}]",
            "看到{thing}了吗？[{adverb}]把手移到它上面",
        ),
        ("[{lead}, ]the fingertips go right above the {thing}", "[{lead}，]指尖要到{thing}正上方"),
    ),
    "lift": (
        ("would you [{adverb} ]lift up the {thing}, please", "麻烦[{adverb}]把{thing}拿起来"),
        ("take hold of the {thing} and bring it up[ {tail}]", "夹住{thing}往上提[，{tail}]"),
        ("see the {thing}? pick it up[ {tail}]", "看到{thing}了吗？[{adverb}]把它拿起来"),
        ("[{lead}, ]the {thing} goes up", "[{lead}，]把{thing}抬离桌面"),
    ),
    "drive_to": (
        (
            "would you [{adverb} ]drive the car to the {thing}, please",
            "麻烦[{adverb}]开到{thing}那里",
        ),
        ("stop the car on the {thing}[ {tail}]", "在{thing}上停车[，{tail}]"),
        ("see the {thing}? park there[, {lead}]", "看到{thing}了吗？[{adverb}]开到那里停车"),
        ("[{lead}, ]make your way to the {thing}", "[{lead}，]往{thing}那边开，到了停下"),
    ),
    "change_lane": (
        (
            "would you [{adverb} ]move into the {side} lane, please",
            "麻烦[{adverb}]开到{side}边车道",
        ),
        ("shift one lane {side}[, {lead}]", "向{side}移一条车道[，{tail}]"),
        ("get over to the {side}[ {tail}]", "靠到{side}边车道去[，{tail}]"),
        ("[{lead}, ]use the lane on your {side}", "[{lead}，]请走{side}边那条车道"),
    ),
    "follow": (
        (
            "would you [{adverb} ]follow along behind the {thing}, please",
            "麻烦[{adverb}]跟上{thing}",
        ),
        (
            "keep to the lane of the {thing}, behind it[, {lead}]",
            "走{thing}那条车道，在它后面[，{tail}]",
        ),
        ("see the {thing}? stay behind it[, {lead}]", "看到{thing}了吗？[{adverb}]跟在它后面"),
        ("[{lead}, ]your car goes right behind the {thing}", "[{lead}，]你的车要紧跟{thing}"),
    ),
}
"""Never shown in training: they measure whether wording generalises."""

INTENTS: tuple[str, ...] = tuple(SEEN)


def _templates(intent_id: str, split: Split, first: int, pairs: tuple[Pair, ...]) -> list[Template]:
    templates = []
    for number, pair in enumerate(pairs, start=first):
        for language, pattern in zip(LANGUAGES, pair, strict=True):
            (slot,) = re.findall(r"\[[^\]]*\{(\w+)\}[^\]]*\]", pattern)
            templates.append(
                Template(
                    template_id=f"{intent_id}-{number:02d}",
                    intent_id=intent_id,
                    language=language,
                    split=split,
                    with_manner=re.sub(r"[\[\]]", "", pattern),
                    without_manner=re.sub(r"\[.*?\]", "", pattern),
                    manner_slot=slot,
                )
            )
    return templates


TEMPLATES: tuple[Template, ...] = tuple(
    template
    for intent_id in INTENTS
    for template in (
        *_templates(intent_id, "seen", 1, SEEN[intent_id]),
        *_templates(intent_id, "held_out", 1 + len(SEEN[intent_id]), HELD_OUT[intent_id]),
    )
)
