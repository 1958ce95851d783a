"""open_drawer: pull a drawer out."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]open the {thing}", "[{adverb}]打开{thing}"),
        ("pull the {thing} open[ {tail}]", "把{thing}拉开[，{tail}]"),
        ("please [{adverb} ]pull out the {thing}", "请[{adverb}]拉出{thing}"),
        ("could you [{adverb} ]open up the {thing}?", "能[{adverb}]把{thing}打开吗？"),
        ("the {thing} should be open[, {lead}]", "{thing}应该是开着的[，{tail}]"),
        ("[{lead}, ]slide the {thing} out", "[{lead}，]把{thing}往外拉"),
        ("{thing} out, please[, {tail}]", "{thing}，[{adverb}]拉出来"),
        ("we need the {thing} opened[ {tail}]", "我们需要[{adverb}]打开{thing}"),
        (
            "take the handle of the {thing} and [{adverb} ]pull",
            "抓住{thing}的把手，[{adverb}]往外拉",
        ),
        ("[{adverb} ]draw the {thing} out of the cabinet", "[{adverb}]把{thing}从柜子里拉出来"),
        ("get the {thing} open[ {tail}]", "让{thing}打开[，{tail}]"),
        ("the one to open is the {thing}[, {lead}]", "要打开的是{thing}[，{tail}]"),
        ("[{lead}, ]bring the {thing} all the way out", "[{lead}，]把{thing}整个拉出来"),
        (
            "hook the handle of the {thing} and [{adverb} ]open it",
            "勾住{thing}的把手，[{adverb}]拉开它",
        ),
        ("find the {thing} and [{adverb} ]pull it out", "找到{thing}，[{adverb}]把它拉出来"),
        ("can you open the {thing} for us[ {tail}]?", "可以帮我们打开{thing}吗[，{tail}]？"),
        (
            "leave the others shut and open the {thing}[, {lead}]",
            "别的不要动，只打开{thing}[，{tail}]",
        ),
        ("[{lead}, ]we want to look into the {thing}", "[{lead}，]我们想看看{thing}里面"),
    ),
    held_out=(
        ("would you [{adverb} ]open the {thing}, please", "麻烦[{adverb}]打开一下{thing}"),
        ("pull on the {thing} until it is open[ {tail}]", "拉{thing}，直到拉开为止[，{tail}]"),
        ("see the {thing}? open it[, {lead}]", "看到{thing}了吗？[{adverb}]把它拉开"),
        ("[{lead}, ]the {thing} comes out now", "[{lead}，]现在把{thing}拉出来"),
        ("[{adverb} ]slide open the {thing}", "[{adverb}]拉开{thing}"),
        ("we would like the {thing} to be open[, {lead}]", "我们希望{thing}是打开的[，{tail}]"),
    ),
)
