"""lift: pick a thing up."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]pick up the {thing}", "[{adverb}]拿起{thing}"),
        ("lift the {thing} off the table[ {tail}]", "把{thing}从桌上拿起来[，{tail}]"),
        ("please [{adverb} ]raise the {thing}", "请[{adverb}]举起{thing}"),
        ("grab the {thing} and lift it[ {tail}]", "抓住{thing}，[{adverb}]把它提起来"),
        ("could you [{adverb} ]pick the {thing} up?", "能[{adverb}]把{thing}拿起来吗？"),
        ("the {thing} has to come off the table[, {lead}]", "{thing}要离开桌面[，{tail}]"),
        ("[{lead}, ]take the {thing} up into the air", "[{lead}，]把{thing}拿到空中"),
        ("up with the {thing}[, {tail}]", "{thing}，[{adverb}]拿起来"),
        ("we need the {thing} lifted[ {tail}]", "我们需要[{adverb}]把{thing}提起来"),
        (
            "close the gripper on the {thing} and [{adverb} ]raise it",
            "用夹爪夹住{thing}，再[{adverb}]抬起来",
        ),
        ("[{adverb} ]hoist the {thing}", "[{adverb}]提起{thing}"),
        ("get the {thing} up from the table[ {tail}]", "让{thing}离开桌子[，{tail}]"),
        ("can you [{adverb} ]take the {thing} off the table?", "可以[{adverb}]拿起{thing}吗？"),
        ("the one to pick up is the {thing}[, {lead}]", "要拿的是{thing}[，{tail}]"),
        (
            "find the {thing} and [{adverb} ]lift it up",
            "找到{thing}，[{adverb}]把它拿起来",
        ),
        (
            "leave the others and pick up the {thing}[, {lead}]",
            "别的不要动，只拿起{thing}[，{tail}]",
        ),
        ("i would like you to lift the {thing}[ {tail}]", "我想让你[{adverb}]提起{thing}"),
        (
            "[{lead}, ]get hold of the {thing} and raise it",
            "[{lead}，]抓起{thing}，把它举高",
        ),
    ),
    held_out=(
        ("would you [{adverb} ]lift up the {thing}, please", "麻烦[{adverb}]把{thing}拿起来"),
        ("take hold of the {thing} and bring it up[ {tail}]", "夹住{thing}往上提[，{tail}]"),
        ("see the {thing}? pick it up[ {tail}]", "看到{thing}了吗？[{adverb}]把它拿起来"),
        ("[{lead}, ]the {thing} goes up", "[{lead}，]把{thing}抬离桌面"),
        (
            "the {thing} should not stay on the table[, {lead}]",
            "别让{thing}留在桌上，把它拿起来[，{tail}]",
        ),
        ("[{adverb} ]hold the {thing} up high", "[{adverb}]把{thing}高高举起"),
    ),
)
