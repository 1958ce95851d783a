"""follow: move behind a vehicle and stay there."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
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
        ("can we [{adverb} ]get in line behind the {thing}?", "可以[{adverb}]排到{thing}后面吗？"),
        ("where the {thing} goes, we go[, {lead}]", "{thing}去哪儿，我们就去哪儿[，{tail}]"),
        (
            "take the lane of the {thing} and [{adverb} ]tail it",
            "走{thing}的车道，[{adverb}]尾随它",
        ),
        ("[{lead}, ]let the {thing} drive ahead of you", "[{lead}，]让{thing}开在你前面"),
        (
            "i would like us to [{adverb} ]follow after the {thing}",
            "我想[{adverb}]跟着{thing}走",
        ),
        (
            "keep the {thing} right in front of you[, {lead}]",
            "让{thing}一直在你正前方[，{tail}]",
        ),
    ),
    held_out=(
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
        ("the {thing} shows the way, go after it[ {tail}]", "{thing}在前面领路，跟上去[，{tail}]"),
        ("[{adverb} ]join the lane behind the {thing}", "[{adverb}]并入{thing}后面的车道"),
    ),
)
