"""change_lane: move into the lane on a side."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]change to the {side} lane", "[{adverb}]变到{side}侧车道"),
        ("move over to the lane on the {side}[ {tail}]", "并到{side}边的车道[，{tail}]"),
        ("please [{adverb} ]change lanes to the {side}", "请[{adverb}]向{side}变道"),
        ("take the {side} lane[ {tail}]", "走{side}侧车道[，{tail}]"),
        ("could you [{adverb} ]merge {side}?", "能[{adverb}]往{side}并线吗？"),
        ("we should be in the {side} lane[, {lead}]", "我们应该走{side}边的车道[，{tail}]"),
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
        ("can we [{adverb} ]move one lane {side}?", "可以[{adverb}]往{side}变一条车道吗？"),
        ("the lane to be in is the {side} one[, {lead}]", "要走的是{side}边那条车道[，{tail}]"),
        (
            "signal {side} and [{adverb} ]change lanes",
            "打{side}转向灯，[{adverb}]变道",
        ),
        ("[{lead}, ]go across to the lane on the {side}", "[{lead}，]开到{side}边的车道去"),
        (
            "i would like us to [{adverb} ]move into the lane on the {side}",
            "我想[{adverb}]换到{side}边的车道",
        ),
        (
            "look over your {side} shoulder and change over[, {lead}]",
            "看好{side}后方再变道[，{tail}]",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]move into the {side} lane, please",
            "麻烦[{adverb}]开到{side}边车道",
        ),
        ("shift one lane {side}[, {lead}]", "向{side}移一条车道[，{tail}]"),
        ("get over to the {side}[ {tail}]", "靠到{side}边车道去[，{tail}]"),
        ("[{lead}, ]use the lane on your {side}", "[{lead}，]请走{side}边那条车道"),
        (
            "see the lane on the {side}? it is ours[, {lead}]",
            "看到{side}边的车道了吗？[{adverb}]并过去",
        ),
        ("[{adverb} ]slip into the lane on the {side}", "[{adverb}]切入{side}侧车道"),
    ),
)
