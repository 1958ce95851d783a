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
        ("can you [{adverb} ]get us to the {thing}?", "可以[{adverb}]送我们到{thing}吗？"),
        (
            "go around the obstacles and park on the {thing}[, {lead}]",
            "绕开障碍物，停到{thing}上[，{tail}]",
        ),
        ("the {thing} is where we get out[, {lead}]", "我们在{thing}下车[，{tail}]"),
        ("[{lead}, ]set course for the {thing}", "[{lead}，]朝着{thing}出发"),
        (
            "i would like to be [{adverb} ]driven to the {thing}",
            "我想坐车[{adverb}]到{thing}去",
        ),
        (
            "steer for the {thing} and [{adverb} ]pull up on it",
            "对着{thing}开，[{adverb}]停在上面",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]drive the car to the {thing}, please",
            "麻烦[{adverb}]开到{thing}那里",
        ),
        ("stop the car on the {thing}[ {tail}]", "在{thing}上停车[，{tail}]"),
        ("see the {thing}? halt on it[, {lead}]", "看到{thing}了吗？[{adverb}]开到那里停车"),
        ("[{lead}, ]make your way to the {thing}", "[{lead}，]往{thing}那边开，到了停下"),
        ("leave the car standing on the {thing}[, {lead}]", "把车留在{thing}上[，{tail}]"),
        ("[{adverb} ]roll up to the {thing} and halt", "[{adverb}]驶向{thing}，到那里停住"),
    ),
)
