"""stop_at: stop just before a line across the road."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]stop at the {thing}", "[{adverb}]停在{thing}前"),
        ("come to a stop before the {thing}[ {tail}]", "在{thing}前停下来[，{tail}]"),
        ("please [{adverb} ]pull up at the {thing}", "请[{adverb}]在{thing}前停车"),
        ("stop short of the {thing}[, {lead}]", "不要压到{thing}，停在它前面[，{tail}]"),
        ("could you [{adverb} ]stop before the {thing}?", "能[{adverb}]停到{thing}前面吗？"),
        ("the {thing} is where to stop[, {lead}]", "停车的地方是{thing}[，{tail}]"),
        ("[{lead}, ]halt at the {thing}", "[{lead}，]到{thing}处停住"),
        ("to the {thing} and no further[, {tail}]", "开到{thing}为止[，{tail}]"),
        (
            "drive up to the {thing} and [{adverb} ]stop there",
            "开到{thing}跟前，[{adverb}]停下",
        ),
        ("do not cross the {thing}[, {lead}]", "不要越过{thing}[，{tail}]"),
        (
            "[{adverb} ]bring the car to rest before the {thing}",
            "[{adverb}]把车停在{thing}之前",
        ),
        ("stop with the bumper at the {thing}[, {tail}]", "让车头停在{thing}前[，{tail}]"),
        ("[{lead}, ]wait at the {thing}", "[{lead}，]在{thing}那儿停车等着"),
        ("can we stop at the {thing}[, {tail}]?", "我们可以停在{thing}前吗[，{tail}]？"),
        (
            "see the {thing}? [{adverb} ]stop right before it",
            "看到{thing}了吗？[{adverb}]停在它前面",
        ),
        ("our stop is the {thing}[, {lead}]", "我们要停的是{thing}[，{tail}]"),
        ("before the {thing} the car has to stand[, {tail}]", "车要在{thing}前停稳[，{tail}]"),
        (
            "when you get to the {thing}, [{adverb} ]come to a halt",
            "到了{thing}，就[{adverb}]停住",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]stop the car at the {thing}, please",
            "麻烦[{adverb}]把车停到{thing}前",
        ),
        ("end the drive just before the {thing}[, {lead}]", "开到{thing}前就别再走了[，{tail}]"),
        ("the car must not pass the {thing}[, {lead}]", "车不能开过{thing}[，{tail}]"),
        ("[{lead}, ]pull up just before the {thing}", "[{lead}，]靠近{thing}停下"),
        (
            "how about stopping at the {thing}[, {tail}]?",
            "在{thing}前停一下好吗[，{tail}]？",
        ),
        ("stop as you reach the {thing}[ {tail}]", "快到{thing}时停车[，{tail}]"),
    ),
)
