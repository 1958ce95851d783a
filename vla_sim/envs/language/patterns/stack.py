"""stack: put a thing on top of another."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]stack the {thing} on the {target}", "[{adverb}]把{thing}叠在{target}上"),
        (
            "put the {thing} on top of the {target}[ {tail}]",
            "把{thing}放到{target}的顶上[，{tail}]",
        ),
        (
            "please [{adverb} ]set the {thing} on top of the {target}",
            "请[{adverb}]将{thing}摞到{target}上",
        ),
        (
            "pick up the {thing} and stack it on the {target}[ {tail}]",
            "拿起{thing}，[{adverb}]叠到{target}上面",
        ),
        (
            "could you [{adverb} ]balance the {thing} on the {target}?",
            "能[{adverb}]让{thing}稳在{target}顶上吗？",
        ),
        (
            "the {thing} should stand on the {target}[, {lead}]",
            "{thing}要站在{target}上面[，{tail}]",
        ),
        (
            "[{lead}, ]build a tower with the {thing} above the {target}",
            "[{lead}，]把{thing}搭在{target}上",
        ),
        ("the {thing}, on top of the {target}[, {tail}]", "{thing}，叠{target}上[，{tail}]"),
        (
            "we want the {thing} stacked on the {target}[, {lead}]",
            "我们想让{thing}摞在{target}上[，{tail}]",
        ),
        (
            "use the {target} as a base for the {thing}[, {lead}]",
            "用{target}当底座，上面放{thing}[，{tail}]",
        ),
        (
            "take the {thing} and [{adverb} ]lower it onto the {target}",
            "拿{thing}，再[{adverb}]落到{target}顶上",
        ),
        (
            "[{adverb} ]pile the {thing} on the {target}",
            "[{adverb}]把{thing}堆到{target}上",
        ),
        (
            "can you make a stack, the {thing} on the {target}[, {lead}]?",
            "可以把{thing}往{target}上叠吗[，{tail}]？",
        ),
        (
            "[{lead}, ]the {target} carries the {thing}",
            "[{lead}，]让{target}托着{thing}",
        ),
        (
            "the top of the {target} is the place for the {thing}[, {lead}]",
            "{target}的顶面就是{thing}的位置[，{tail}]",
        ),
        (
            "grip the {thing}, then [{adverb} ]stand it on the {target}",
            "夹住{thing}，然后[{adverb}]立到{target}上",
        ),
        (
            "rest the {thing} on the {target}[ {tail}]",
            "让{thing}架在{target}上面[，{tail}]",
        ),
        (
            "i would like to see the {thing} [{adverb} ]stacked on top of the {target}",
            "我想看到{thing}[{adverb}]叠上{target}",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]stack the {thing} on top of the {target}, please",
            "麻烦[{adverb}]把{thing}叠到{target}上去",
        ),
        (
            "see the {target}? put the {thing} on top of it[, {lead}]",
            "看到{target}了吗？[{adverb}]把{thing}放到它顶上",
        ),
        (
            "the {thing} has to sit on top of the {target}[, {lead}]",
            "{thing}得坐在{target}顶上[，{tail}]",
        ),
        (
            "[{lead}, ]the {thing} goes above, the {target} below",
            "[{lead}，]{thing}在上，{target}在下",
        ),
        (
            "find the {thing} and [{adverb} ]put it up on the {target}",
            "找到{thing}，[{adverb}]搁到{target}顶上",
        ),
        (
            "make the {target} the bottom and the {thing} the top[, {lead}]",
            "{target}做下层，{thing}做上层[，{tail}]",
        ),
    ),
)
