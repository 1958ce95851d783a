"""park: drive into a bay and stop there."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]park in the {thing}", "[{adverb}]停进{thing}"),
        ("drive into the {thing} and stop[ {tail}]", "开进{thing}停下来[，{tail}]"),
        ("please [{adverb} ]pull into the {thing}", "请[{adverb}]驶入{thing}"),
        ("could you [{adverb} ]park the car in the {thing}?", "能[{adverb}]把车停到{thing}里吗？"),
        ("the car belongs in the {thing}[, {lead}]", "车要停在{thing}里[，{tail}]"),
        ("[{lead}, ]take the {thing} and park there", "[{lead}，]就用{thing}停车"),
        ("nose first into the {thing}[, {tail}]", "车头朝里停入{thing}[，{tail}]"),
        ("find the {thing} and [{adverb} ]drive into it", "找到{thing}，[{adverb}]开进去"),
        ("we are going to park in the {thing}[, {lead}]", "我们要停在{thing}[，{tail}]"),
        ("[{adverb} ]bring the car to rest in the {thing}", "[{adverb}]让车在{thing}里停稳"),
        ("use the {thing} for the car[, {lead}]", "车就停{thing}吧[，{tail}]"),
        ("the {thing} is ours, park there[ {tail}]", "{thing}是我们的，[{adverb}]停进去"),
        ("can you [{adverb} ]get us into the {thing}?", "可以[{adverb}]带我们停进{thing}吗？"),
        ("into the {thing}, and stop there[, {lead}]", "进{thing}，然后停下[，{tail}]"),
        ("[{lead}, ]leave the car in the {thing}", "[{lead}，]把车留在{thing}里"),
        (
            "steer between the lines of the {thing} and [{adverb} ]stop",
            "对准{thing}的线，[{adverb}]停好",
        ),
        ("we need the car parked in the {thing}[ {tail}]", "我们需要把车停放在{thing}[，{tail}]"),
        ("please put the car in the {thing}[, {tail}]", "请把车停进{thing}[，{tail}]"),
    ),
    held_out=(
        ("would you [{adverb} ]park in the {thing}, please", "麻烦[{adverb}]停到{thing}里"),
        ("stop the car inside the {thing}[ {tail}]", "在{thing}里把车停住[，{tail}]"),
        ("see the {thing}? park there[, {lead}]", "看到{thing}了吗？[{adverb}]停到那里"),
        ("[{lead}, ]the car goes into the {thing}", "[{lead}，]车往{thing}里开"),
        ("the place to park is the {thing}[, {lead}]", "要停进去的是{thing}[，{tail}]"),
        ("[{adverb} ]drive up and stop in the {thing}", "[{adverb}]开过去停在{thing}里"),
    ),
)
