"""press: push a button down."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]press the {thing}", "[{adverb}]按下{thing}"),
        ("push the {thing} down[ {tail}]", "把{thing}按下去[，{tail}]"),
        ("please [{adverb} ]press the {thing} in", "请[{adverb}]把{thing}往里按"),
        ("could you [{adverb} ]push the {thing}?", "能[{adverb}]按一下{thing}吗？"),
        ("the {thing} has to be pressed[, {lead}]", "{thing}得按下去[，{tail}]"),
        ("[{lead}, ]hit the {thing}", "[{lead}，]按{thing}"),
        ("a push on the {thing}[, {tail}]", "{thing}，[{adverb}]按一下"),
        ("we need the {thing} pressed[ {tail}]", "我们需要[{adverb}]按下{thing}"),
        (
            "close the gripper and [{adverb} ]push down on the {thing}",
            "合上夹爪，[{adverb}]往下按{thing}",
        ),
        ("[{adverb} ]give the {thing} a press", "[{adverb}]给{thing}来一下"),
        ("make the {thing} go down[ {tail}]", "让{thing}陷下去[，{tail}]"),
        ("the one to press is the {thing}[, {lead}]", "要按的是{thing}[，{tail}]"),
        ("[{lead}, ]trigger the {thing}", "[{lead}，]触发{thing}"),
        (
            "with the fingertips, [{adverb} ]press down the {thing}",
            "用指尖[{adverb}]按住{thing}",
        ),
        (
            "find the {thing} and [{adverb} ]push it in",
            "找到{thing}，[{adverb}]把它按到底",
        ),
        ("can you press the {thing} for us[ {tail}]?", "可以帮我们按{thing}吗[，{tail}]？"),
        (
            "leave the others alone and press the {thing}[, {lead}]",
            "别碰别的，只按{thing}[，{tail}]",
        ),
        ("[{lead}, ]it is the {thing} that wants pushing", "[{lead}，]该按的是{thing}"),
    ),
    held_out=(
        ("would you [{adverb} ]press down on the {thing}, please", "麻烦[{adverb}]按一下{thing}"),
        ("put a finger on the {thing} and push[ {tail}]", "手指放到{thing}上往下压[，{tail}]"),
        ("see the {thing}? push it down[, {lead}]", "看到{thing}了吗？[{adverb}]把它按下"),
        ("[{lead}, ]the {thing} should be pressed now", "[{lead}，]现在该把{thing}按下去了"),
        ("[{adverb} ]operate the {thing}", "[{adverb}]操作{thing}"),
        ("we would like you to push the {thing}[ {tail}]", "我们希望你按下{thing}[，{tail}]"),
    ),
)
