"""keep_distance: drive behind a vehicle, close or far."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]stay {way} behind the {thing}", "[{adverb}]跟在{thing}后面，距离要{way}"),
        (
            "follow the {thing} at a {way} distance[ {tail}]",
            "以{way}距离跟着{thing}[，{tail}]",
        ),
        (
            "please [{adverb} ]keep a {way} distance to the {thing}",
            "请[{adverb}]与{thing}保持{way}距离",
        ),
        ("drive {way} behind the {thing}[, {lead}]", "在{thing}后面{way}距离行驶[，{tail}]"),
        (
            "could you [{adverb} ]follow the {thing} from {way} behind?",
            "能[{adverb}]和{thing}保持{way}距离吗？",
        ),
        (
            "the gap to the {thing} should be a {way} one[, {lead}]",
            "跟{thing}的车距要{way}[，{tail}]",
        ),
        (
            "[{lead}, ]keep {way} behind the {thing}",
            "[{lead}，]{way}距离跟随{thing}",
        ),
        ("{way} behind the {thing}[, {tail}]", "{thing}后方{way}处跟车[，{tail}]"),
        (
            "get behind the {thing} and [{adverb} ]follow it, {way}",
            "开到{thing}后面，[{adverb}]{way}距离跟上",
        ),
        (
            "we follow the {thing} and stay {way}[, {lead}]",
            "我们跟着{thing}，离它{way}些[，{tail}]",
        ),
        (
            "let the {thing} lead and leave a {way} gap[, {tail}]",
            "让{thing}带路，车距留{way}一些[，{tail}]",
        ),
        (
            "[{adverb} ]move behind the {thing} and hold a {way} gap",
            "[{adverb}]移到{thing}后面，车距保持得{way}一些",
        ),
        (
            "can we stay {way} behind the {thing}[, {tail}]?",
            "我们可以{way}距离跟在{thing}后面吗[，{tail}]？",
        ),
        (
            "[{lead}, ]the {thing} is to be followed with a {way} gap",
            "[{lead}，]要用{way}车距跟{thing}",
        ),
        (
            "see the {thing}? [{adverb} ]follow it at a {way} gap",
            "看到{thing}了吗？[{adverb}]用{way}车距跟住它",
        ),
        (
            "in the lane of the {thing}, {way} behind[, {lead}]",
            "走{thing}的车道，跟得{way}一些[，{tail}]",
        ),
        (
            "match the speed of the {thing}, {way} behind it[, {tail}]",
            "和{thing}同速，跟在后面{way}处[，{tail}]",
        ),
        (
            "behind the {thing} [{adverb} ]hold a {way} distance",
            "在{thing}后面[{adverb}]保持{way}距离",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]drive {way} behind the {thing}, please",
            "麻烦[{adverb}]开在{thing}后面{way}处",
        ),
        (
            "with a {way} gap, follow the {thing}[, {lead}]",
            "用{way}车距跟着{thing}[，{tail}]",
        ),
        ("tail the {thing} and stay {way}[ {tail}]", "尾随{thing}，保持{way}距离[，{tail}]"),
        (
            "[{lead}, ]your place is {way} behind the {thing}",
            "[{lead}，]你的位置在{thing}后面{way}处",
        ),
        (
            "is a {way} distance to the {thing} possible[, {tail}]?",
            "跟{thing}的距离可以{way}一些吗[，{tail}]？",
        ),
        (
            "whatever the {thing} does, stay {way} behind[, {lead}]",
            "不管{thing}快慢，都{way}距离跟着[，{tail}]",
        ),
    ),
)
