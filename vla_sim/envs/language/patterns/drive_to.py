"""drive_to: stop the car on a pad."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]drive to the {thing} and stop there", "[{adverb}]开到{thing}停下"),
        ("park on the {thing}[ {tail}]", "把车停在{thing}上[，{tail}]"),
        ("please [{adverb} ]drive onto the {thing} and stop", "请[{adverb}]开上{thing}并停车"),
        ("your destination is the {thing}[, {lead}]", "目的地是{thing}[，{tail}]"),
        ("could you [{adverb} ]take the car to the {thing}?", "能[{adverb}]把车开到{thing}吗？"),
        (
            "head for the {thing} and come to a halt on it[, {lead}]",
            "朝{thing}开，到了就停[，{tail}]",
        ),
        ("[{lead}, ]go to the {thing} and stop", "[{lead}，]去{thing}，然后停下"),
        ("to the {thing}[, {tail}]", "去{thing}[，{tail}]"),
        ("we want to be on the {thing}[, {lead}]", "我们要到{thing}那里[，{tail}]"),
        ("[{adverb} ]bring the car to a stop on the {thing}", "[{adverb}]让车停到{thing}上"),
        ("find the {thing} and [{adverb} ]drive there", "找到{thing}，[{adverb}]开过去停好"),
        ("the car should end up on the {thing}[, {lead}]", "车最后要停在{thing}上[，{tail}]"),
    ),
    held_out=(
        (
            "would you [{adverb} ]drive the car to the {thing}, please",
            "麻烦[{adverb}]开到{thing}那里",
        ),
        ("stop the car on the {thing}[ {tail}]", "在{thing}上停车[，{tail}]"),
        ("see the {thing}? park there[, {lead}]", "看到{thing}了吗？[{adverb}]开到那里停车"),
        ("[{lead}, ]make your way to the {thing}", "[{lead}，]往{thing}那边开，到了停下"),
    ),
)
