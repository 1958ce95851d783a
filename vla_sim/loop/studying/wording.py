"""Wording: numbers and verdicts of a study as people read them, in both languages."""

from collections.abc import Mapping

from vla_sim.loop.studying.comparison import Comparison, Spread, Verdict
from vla_sim.loop.studying.measures import Measure
from vla_sim.loop.studying.summary import ArmSummary
from vla_sim.records.instruction import Language
from vla_sim.records.reports import Estimate

NOTHING = "–"
VERDICTS: Mapping[Language, Mapping[Verdict, str]] = {
    "en": {
        "helps": "helps",
        "hurts": "hurts",
        "not shown to differ": "not shown to differ",
    },
    "zh": {"helps": "有益", "hurts": "有害", "not shown to differ": "未见差别"},
}


def number(value: float | None, measure: Measure, *, digits: int = 1) -> str:
    """A value of a measure: percent without its sign, or minutes."""
    if value is None:
        return NOTHING
    shown = 100.0 * value if measure.unit == "%" else value
    return f"{round(shown, digits) + 0.0:.{digits}f}".replace("-", "−")


def signed(value: float) -> str:
    """A difference of fractions in percentage points."""
    text = f"{100.0 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def bounds(estimate: Estimate | None) -> str:
    """The interval of a difference of fractions, in percentage points."""
    return NOTHING if estimate is None else f"[{signed(estimate.low)}, {signed(estimate.high)}]"


def over_seeds(spread: Spread | None, measure: Measure) -> str:
    """Mean and standard deviation over seeds."""
    if spread is None:
        return NOTHING
    sd = "" if spread.sd is None else f" ± {number(spread.sd, measure)}"
    return f"{number(spread.mean, measure)}{sd}"


def sentence(
    arm: ArmSummary,
    mine: Spread | None,
    base: Spread | None,
    made: Comparison | None,
    measure: Measure,
    language: Language,
) -> str:
    """What may be said of an arm, in one sentence.

    Args:
        arm: The arm.
        mine: Its success over seeds.
        base: That of the arm that it is compared with.
        made: The comparison of the two; None where they share no seed.
        measure: Success.
        language: Of the sentence.
    """
    about = arm.arm.en if language == "en" else arm.arm.zh
    if made is None or mine is None or base is None:
        return {
            "en": f"**{arm.name}** ({about}): not measured yet.",
            "zh": f"**{arm.name}**（{about}）：尚未测量。",
        }[language]
    # Over the seeds that both have, so that the difference is that of the two.
    n = len(made.by_seed)
    one, two = (
        number(sum(spread.by_seed[seed] for seed in made.by_seed) / n, measure)
        for spread in (mine, base)
    )
    if language == "en":
        said = f"**{arm.name}** ({about}): success {one} % against {two} %"
        said += f", {signed(made.mean)} points"
        said += f" {bounds(made.seeds)} over {n} seeds" if made.seeds else " from a single seed"
        if made.episodes is not None:
            said += f", {bounds(made.episodes)} over {made.episodes.n} pairs of episodes"
    else:
        said = f"**{arm.name}**（{about}）：成功率 {one} %，基准 {two} %"
        said += f"，相差 {signed(made.mean)} 个百分点"
        said += f"，按 {n} 个种子 {bounds(made.seeds)}" if made.seeds else "，只有一个种子"
        if made.episodes is not None:
            said += f"，按 {made.episodes.n} 对回合 {bounds(made.episodes)}"
    colon, stop = (": ", ".") if language == "en" else ("：", "。")
    return f"{said}{colon}**{VERDICTS[language][made.verdict]}**{_beside(made, language)}{stop}"


def _beside(made: Comparison, language: Language) -> str:
    """What belongs to a verdict: whether it survives, or what was seen of these models alone."""
    if made.verdict != "not shown to differ":
        if made.survives:
            return {
                "en": ", also with the number of arms paid for",
                "zh": "，计入比较次数后仍然成立",
            }[language]
        return {
            "en": ", unless it is one of those that chance alone would show",
            "zh": "，但也可能只是多次比较中的偶然",
        }[language]
    if made.only_these_models:
        return {
            "en": "; these very models do differ, but so few seeds do not say that others would",
            "zh": "；就这几个模型而言确有差别，但种子太少，不能推断其他训练也会如此",
        }[language]
    return ""
