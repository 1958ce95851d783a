"""yield_wait: stop before the crosswalk for a pedestrian, and stay there."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        ("[{adverb} ]stop for the {thing} and stay there", "[{adverb}]停下来让{thing}，停着别动"),
        (
            "wait for the {thing} and remain standing[ {tail}]",
            "等{thing}过去，并停在原地[，{tail}]",
        ),
        (
            "please [{adverb} ]stop before the crosswalk for the {thing} and wait",
            "请[{adverb}]在斑马线前为{thing}停车等候",
        ),
        (
            "let the {thing} cross and do not drive on[, {lead}]",
            "让{thing}过马路，之后也不要开[，{tail}]",
        ),
        (
            "could you [{adverb} ]stop for the {thing} and keep waiting?",
            "能为{thing}[{adverb}]停下并一直等着吗？",
        ),
        (
            "the {thing} crosses, we stay here[, {lead}]",
            "{thing}过马路，我们留在这里[，{tail}]",
        ),
        (
            "[{lead}, ]wait before the crosswalk even after the {thing}",
            "[{lead}，]{thing}过后也要在斑马线前等着",
        ),
        ("stop for the {thing}, no going on[, {tail}]", "为{thing}停车，不再前进[，{tail}]"),
        (
            "[{adverb} ]halt at the crosswalk, let the {thing} over, and stand",
            "[{adverb}]停在斑马线前，让{thing}通过，然后停着",
        ),
        (
            "we wait for the {thing} and go nowhere[, {lead}]",
            "我们等{thing}，哪儿也不去[，{tail}]",
        ),
        (
            "stand still while the {thing} crosses, and afterwards too[, {tail}]",
            "{thing}过马路时和过完之后都停着[，{tail}]",
        ),
        (
            "[{adverb} ]stop at the crosswalk until the {thing} is across, then wait on",
            "[{adverb}]停在人行横道前，等{thing}走完也接着等",
        ),
        (
            "can you stop for the {thing} and stay put[, {tail}]?",
            "可以为{thing}停车并原地不动吗[，{tail}]？",
        ),
        (
            "[{lead}, ]the {thing} passes and the car stays before the crosswalk",
            "[{lead}，]{thing}通过，车留在斑马线前",
        ),
        (
            "see the {thing}? [{adverb} ]stop and stay before the crosswalk",
            "看到{thing}了吗？[{adverb}]停车，别过斑马线",
        ),
        (
            "do not enter the crosswalk, not even after the {thing}[, {lead}]",
            "不要开上斑马线，{thing}走后也不要[，{tail}]",
        ),
        (
            "the car is to wait for the {thing} and to stay[, {lead}]",
            "车要等{thing}过去，并且留在原处[，{tail}]",
        ),
        (
            "yield to the {thing} and keep standing[ {tail}]",
            "礼让{thing}，然后继续停着[，{tail}]",
        ),
    ),
    held_out=(
        (
            "would you [{adverb} ]stop for the {thing} and not move again, please",
            "麻烦[{adverb}]停车让{thing}，之后不要再动",
        ),
        (
            "hold before the crosswalk once the {thing} has crossed[, {lead}]",
            "{thing}过完马路后仍停在斑马线前[，{tail}]",
        ),
        ("only wait for the {thing}, nothing more[, {tail}]", "只等{thing}，别的不用做[，{tail}]"),
        (
            "[{lead}, ]let the {thing} by and stay where you are",
            "[{lead}，]让{thing}过去，自己待在原地",
        ),
        (
            "how about waiting here for the {thing} and staying[, {tail}]?",
            "在这儿等{thing}，等久一点好吗[，{tail}]？",
        ),
        (
            "stay behind the crosswalk for the {thing}, before and after[ {tail}]",
            "{thing}过马路前后都不要过斑马线[，{tail}]",
        ),
    ),
)
