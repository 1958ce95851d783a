"""turn_knob: turn a knob one way or the other, as seen from above."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]turn the {thing} {way}", "[{adverb}]把{thing}{way}转"),
        ("rotate the {thing} {way}[, {tail}]", "让{thing}{way}旋转[，{tail}]"),
        ("please [{adverb} ]twist the {thing} {way}", "请[{adverb}]将{thing}{way}拧"),
        ("could you [{adverb} ]turn the {thing} {way}?", "能[{adverb}]把{thing}{way}转一下吗？"),
        ("the {thing} has to go {way}[, {lead}]", "{thing}要{way}转[，{tail}]"),
        ("[{lead}, ]spin the {thing} {way}", "[{lead}，]{way}拧{thing}"),
        ("the {thing}, {way}[, {tail}]", "{thing}，{way}转[，{tail}]"),
        ("we need the {thing} turned {way}[, {lead}]", "我们需要把{thing}{way}转动[，{tail}]"),
        (
            "grip the {thing} and [{adverb} ]turn it {way}",
            "夹住{thing}，[{adverb}]{way}转过去",
        ),
        ("[{adverb} ]give the {thing} a twist {way}", "[{adverb}]给{thing}{way}拧一把"),
        ("make the {thing} point further {way}[, {tail}]", "让{thing}的指针{way}偏[，{tail}]"),
        ("the one to turn {way} is the {thing}[, {lead}]", "要{way}转的是{thing}[，{tail}]"),
        ("[{lead}, ]set the {thing} further {way}", "[{lead}，]把{thing}{way}调"),
        (
            "seen from above, [{adverb} ]turn the {thing} {way}",
            "从上面看，[{adverb}]把{thing}{way}转动",
        ),
        ("find the {thing} and [{adverb} ]rotate it {way}", "找到{thing}，[{adverb}]把它{way}转"),
        (
            "can you twist the {thing} {way} for us[, {lead}]?",
            "可以帮我们把{thing}{way}拧一下吗[，{tail}]？",
        ),
        (
            "leave the other one alone and turn the {thing} {way}[, {lead}]",
            "另一个别动，只把{thing}{way}转[，{tail}]",
        ),
        ("[{lead}, ]it is {way} that the {thing} should turn", "[{lead}，]{thing}该{way}转"),
    ),
    held_out=(
        (
            "would you [{adverb} ]rotate the {thing} {way}, please",
            "麻烦[{adverb}]把{thing}{way}转一转",
        ),
        ("take the {thing} and turn it {way}[, {tail}]", "握住{thing}，{way}转动它[，{tail}]"),
        (
            "see the {thing}? turn it {way}[, {lead}]",
            "看到{thing}了吗？[{adverb}]把它{way}拧",
        ),
        ("[{lead}, ]the {thing} turns {way} now", "[{lead}，]现在把{thing}{way}转"),
        ("[{adverb} ]adjust the {thing} {way}", "[{adverb}]{way}调节{thing}"),
        (
            "we would like the {thing} to be turned {way}[, {lead}]",
            "我们希望{thing}{way}转一些[，{tail}]",
        ),
    ),
)
