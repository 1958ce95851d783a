"""pick_place: put a thing onto a pad."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]put the {thing} on the {target}", "[{adverb}]把{thing}放到{target}上"),
        ("place the {thing} onto the {target}[ {tail}]", "将{thing}放在{target}上面[，{tail}]"),
        (
            "please [{adverb} ]move the {thing} to the {target}",
            "请[{adverb}]把{thing}移到{target}上",
        ),
        (
            "pick up the {thing} and put it on the {target}[ {tail}]",
            "拿起{thing}，[{adverb}]放到{target}上",
        ),
        (
            "could you [{adverb} ]carry the {thing} over to the {target}?",
            "能[{adverb}]把{thing}搬到{target}上吗？",
        ),
        ("the {thing} belongs on the {target}[, {lead}]", "{thing}应该放在{target}上[，{tail}]"),
        ("[{lead}, ]set the {thing} down on the {target}", "[{lead}，]让{thing}落在{target}上"),
        ("the {thing}, onto the {target}[, {tail}]", "{thing}，放{target}上[，{tail}]"),
        (
            "we need the {thing} on the {target}[, {lead}]",
            "我们需要{thing}待在{target}上[，{tail}]",
        ),
        (
            "on the {target} goes the {thing}[, {lead}]",
            "{target}上要放{thing}[，{tail}]",
        ),
        (
            "take the {thing} and [{adverb} ]place it on the {target}",
            "取{thing}，再[{adverb}]摆到{target}上",
        ),
        (
            "[{adverb} ]transfer the {thing} to the {target}",
            "[{adverb}]把{thing}转移到{target}",
        ),
        (
            "can you get the {thing} onto the {target}[ {tail}]?",
            "可以把{thing}弄到{target}上吗[，{tail}]？",
        ),
        (
            "[{lead}, ]bring the {thing} to the {target} and let go of it",
            "[{lead}，]把{thing}带到{target}上再松开",
        ),
        (
            "the {target} is where the {thing} should be[, {lead}]",
            "{target}才是{thing}该去的地方[，{tail}]",
        ),
        (
            "grab the {thing}, then [{adverb} ]set it on the {target}",
            "抓起{thing}，然后[{adverb}]搁到{target}上",
        ),
        (
            "leave the {thing} on the {target}[ {tail}]",
            "把{thing}留在{target}上[，{tail}]",
        ),
        (
            "i would like the {thing} [{adverb} ]placed on the {target}",
            "我想[{adverb}]把{thing}摆在{target}上",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]put the {thing} down on the {target}, please",
            "麻烦[{adverb}]将{thing}放到{target}上",
        ),
        (
            "see the {thing}? it goes on the {target}[, {lead}]",
            "看到{thing}了吗？[{adverb}]把它放到{target}上",
        ),
        (
            "the {thing} has to end up on the {target}[, {lead}]",
            "{thing}最后要停在{target}上[，{tail}]",
        ),
        (
            "[{lead}, ]drop the {thing} off at the {target}",
            "[{lead}，]把{thing}送到{target}去",
        ),
        (
            "from where it is, take the {thing} to the {target}[ {tail}]",
            "从原来的地方把{thing}挪到{target}上[，{tail}]",
        ),
        (
            "find the {thing} and [{adverb} ]lay it on the {target}",
            "找到{thing}，[{adverb}]安放到{target}上",
        ),
    ),
)
