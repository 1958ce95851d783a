"""yield_go: let a pedestrian cross, then drive on past the crosswalk."""

from vla_sim.envs.language.patterns.pattern import Patterns

PATTERNS = Patterns(
    seen=(
        (
            "let the {thing} cross, then [{adverb} ]drive on",
            "让{thing}先过马路，然后[{adverb}]继续开",
        ),
        (
            "give way to the {thing} and then move on[ {tail}]",
            "先礼让{thing}，再往前开[，{tail}]",
        ),
        (
            "please [{adverb} ]drive over the crosswalk after the {thing}",
            "请等{thing}过完再[{adverb}]开过斑马线",
        ),
        ("first the {thing}, then us[, {lead}]", "{thing}先走，我们后走[，{tail}]"),
        (
            "could you [{adverb} ]go on once the {thing} is across?",
            "等{thing}过去后能[{adverb}]继续走吗？",
        ),
        (
            "the {thing} crosses first, after that we pass[, {lead}]",
            "{thing}先过，之后我们通过[，{tail}]",
        ),
        (
            "[{lead}, ]yield to the {thing} and go on",
            "[{lead}，]给{thing}让路，然后接着走",
        ),
        ("after the {thing}, straight on[, {tail}]", "{thing}过后就直行[，{tail}]"),
        (
            "as soon as the {thing} has crossed, [{adverb} ]drive past the crosswalk",
            "{thing}一过马路，就[{adverb}]驶过斑马线",
        ),
        (
            "we drive on when the {thing} has left the road[, {lead}]",
            "{thing}离开马路后我们再走[，{tail}]",
        ),
        (
            "[{adverb} ]pass behind the {thing} and continue",
            "[{adverb}]从{thing}身后开过去，继续前行",
        ),
        (
            "do not drive on until the {thing} is across[, {lead}]",
            "{thing}没过完马路之前不要往前开[，{tail}]",
        ),
        (
            "can you cross the crosswalk right after the {thing}[, {tail}]?",
            "可以紧接着{thing}通过斑马线吗[，{tail}]？",
        ),
        (
            "[{lead}, ]pass the crosswalk after the {thing}",
            "[{lead}，]在{thing}之后通过斑马线",
        ),
        (
            "the {thing} has the right of way, then [{adverb} ]go ahead",
            "{thing}优先，之后[{adverb}]前进",
        ),
        (
            "let the {thing} over the road before you go on[ {tail}]",
            "先让{thing}过马路再往前开[，{tail}]",
        ),
        (
            "see the {thing}? [{adverb} ]go on when the way is clear",
            "看到{thing}了吗？等路空了再[{adverb}]往前走",
        ),
        (
            "leave the crosswalk to the {thing}, then keep going[, {tail}]",
            "斑马线先留给{thing}，随后继续行驶[，{tail}]",
        ),
    ),
    held_out=(
        (
            "would you let the {thing} cross and then [{adverb} ]carry on, please",
            "麻烦先让{thing}通过，然后[{adverb}]开走",
        ),
        ("our turn comes after the {thing}[, {lead}]", "{thing}过完就轮到我们走[，{tail}]"),
        ("go once the {thing} is gone[ {tail}]", "{thing}走了就出发[，{tail}]"),
        (
            "[{lead}, ]the {thing} goes over the crosswalk first and we follow",
            "[{lead}，]斑马线上{thing}先行，我们随后",
        ),
        (
            "[{adverb} ]get past the crosswalk when the {thing} is off the road",
            "等{thing}下了马路，[{adverb}]开过人行横道",
        ),
        (
            "why not drive on after the {thing} has crossed[, {tail}]?",
            "{thing}过了马路之后我们接着开好吗[，{tail}]？",
        ),
    ),
)
