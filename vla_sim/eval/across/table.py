"""All numbers that take several episodes, by name."""

from vla_sim.eval.across.expert_distance import expert_ade, expert_dtw, expert_fde
from vla_sim.eval.across.manner_ordering import manner_ordering
from vla_sim.eval.across.number import Across, OfAttempts, OfPaths
from vla_sim.eval.across.paraphrase_score import paraphrase_score
from vla_sim.eval.across.pass_power import K, pass_power

ACROSS: dict[str, Across] = {
    f"pass_power_{K}": OfAttempts(
        of=pass_power, better="higher", source="tau-bench, arXiv 2406.12045"
    ),
    "manner_ordering": OfAttempts(
        of=manner_ordering, better="higher", source="McGraw and Wong 1992"
    ),
    "paraphrase_score": OfAttempts(
        of=paraphrase_score, better="higher", source="LIBERO-Para (PRIDE)"
    ),
    "expert_ade": OfPaths(of=expert_ade, unit="m", better="lower", source="Alahi et al. 2016"),
    "expert_fde": OfPaths(of=expert_fde, unit="m", better="lower", source="Alahi et al. 2016"),
    "expert_dtw": OfPaths(of=expert_dtw, unit="m", better="lower", source="Sakoe and Chiba 1978"),
}
"""The average length of chains is the mean of the metric `instructions_completed`."""
