"""place_relative: put a thing on a side of another."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]put the {thing} {target}", "[{adverb}]把{thing}放到{target}"),
        ("place the {thing} {target}[, {tail}]", "将{thing}放在{target}[，{tail}]"),
        ("please [{adverb} ]move the {thing} {target}", "请[{adverb}]把{thing}移到{target}"),
        (
            "pick up the {thing} and set it down {target}[, {tail}]",
            "拿起{thing}，[{adverb}]放到{target}",
        ),
        (
            "could you [{adverb} ]bring the {thing} {target}?",
            "能[{adverb}]把{thing}拿到{target}吗？",
        ),
        ("the {thing} should stand {target}[, {lead}]", "{thing}应该在{target}[，{tail}]"),
        ("[{lead}, ]let the {thing} stand {target}", "[{lead}，]让{thing}待在{target}"),
        ("the {thing}, {target}[, {tail}]", "{thing}，放{target}[，{tail}]"),
        ("we need the {thing} {target}[, {lead}]", "我们需要{thing}在{target}[，{tail}]"),
        (
            "there is a free spot {target}, put the {thing} there[, {lead}]",
            "{target}有空位，把{thing}放过去[，{tail}]",
        ),
        (
            "take the {thing} and [{adverb} ]place it {target}",
            "取{thing}，再[{adverb}]摆到{target}",
        ),
        ("[{adverb} ]transfer the {thing} to a spot {target}", "[{adverb}]把{thing}转移到{target}"),
        (
            "can you have the {thing} {target}[, {lead}]?",
            "可以把{thing}弄到{target}吗[，{tail}]？",
        ),
        (
            "[{lead}, ]carry the {thing} away and leave it {target}",
            "[{lead}，]把{thing}搬走，留在{target}",
        ),
        (
            "somewhere {target} is where the {thing} should be[, {lead}]",
            "{target}才是{thing}该待的地方[，{tail}]",
        ),
        (
            "grab the {thing}, then [{adverb} ]put it down {target}",
            "抓起{thing}，然后[{adverb}]搁在{target}",
        ),
        ("position the {thing} {target}[, {tail}]", "把{thing}摆在{target}[，{tail}]"),
        (
            "i would like the {thing} [{adverb} ]placed {target}",
            "我想[{adverb}]让{thing}挪到{target}",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]put the {thing} down {target}, please",
            "麻烦[{adverb}]将{thing}放到{target}",
        ),
        (
            "see the {thing}? it goes {target}[, {lead}]",
            "看到{thing}了吗？[{adverb}]把它放到{target}",
        ),
        (
            "the {thing} has to end up {target}[, {lead}]",
            "{thing}最后要停在{target}[，{tail}]",
        ),
        ("[{lead}, ]drop the {thing} off {target}", "[{lead}，]把{thing}送到{target}"),
        (
            "from where it is, take the {thing} to the spot {target}[, {tail}]",
            "从原来的地方把{thing}挪到{target}[，{tail}]",
        ),
        (
            "find the {thing} and [{adverb} ]lay it {target}",
            "找到{thing}，[{adverb}]安放在{target}",
        ),
    ),
)
