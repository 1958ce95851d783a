"""Laws of the curriculum."""

import pytest

from vla_sim.align.curriculum import CurriculumConfig, CurriculumState, advance
from vla_sim.align.objective import Weights
from vla_sim.errors import BadConfig

CONFIG = CurriculumConfig()


def test_the_gate_opens_at_seventy_percent_and_not_before() -> None:
    state = CurriculumState(stage="vl")
    assert advance(CONFIG, state, fraction=0.1, vl_recall=0.699) is state
    assert advance(CONFIG, state, fraction=0.1, la_recall=1.0) is state
    passed = advance(CONFIG, state, fraction=0.1, vl_recall=0.70)
    assert (passed.stage, passed.since_fraction) == ("la", 0.1)
    assert "0.70" in passed.reason
    assert advance(CONFIG, passed, fraction=0.2, la_recall=0.9).stage == "all"


def test_a_gate_that_is_never_passed_does_not_starve_the_rest() -> None:
    state = CurriculumState(stage="vl")
    stages = []
    for tenth in range(11):
        state = advance(CONFIG, state, fraction=tenth / 10, vl_recall=0.0, la_recall=0.0)
        stages.append(state.stage)
    assert stages[2] == "vl" and stages[-1] == "all"
    assert stages == sorted(stages, key=("vl", "la", "all").index)


def test_the_last_stage_is_never_left() -> None:
    state = CurriculumState(stage="all")
    assert advance(CONFIG, state, fraction=1.0, vl_recall=0.0, la_recall=0.0) is state


def test_stages_decide_what_counts() -> None:
    weights = Weights()
    vl = weights.active("vl", behaviour_from_start=False)
    assert {"contrast_vl", "grounding", "outcome"} <= set(vl)
    assert not {"behaviour", "goal", "contrast_la", "contrast_va", "cycle"} & set(vl)
    la = weights.active("la", behaviour_from_start=True)
    assert {"behaviour", "contrast_la"} <= set(la) and "cycle" not in la
    assert set(weights.active("all", behaviour_from_start=False)) == {
        name for name, weight in vars(weights).items() if weight > 0.0
    }


def test_bad_settings_are_refused() -> None:
    with pytest.raises(BadConfig, match="gate"):
        CurriculumConfig(vl_gate=1.5)
    with pytest.raises(BadConfig, match="first stage"):
        CurriculumConfig(first="lv")  # type: ignore[arg-type]
    with pytest.raises(BadConfig, match="jerk"):
        Weights(jerk=-1.0)
