"""close_drawer: push a drawer in."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]close the {thing}", "[{adverb}]关上{thing}"),
        ("push the {thing} shut[ {tail}]", "把{thing}推上[，{tail}]"),
        ("please [{adverb} ]shut the {thing}", "请[{adverb}]关好{thing}"),
        ("could you [{adverb} ]close up the {thing}?", "能[{adverb}]把{thing}关上吗？"),
        ("the {thing} should be closed[, {lead}]", "{thing}应该是关着的[，{tail}]"),
        ("[{lead}, ]slide the {thing} in", "[{lead}，]把{thing}往里推"),
        ("{thing} shut, please[, {tail}]", "{thing}，[{adverb}]关起来"),
        ("we need the {thing} closed[ {tail}]", "我们需要[{adverb}]关上{thing}"),
        (
            "go to the front of the {thing} and [{adverb} ]push",
            "到{thing}前面，[{adverb}]往里推",
        ),
        (
            "[{adverb} ]push the {thing} back into the cabinet",
            "[{adverb}]把{thing}推回柜子里",
        ),
        ("get the {thing} shut[ {tail}]", "让{thing}关上[，{tail}]"),
        ("the one to close is the {thing}[, {lead}]", "要关的是{thing}[，{tail}]"),
        ("[{lead}, ]bring the {thing} all the way in", "[{lead}，]把{thing}推到底"),
        (
            "lean on the handle of the {thing} and [{adverb} ]close it",
            "顶住{thing}的把手，[{adverb}]推上它",
        ),
        ("find the {thing} and [{adverb} ]push it in again", "找到{thing}，[{adverb}]把它推回去"),
        ("can you close the {thing} for us[ {tail}]?", "可以帮我们关上{thing}吗[，{tail}]？"),
        (
            "leave the others open and close the {thing}[, {lead}]",
            "别的不要动，只关{thing}[，{tail}]",
        ),
        ("[{lead}, ]the {thing} must not stay open", "[{lead}，]别让{thing}开着"),
    ),
    held_out=(
        ("would you [{adverb} ]close the {thing}, please", "麻烦[{adverb}]关一下{thing}"),
        ("push on the {thing} until it is closed[ {tail}]", "推{thing}，直到关严为止[，{tail}]"),
        ("see the {thing}? close it[, {lead}]", "看到{thing}了吗？[{adverb}]把它关上"),
        ("[{lead}, ]the {thing} goes back in now", "[{lead}，]现在把{thing}推回去"),
        ("[{adverb} ]slide the {thing} shut", "[{adverb}]推上{thing}"),
        ("we would like the {thing} to be closed[, {lead}]", "我们希望{thing}是关上的[，{tail}]"),
    ),
)
