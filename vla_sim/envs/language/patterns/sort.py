"""sort: put all things of a colour into a tray."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        (
            "[{adverb} ]put all the {thing}s into the {target}",
            "[{adverb}]把所有{thing}都放进{target}",
        ),
        ("every {thing} goes in the {target}[, {lead}]", "每个{thing}都要进{target}[，{tail}]"),
        (
            "please [{adverb} ]sort the {thing}s into the {target}",
            "请[{adverb}]把{thing}都归到{target}里",
        ),
        (
            "pick up each {thing} and place it in the {target}[ {tail}]",
            "把{thing}一个个拿起来，[{adverb}]放入{target}",
        ),
        (
            "could you [{adverb} ]collect the {thing}s in the {target}?",
            "能[{adverb}]把{thing}都收到{target}里吗？",
        ),
        ("the {thing}s belong in the {target}[, {lead}]", "{thing}都属于{target}[，{tail}]"),
        (
            "[{lead}, ]gather both {thing}s in the {target}",
            "[{lead}，]把两个{thing}都聚到{target}中",
        ),
        ("all {thing}s, into the {target}[, {tail}]", "{thing}，全部进{target}[，{tail}]"),
        (
            "we need both {thing}s inside the {target}[, {lead}]",
            "我们需要两个{thing}都在{target}里面[，{tail}]",
        ),
        (
            "fill the {target} with the {thing}s[ {tail}]",
            "用{thing}装满{target}[，{tail}]",
        ),
        (
            "take the {thing}s one by one and [{adverb} ]drop them in the {target}",
            "逐个取{thing}，[{adverb}]投进{target}",
        ),
        (
            "[{adverb} ]clear away the {thing}s into the {target}",
            "[{adverb}]将{thing}统统收进{target}",
        ),
        (
            "can you get every {thing} into the {target}[, {lead}]?",
            "可以让每个{thing}都到{target}里吗[，{tail}]？",
        ),
        (
            "[{lead}, ]tidy up, the {thing}s go to the {target}",
            "[{lead}，]整理一下，{thing}归{target}",
        ),
        (
            "the {target} is for the {thing}s[, {lead}]",
            "{target}是用来装{thing}的[，{tail}]",
        ),
        (
            "look for {thing}s and [{adverb} ]move them to the {target}",
            "找出{thing}，[{adverb}]都移到{target}里",
        ),
        (
            "bring the {thing}s together in the {target}[ {tail}]",
            "让{thing}在{target}里集中[，{tail}]",
        ),
        (
            "i would like all {thing}s [{adverb} ]placed in the {target}",
            "我想[{adverb}]把{thing}全摆进{target}",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]put each {thing} in the {target}, please",
            "麻烦[{adverb}]把每个{thing}放到{target}里",
        ),
        (
            "see the {thing}s? they all go in the {target}[, {lead}]",
            "看到那些{thing}了吗？[{adverb}]都放到{target}里",
        ),
        (
            "no {thing} may stay outside the {target}[, {lead}]",
            "一个{thing}都不要留在{target}外面[，{tail}]",
        ),
        (
            "[{lead}, ]the {target} has to hold both {thing}s",
            "[{lead}，]{target}里要有两个{thing}",
        ),
        (
            "carry the {thing}s to the {target}, all of them[, {tail}]",
            "把{thing}搬到{target}里，一个不落[，{tail}]",
        ),
        (
            "separate out the {thing}s and [{adverb} ]put them in the {target}",
            "挑出{thing}，[{adverb}]装进{target}",
        ),
    ),
)
