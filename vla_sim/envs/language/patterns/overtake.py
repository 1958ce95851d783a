"""overtake: pass a vehicle on a side and return to its lane ahead of it."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]overtake the {thing} on the {way}", "[{adverb}]从{way}侧超过{thing}"),
        ("pass the {thing} on its {way} side[ {tail}]", "从{thing}的{way}边超车[，{tail}]"),
        (
            "please [{adverb} ]get past the {thing} on the {way}",
            "请[{adverb}]从{way}边超过{thing}",
        ),
        ("go around the {thing} on the {way}[, {lead}]", "从{way}侧绕过{thing}[，{tail}]"),
        (
            "could you [{adverb} ]overtake the {thing} on its {way}?",
            "能[{adverb}]从{way}侧超过{thing}吗？",
        ),
        (
            "the {thing} is too slow, take it on the {way}[, {lead}]",
            "{thing}太慢了，从{way}侧超它[，{tail}]",
        ),
        ("[{lead}, ]leave the {thing} behind on the {way}", "[{lead}，]从{way}边把{thing}甩在后面"),
        ("past the {thing} on the {way}[, {tail}]", "{way}侧超越{thing}[，{tail}]"),
        (
            "pull out to the {way}, pass the {thing} and [{adverb} ]return",
            "向{way}变道，超过{thing}后[{adverb}]回到原车道",
        ),
        (
            "we overtake the {thing}, on the {way}[, {lead}]",
            "我们从{way}侧超过{thing}[，{tail}]",
        ),
        (
            "[{adverb} ]move ahead of the {thing} by the {way} lane",
            "[{adverb}]借{way}侧车道开到{thing}前面",
        ),
        (
            "use the lane to the {way} to get before the {thing}[, {tail}]",
            "用{way}侧车道超到{thing}前头[，{tail}]",
        ),
        (
            "can we pass the {thing} on the {way}[, {tail}]?",
            "我们可以从{way}侧超过{thing}吗[，{tail}]？",
        ),
        (
            "[{lead}, ]drive by the {thing} on the {way} and go back in front",
            "[{lead}，]从{way}侧驶过{thing}，再并回它前面",
        ),
        (
            "see the {thing}? [{adverb} ]overtake it on the {way}",
            "看到{thing}了吗？[{adverb}]从{way}侧超过去",
        ),
        (
            "on the {way} there is room to pass the {thing}[, {lead}]",
            "{way}侧有空，可以超过{thing}[，{tail}]",
        ),
        ("beat the {thing} on the {way}[ {tail}]", "在{way}侧赶超{thing}[，{tail}]"),
        (
            "get in front of the {thing}, [{adverb} ]passing it on the {way}",
            "到{thing}前面去，[{adverb}]从{way}侧超车",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]pass the {thing} on the {way}, please",
            "麻烦[{adverb}]从{way}边超一下{thing}",
        ),
        (
            "ahead of the {thing}, around its {way} side[, {lead}]",
            "经{way}侧到{thing}前方[，{tail}]",
        ),
        ("the {thing} gets overtaken on the {way}[, {lead}]", "从{way}侧把{thing}超了[，{tail}]"),
        (
            "[{lead}, ]swing out {way} around the {thing} and come back",
            "[{lead}，]往{way}绕开{thing}再回来",
        ),
        (
            "why not go past the {thing} on its {way}[, {tail}]?",
            "从{thing}的{way}侧超过去好吗[，{tail}]？",
        ),
        (
            "put the {thing} behind us, passing on the {way}[ {tail}]",
            "从{way}侧通过，把{thing}留在后面[，{tail}]",
        ),
    ),
)
