"""What is taught when: pictures and words first, then words and actions, then all together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from vla_sim.errors import BadConfig
from vla_sim.ranges import above, within
from vla_sim.records.reports import Recall

Stage = Literal["vl", "la", "all"]
STAGES: tuple[Stage, ...] = get_args(Stage)
GATED: Mapping[Stage, str] = {"vl": "contrast_vl", "la": "contrast_la"}
"""{stage: the term that brings it to its gate}."""


@dataclass(frozen=True, kw_only=True)
class CurriculumConfig:
    """Settings of the curriculum.

    Behaviour and grounding may run from the start beside the gated contrastive terms: they train
    the same vision and text towers, and five minutes on a core do not allow to teach them one
    after the other. The gate then orders the contrastive terms only, as the chapter asks.
    """

    first: Stage = "vl"
    behaviour_from_start: bool = True
    vl_gate: float = 0.70
    """Share of the way from chance to perfect that V-L R@10 has to make to open L-A."""
    la_gate: float = 0.50
    """The same of L-A R@10 for the rest; actions do not show colours, so it lies lower."""
    longest_fraction: float = 0.30
    """A stage ends after this share of the budget, passed or not: the rest is not starved."""

    def __post_init__(self) -> None:
        above(0, vl_gate=self.vl_gate, la_gate=self.la_gate, longest_fraction=self.longest_fraction)
        within(
            0, 1, vl_gate=self.vl_gate, la_gate=self.la_gate, longest_fraction=self.longest_fraction
        )
        if self.first not in STAGES:
            raise BadConfig(f"the first stage is {self.first!r}; it must be one of {STAGES}")


@dataclass(frozen=True, kw_only=True)
class CurriculumState:
    """Where a run is in its curriculum, and why."""

    stage: Stage
    since_fraction: float = 0.0
    """Share of the budget that was spent when this stage began."""
    reason: str = "start"


def advance(
    config: CurriculumConfig,
    state: CurriculumState,
    *,
    fraction: float,
    vl: Recall | None = None,
    la: Recall | None = None,
) -> CurriculumState:
    """The state after one more measurement; a stage is never left backwards.

    Args:
        config: Gates.
        state: Present state.
        fraction: Share of the budget that is spent, in [0, 1].
        vl: V-L R@10 as measured beside its chance, None if it was not.
        la: L-A R@10, likewise.

    Returns:
        The same state, or the next one; at most one stage per call. A gallery too small to tell
        opens no gate.
    """
    if state.stage == "all":
        return state
    name, recall, gate = (
        ("V-L", vl, config.vl_gate) if state.stage == "vl" else ("L-A", la, config.la_gate)
    )
    upper = STAGES[STAGES.index(state.stage) + 1]
    if recall is not None and recall.tells and recall.skill >= gate:
        reason = f"{_said(name, recall)} is {recall.skill:.2f} of the way to perfect, >= {gate:.2f}"
    elif fraction - state.since_fraction >= config.longest_fraction:
        reason = f"{name} R@10 stayed under its gate for {config.longest_fraction:.0%} of the run"
    elif recall is not None and not recall.tells:
        reason = f"{_said(name, recall)} tells nothing: use a larger gallery"
        return replace(state, reason=reason)
    else:
        return state
    return CurriculumState(stage=upper, since_fraction=fraction, reason=reason)


def past_untaught(state: CurriculumState, weights: Mapping[str, float]) -> CurriculumState:
    """The state past every stage whose term has no weight: its gate would be waited for in vain.

    Args:
        state: Present state.
        weights: {term: weight} of the objective.
    """
    while (term := GATED.get(state.stage)) and not weights[term]:
        upper = STAGES[STAGES.index(state.stage) + 1]
        state = replace(state, stage=upper, reason=f"{term} has no weight: no gate to wait for")
    return state


def _said(name: str, recall: Recall) -> str:
    return (
        f"{name} R@10 {100 * recall.value:.0f} % (chance {100 * recall.chance:.0f} %, gallery "
        f"{recall.gallery_size})"
    )
