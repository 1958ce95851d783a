"""All numbers that take several episodes, by name."""

from vla_sim.eval.across.expert_distance import expert_ade, expert_dtw, expert_fde
from vla_sim.eval.across.manner_ordering import manner_ordering
from vla_sim.eval.across.number import Across
from vla_sim.eval.across.paraphrase_score import paraphrase_score
from vla_sim.eval.across.pass_power import K, pass_power

ACROSS: dict[str, Across] = {
    f"pass_power_{K}": Across(of=pass_power, better="higher", source="tau-bench, arXiv 2406.12045"),
    "manner_ordering": Across(of=manner_ordering, better="higher", source="McGraw and Wong 1992"),
    "paraphrase_score": Across(of=paraphrase_score, better="higher", source="LIBERO-Para (PRIDE)"),
    "expert_ade": Across(of=expert_ade, unit="m", better="lower", source="Alahi et al. 2016"),
    "expert_fde": Across(of=expert_fde, unit="m", better="lower", source="Alahi et al. 2016"),
    "expert_dtw": Across(of=expert_dtw, unit="m", better="lower", source="Sakoe and Chiba 1978"),
}
"""The average length of chains is the mean of the metric `instructions_completed`."""
