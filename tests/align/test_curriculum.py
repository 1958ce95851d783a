"""Laws of the curriculum."""

import pytest

from tests.align.square_trainer import trainer
from vla_sim.align.curriculum import CurriculumConfig, CurriculumState, advance
from vla_sim.align.objective import Weights
from vla_sim.align.trainer_config import TrainerConfig
from vla_sim.errors import BadConfig
from vla_sim.records.reports import Recall

CONFIG = CurriculumConfig()


def measured(value: float, chance: float = 0.0, gallery_size: int = 300) -> Recall:
    return Recall(value=value, chance=chance, gallery_size=gallery_size)


def test_the_gate_opens_at_seventy_percent_and_not_before() -> None:
    state = CurriculumState(stage="vl")
    assert advance(CONFIG, state, fraction=0.1, vl=measured(0.699)) is state
    assert advance(CONFIG, state, fraction=0.1, la=measured(1.0)) is state
    passed = advance(CONFIG, state, fraction=0.1, vl=measured(0.70))
    assert (passed.stage, passed.since_fraction) == ("la", 0.1)
    assert "0.70" in passed.reason
    assert advance(CONFIG, passed, fraction=0.2, la=measured(0.9)).stage == "all"


def test_a_gate_is_measured_from_chance() -> None:
    state = CurriculumState(stage="vl")
    assert advance(CONFIG, state, fraction=0.1, vl=measured(0.75, chance=0.2)) is state
    passed = advance(CONFIG, state, fraction=0.1, vl=measured(0.76, chance=0.2))
    assert passed.stage == "la" and "chance 20 %" in passed.reason


def test_a_gallery_that_cannot_tell_opens_no_gate() -> None:
    state = CurriculumState(stage="vl")
    for value in (0.75, 1.0):  # a gallery of 12: ten of twelve are found by guessing
        after = advance(CONFIG, state, fraction=0.1, vl=measured(value, 10 / 12, 12))
        assert after.stage == "vl"
        assert "chance 83 %, gallery 12) tells nothing: use a larger gallery" in after.reason
    late = advance(CONFIG, state, fraction=0.9, vl=measured(1.0, 10 / 12, 12))
    assert late.stage == "la", "the rest is not starved for it"


def test_a_gate_that_is_never_passed_does_not_starve_the_rest() -> None:
    state = CurriculumState(stage="vl")
    stages = []
    for tenth in range(11):
        state = advance(CONFIG, state, fraction=tenth / 10, vl=measured(0.0), la=measured(0.0))
        stages.append(state.stage)
    assert stages[2] == "vl" and stages[-1] == "all"
    assert stages == sorted(stages, key=("vl", "la", "all").index)


def test_the_last_stage_is_never_left() -> None:
    state = CurriculumState(stage="all")
    assert advance(CONFIG, state, fraction=1.0, vl=measured(0.0), la=measured(0.0)) is state


@pytest.mark.parametrize(
    ("without", "stages"),
    [
        ((), ["vl", "la", "all"]),
        (("contrast_vl",), ["la", "all", "all"]),
        (("contrast_la",), ["vl", "all", "all"]),
        (("contrast_vl", "contrast_la"), ["all", "all", "all"]),
    ],
)
def test_a_stage_that_teaches_nothing_is_passed_over(
    without: tuple[str, ...], stages: list[str]
) -> None:
    learner = trainer(TrainerConfig(weights=Weights(**dict.fromkeys(without, 0.0))))
    seen = [learner.curriculum]
    seen += [learner.measured(vl=measured(0.9), la=measured(0.9)) for _ in range(2)]
    assert [state.stage for state in seen] == stages


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
