"""trace: lead the fingertips along a line, beginning at one of its ends."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        (
            "[{adverb} ]trace the {thing} from the {way} end",
            "[{adverb}]从{way}端开始描{thing}",
        ),
        (
            "follow the {thing} with your fingertips, starting on the {way}[, {tail}]",
            "用指尖沿着{thing}走，从{way}边起[，{tail}]",
        ),
        (
            "please [{adverb} ]run along the {thing} from its {way} end",
            "请[{adverb}]从{way}端起沿{thing}移动",
        ),
        (
            "could you [{adverb} ]trace the {thing}, beginning on the {way}?",
            "能[{adverb}]从{way}边开始把{thing}描一遍吗？",
        ),
        (
            "the {thing} has to be traced from the {way}[, {lead}]",
            "{thing}要从{way}边描起[，{tail}]",
        ),
        (
            "[{lead}, ]start at the {way} end of the {thing} and follow it",
            "[{lead}，]从{thing}的{way}端出发，沿着它走",
        ),
        ("the {thing}, from the {way}[, {tail}]", "{thing}，从{way}边来[，{tail}]"),
        (
            "we need the {thing} traced starting on the {way}[, {lead}]",
            "我们需要把{thing}从{way}边起描一遍[，{tail}]",
        ),
        (
            "put the fingertips on the {way} end of the {thing} and [{adverb} ]follow it",
            "把指尖放到{thing}的{way}端，[{adverb}]跟着它走",
        ),
        (
            "[{adverb} ]go over the {thing} once, {way} end first",
            "[{adverb}]把{thing}走一遍，先从{way}端起",
        ),
        (
            "keep to the {thing} all the way, starting from the {way}[, {lead}]",
            "一路贴着{thing}，从{way}边开始[，{tail}]",
        ),
        (
            "the line to trace is the {thing}, and its {way} end comes first[, {lead}]",
            "要描的是{thing}，先走{way}端[，{tail}]",
        ),
        (
            "[{lead}, ]draw your finger along the {thing} from the {way}",
            "[{lead}，]手指从{way}边沿{thing}划过去",
        ),
        (
            "on the {way} the {thing} begins, [{adverb} ]trace it from there",
            "{thing}从{way}边开始，[{adverb}]由那里描起",
        ),
        (
            "find the {way} end of the {thing} and [{adverb} ]trace it to the other end",
            "找到{thing}的{way}端，[{adverb}]描到另一端",
        ),
        (
            "can you follow the {thing} from its {way} end for us[ {tail}]?",
            "可以帮我们从{way}端起沿{thing}走一遍吗[，{tail}]？",
        ),
        (
            "do not leave the {thing}, go along it from the {way} end[, {lead}]",
            "不要离开{thing}，从{way}端沿着它走[，{tail}]",
        ),
        (
            "[{lead}, ]let the gripper travel the {thing} starting from the {way} end",
            "[{lead}，]让夹爪从{way}端起走完{thing}",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]trace along the {thing} from the {way} side, please",
            "麻烦[{adverb}]从{way}侧把{thing}描一下",
        ),
        (
            "move along the {thing} beginning at its {way} end[, {tail}]",
            "从{way}端起，沿{thing}移动过去[，{tail}]",
        ),
        (
            "see the {thing}? trace it from the {way} end[, {lead}]",
            "看到{thing}了吗？[{adverb}]从{way}端描起",
        ),
        (
            "[{lead}, ]with the {way} end first, follow the {thing}",
            "[{lead}，]先到{way}端，再沿{thing}走",
        ),
        (
            "[{adverb} ]retrace the {thing} starting at the {way} end",
            "[{adverb}]照着{thing}描，起点在{way}端",
        ),
        (
            "we would like you to go along the {thing} from the {way}[, {lead}]",
            "我们希望你从{way}边沿{thing}走[，{tail}]",
        ),
    ),
)
