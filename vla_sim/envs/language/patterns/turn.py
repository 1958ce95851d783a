"""turn: leave a crossing to a side."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]go {side} at the crossing", "在路口[{adverb}]往{side}走"),
        ("at the junction, head {side}[ {tail}]", "到了路口往{side}开[，{tail}]"),
        ("please [{adverb} ]drive {side} at the intersection", "请在路口[{adverb}]向{side}行驶"),
        ("could you [{adverb} ]take us {side} here?", "能[{adverb}]从这里往{side}走吗？"),
        ("our way goes {side}[, {lead}]", "我们要往{side}走[，{tail}]"),
        ("[{lead}, ]go {side} when you reach the crossing", "[{lead}，]开到路口时往{side}去"),
        (
            "drive up to the crossing and [{adverb} ]leave it {side}",
            "开到十字路口，[{adverb}]从{side}边出去",
        ),
        ("{side} at the crossing[, {tail}]", "路口往{side}[，{tail}]"),
        ("we have to go {side} at the next junction[, {lead}]", "下个路口要往{side}[，{tail}]"),
        ("[{adverb} ]steer the car {side} at the junction", "在路口[{adverb}]把车开向{side}边"),
        ("the road that we want leads {side}[, {lead}]", "我们要走的是{side}边那条路[，{tail}]"),
        ("head {side} at the corner[ {tail}]", "到路口朝{side}开[，{tail}]"),
        ("[{lead}, ]the car should go {side} from here", "[{lead}，]车要从这里往{side}开"),
        (
            "once you are at the intersection, [{adverb} ]drive {side}",
            "一到路口就[{adverb}]向{side}开",
        ),
        ("our way out of here is {side}[, {lead}]", "我们该从{side}边离开[，{tail}]"),
        ("cross the stop line and [{adverb} ]head {side}", "过了停止线[{adverb}]朝{side}走"),
        ("this time it is {side}[, {tail}]", "这次走{side}边[，{tail}]"),
        (
            "can we [{adverb} ]go {side} at this junction?",
            "这个路口可以[{adverb}]往{side}走吗？",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]go {side} at the intersection, please",
            "麻烦在路口[{adverb}]往{side}开",
        ),
        ("leave the crossing {side}[ {tail}]", "从路口{side}边出去[，{tail}]"),
        ("see the junction? head {side} there[, {lead}]", "看到路口了吗？[{adverb}]往{side}去"),
        ("[{lead}, ]from the crossing we go {side}", "[{lead}，]过路口我们往{side}走"),
        ("the next crossing is where we go {side}[, {lead}]", "就在前面的路口往{side}[，{tail}]"),
        ("[{adverb} ]take the road that goes {side}", "[{adverb}]开上{side}边那条路"),
    ),
)
