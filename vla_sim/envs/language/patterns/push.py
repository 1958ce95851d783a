"""push: push a thing over the table into a region."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]push the {thing} to the {target}", "[{adverb}]把{thing}推到{target}"),
        ("slide the {thing} onto the {target}[ {tail}]", "让{thing}滑到{target}上[，{tail}]"),
        (
            "please [{adverb} ]shove the {thing} over to the {target}",
            "请[{adverb}]将{thing}推向{target}",
        ),
        (
            "get behind the {thing} and push it into the {target}[ {tail}]",
            "到{thing}后面去，[{adverb}]把它推进{target}",
        ),
        (
            "could you [{adverb} ]nudge the {thing} onto the {target}?",
            "能[{adverb}]把{thing}推到{target}上吗？",
        ),
        (
            "the {thing} has to slide to the {target}[, {lead}]",
            "{thing}要滑向{target}[，{tail}]",
        ),
        (
            "[{lead}, ]without lifting it, bring the {thing} to the {target}",
            "[{lead}，]不要拿起来，把{thing}推去{target}",
        ),
        ("the {thing}, pushed to the {target}[, {tail}]", "{thing}，推到{target}[，{tail}]"),
        (
            "we want the {thing} pushed onto the {target}[, {lead}]",
            "我们想要{thing}被推到{target}上[，{tail}]",
        ),
        (
            "keep the {thing} on the table and push it to the {target}[, {lead}]",
            "{thing}别离开桌面，推到{target}[，{tail}]",
        ),
        (
            "close the gripper and [{adverb} ]push the {thing} into the {target}",
            "合上夹爪，[{adverb}]把{thing}推入{target}",
        ),
        (
            "[{adverb} ]drive the {thing} across the table to the {target}",
            "[{adverb}]在桌上把{thing}推到{target}",
        ),
        (
            "can you slide the {thing} over the table to the {target}[, {lead}]?",
            "可以把{thing}沿桌面推到{target}吗[，{tail}]？",
        ),
        (
            "[{lead}, ]give the {thing} a push, up to the {target}",
            "[{lead}，]推一下{thing}，直到{target}",
        ),
        (
            "the {target} is where the {thing} should be pushed[, {lead}]",
            "{target}就是要把{thing}推去的地方[，{tail}]",
        ),
        (
            "touch the {thing} from behind and [{adverb} ]slide it to the {target}",
            "从后面抵住{thing}，[{adverb}]推到{target}去",
        ),
        (
            "push until the {thing} lies on the {target}[ {tail}]",
            "一直推，直到{thing}在{target}上[，{tail}]",
        ),
        (
            "i would like the {thing} [{adverb} ]pushed into the {target}",
            "我想[{adverb}]把{thing}推进{target}",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]push the {thing} over to the {target}, please",
            "麻烦[{adverb}]把{thing}往{target}推",
        ),
        (
            "see the {thing}? push it to the {target}[, {lead}]",
            "看到{thing}了吗？[{adverb}]把它推到{target}",
        ),
        (
            "the {thing} should glide into the {target}[, {lead}]",
            "{thing}应该滑进{target}[，{tail}]",
        ),
        (
            "[{lead}, ]move the {thing} to the {target} by pushing",
            "[{lead}，]用推的办法让{thing}到{target}",
        ),
        (
            "find the {thing} and [{adverb} ]push it up to the {target}",
            "找到{thing}，[{adverb}]推至{target}",
        ),
        (
            "do not grasp the {thing}, push it onto the {target}[ {tail}]",
            "别抓{thing}，推到{target}上[，{tail}]",
        ),
    ),
)
