"""keep_lane: drive along the road in a lane that is named by its side."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]follow the {side} lane", "[{adverb}]沿着{side}车道开"),
        ("keep to the {side} lane[ {tail}]", "保持在{side}车道[，{tail}]"),
        (
            "please [{adverb} ]drive along in the {side} lane",
            "请[{adverb}]在{side}车道里一直开",
        ),
        ("stay in the {side} lane all the way[, {lead}]", "全程走{side}车道[，{tail}]"),
        (
            "could you [{adverb} ]drive on in the {side} lane?",
            "能[{adverb}]沿{side}车道往前开吗？",
        ),
        ("the {side} lane is ours to the end[, {lead}]", "到终点都走{side}车道[，{tail}]"),
        ("[{lead}, ]hold the {side} lane around the bends", "[{lead}，]过弯时守住{side}车道"),
        ("all along the {side} lane[, {tail}]", "一路{side}车道[，{tail}]"),
        (
            "[{adverb} ]take the bends in the {side} lane",
            "[{adverb}]在{side}车道里过弯",
        ),
        (
            "do not leave the {side} lane[, {lead}]",
            "不要离开{side}车道[，{tail}]",
        ),
        (
            "we go around the bends in the {side} lane[, {tail}]",
            "我们走{side}车道过弯道[，{tail}]",
        ),
        (
            "[{lead}, ]your lane is the {side} one until the finish",
            "[{lead}，]到终点线为止你的车道是{side}车道",
        ),
        (
            "can you stay within the {side} lane[, {tail}]?",
            "你能一直留在{side}车道里吗[，{tail}]？",
        ),
        (
            "find the {side} lane and [{adverb} ]follow it to the finish",
            "找到{side}车道，[{adverb}]沿它开到终点",
        ),
        ("cross the finish in the {side} lane[ {tail}]", "从{side}车道冲过终点[，{tail}]"),
        ("[{lead}, ]keep between the lines of the {side} lane", "[{lead}，]保持在{side}车道线内"),
        (
            "we would like to keep the {side} lane[, {lead}]",
            "希望我们保持{side}车道行驶[，{tail}]",
        ),
        (
            "[{adverb} ]stick to the {side} lane through the curves",
            "[{adverb}]沿{side}车道通过弯道",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]keep us in the {side} lane, please",
            "麻烦[{adverb}]一直走{side}车道",
        ),
        ("remain in the {side} lane[, {lead}]", "始终待在{side}车道[，{tail}]"),
        (
            "the whole road in the {side} lane[, {tail}]",
            "整条路都走{side}车道[，{tail}]",
        ),
        ("[{lead}, ]let the {side} lane guide you", "[{lead}，]跟着{side}车道走"),
        (
            "wherever the road turns, [{adverb} ]keep to its {side} lane",
            "不管路怎么拐，都[{adverb}]走{side}车道",
        ),
        (
            "is it possible to finish in the {side} lane[, {tail}]?",
            "可以走{side}车道到终点吗[，{tail}]？",
        ),
    ),
)
