"""slalom: weave through a row of cones, to a side of the first one."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        (
            "[{adverb} ]weave through the cones, to the {side} of the first one",
            "[{adverb}]绕桩行驶，从第一个锥桶的{side}侧开始",
        ),
        (
            "drive the slalom, starting on the {side} of the first cone[ {tail}]",
            "跑一遍绕桩，先走第一个锥桶的{side}边[，{tail}]",
        ),
        (
            "please [{adverb} ]zigzag through the row of cones, {side} side first",
            "请[{adverb}]在锥桶间蛇形穿行，先从{side}侧过",
        ),
        (
            "could you [{adverb} ]slalom around the cones, the first one on its {side} side?",
            "能[{adverb}]绕过这排锥桶吗？先走{side}侧",
        ),
        (
            "the first cone is passed on its {side}[, {lead}]",
            "第一个锥桶要从{side}边绕过[，{tail}]",
        ),
        (
            "[{lead}, ]start {side} of the first cone and weave on",
            "[{lead}，]从第一个锥桶{side}侧起，依次穿行",
        ),
        ("slalom, {side} first[, {tail}]", "绕桩，先{side}[，{tail}]"),
        (
            "keep to the {side} of the first cone, then [{adverb} ]alternate",
            "第一个锥桶走{side}侧，然后[{adverb}]左右交替",
        ),
        (
            "we want to snake through the cones, beginning on the {side}[, {lead}]",
            "我们要蛇形绕过锥桶，从{side}边开始[，{tail}]",
        ),
        (
            "[{adverb} ]go around the cones one by one, the {side} side first",
            "[{adverb}]逐个绕过锥桶，先绕{side}侧",
        ),
        (
            "run the course of cones, entering it on the {side}[ {tail}]",
            "把锥桶路线跑完，从{side}侧切入[，{tail}]",
        ),
        (
            "begin with the {side} side of the first cone and [{adverb} ]wind through the rest",
            "先过第一个锥桶的{side}侧，再[{adverb}]绕完剩下的",
        ),
        (
            "there is a slalom ahead, take it from the {side}[, {lead}]",
            "前面有一排锥桶，从{side}边绕起[，{tail}]",
        ),
        (
            "[{lead}, ]steer through the cones in turns, first to the {side}",
            "[{lead}，]在锥桶之间来回转向，先往{side}",
        ),
        (
            "can you [{adverb} ]thread the cones, leading off on the {side}?",
            "可以[{adverb}]穿过锥桶吗？第一个从{side}侧走",
        ),
        (
            "swing {side} for the first cone and the other way for the next[, {lead}]",
            "第一个锥桶往{side}绕，下一个反过来[，{tail}]",
        ),
        (
            "alternate around the cones without touching them, {side} first[, {lead}]",
            "左右交替绕桩，别碰到锥桶，先走{side}边[，{tail}]",
        ),
        (
            "{side} of the first cone, then weave[, {tail}]",
            "第一个锥桶的{side}边，接着绕[，{tail}]",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]weave past the cones, please, {side} side first",
            "麻烦[{adverb}]绕桩前进，先走{side}侧",
        ),
        (
            "pass the cones in a zigzag that begins on the {side}[ {tail}]",
            "按蛇形通过锥桶，由{side}侧开始[，{tail}]",
        ),
        (
            "see the cones? slalom through them, {side} first[, {lead}]",
            "看到锥桶了吗？[{adverb}]绕过去，先走{side}边",
        ),
        (
            "[{lead}, ]the slalom starts to the {side} of the first cone",
            "[{lead}，]绕桩从首个锥桶的{side}侧开始",
        ),
        (
            "our line leads {side} of the first cone and weaves on[, {lead}]",
            "我们的路线先过第一个锥桶{side}侧，再交替绕行[，{tail}]",
        ),
        (
            "[{adverb} ]work your way through the cones from the {side}",
            "[{adverb}]从{side}侧起一个个绕过锥桶",
        ),
    ),
)
