"""reach: bring the fingertips above a thing."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        (
            "[{adverb} ]move the gripper to just above the {thing}",
            "[{adverb}]把夹爪移到{thing}正上方",
        ),
        ("bring the fingertips over the {thing}[ {tail}]", "把指尖移到{thing}上方[，{tail}]"),
        (
            "please [{adverb} ]put the gripper above the {thing}",
            "请[{adverb}]将夹爪停到{thing}上方",
        ),
        ("hover over the {thing}[ {tail}]", "悬停在{thing}上面[，{tail}]"),
        (
            "could you [{adverb} ]move your hand over the {thing}?",
            "能[{adverb}]把手移到{thing}上面吗？",
        ),
        (
            "the gripper should end up just above the {thing}[, {lead}]",
            "夹爪最后要停在{thing}正上方[，{tail}]",
        ),
        (
            "[{lead}, ]take the fingertips to a point right above the {thing}",
            "[{lead}，]让指尖来到{thing}的正上方",
        ),
        ("above the {thing}[, {tail}]", "到{thing}上方[，{tail}]"),
        (
            "we need the gripper directly above the {thing}[, {lead}]",
            "我们需要夹爪处在{thing}正上方[，{tail}]",
        ),
        (
            "find the {thing} and [{adverb} ]stop right over it",
            "找到{thing}，[{adverb}]移过去停在它上方",
        ),
        ("over to the {thing}[, {tail}]", "移到{thing}那儿[，{tail}]"),
        (
            "[{adverb} ]reach for the {thing} without touching it",
            "[{adverb}]伸向{thing}，但不要碰到它",
        ),
        (
            "can you [{adverb} ]point the gripper down at the {thing}?",
            "可以让夹爪[{adverb}]移到{thing}上方，对准它吗？",
        ),
        (
            "the {thing} is where the hand should go[, {lead}]",
            "手要去的地方是{thing}上方[，{tail}]",
        ),
        (
            "[{lead}, ]line the gripper up over the {thing}",
            "[{lead}，]将夹爪对准{thing}上方",
        ),
        (
            "get the hand close to the {thing}, just above it[ {tail}]",
            "让手靠近{thing}，停在它正上方[，{tail}]",
        ),
        (
            "i would like the fingertips [{adverb} ]brought above the {thing}",
            "我想让指尖[{adverb}]移到{thing}上方",
        ),
        (
            "go and wait over the {thing}[, {lead}]",
            "去{thing}上方等着[，{tail}]",
        ),
    ),
    held_out=(
        ("let the gripper hover above the {thing}[ {tail}]", "让夹爪悬停在{thing}上方[，{tail}]"),
        (
            "would you [{adverb} ]bring the gripper to the {thing}, please",
            "麻烦[{adverb}]把夹爪移到{thing}那里",
        ),
        (
            "see the {thing}? put your hand over it[, {lead}]",
            "看到{thing}了吗？[{adverb}]把手移到它上面",
        ),
        ("[{lead}, ]the fingertips go right above the {thing}", "[{lead}，]指尖要到{thing}正上方"),
        (
            "your hand belongs over the {thing}[, {lead}]",
            "手应该放到{thing}的上方[，{tail}]",
        ),
        (
            "[{adverb} ]approach the {thing} from above and stay there",
            "从上面[{adverb}]接近{thing}，停在那里",
        ),
    ),
)
