"""What a study may be asked, and which cells follow."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.reconciling.table import RECONCILERS
from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.settings import from_json, to_json
from vla_sim.loop.studying import arms
from vla_sim.loop.studying.arm import StudyArm, changed
from vla_sim.loop.studying.arms import ARMS, BASE, arm_of
from vla_sim.loop.studying.measured import MeasuredConfig
from vla_sim.loop.studying.study_run import StudyRun
from vla_sim.recipes.study import RECIPES, ablation, glance

SMALL = StudyRun(arms=(BASE, "no-cycle", "no-ensemble", "pcgrad"), seeds=(3, 4))


@pytest.fixture(scope="module")
def usual() -> StudyRun:
    return ablation()


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_of_the_table_makes_settings_of_the_right_types(name: str, usual: StudyRun) -> None:
    arm = ARMS[name]
    run = arm.run(usual.base)
    assert from_json(AlignRun, to_json(run), source=Path(name)) == run
    measured = changed(usual.measured, arm.acting)
    assert from_json(MeasuredConfig, to_json(measured), source=Path(name)) == measured
    is_base = name == BASE
    assert ((run, measured) == (usual.base, usual.measured)) == is_base
    assert bool(arm.told) != is_base


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_compares_arms_that_differ_over_several_seeds(name: str) -> None:
    study = RECIPES[name]()
    assert len({cell.key for cell in study.all_cells}) == len(study.arms) * len(study.seeds)
    assert study.name == name
    assert study.base.n_processes == 0, "so that its CPU time is all there is"


def test_the_ablation_measures_every_arm_of_the_table(usual: StudyRun) -> None:
    assert usual.arms == tuple(ARMS)
    assert len(usual.seeds) == 3
    assert usual.base.tasks == ("Reach", "DriveToGoal")


def test_a_change_goes_where_it_is_told_and_nowhere_else() -> None:
    run = AlignRun()
    deep = changed(run, {"learner.trainer.weights.cycle": 0.7, "max_updates": 5})
    assert deep.learner.trainer.weights.cycle == 0.7 and deep.max_updates == 5
    back = {"learner.trainer.weights.cycle": 0.2, "max_updates": run.max_updates}
    assert changed(deep, back) == run
    part = changed(run, {"learner.trainer.model.text": BagTextConfig()})
    assert part.learner.trainer.model.text == BagTextConfig()


def test_an_arm_says_how_it_is_typed() -> None:
    arm = StudyArm(
        section="5",
        en="x",
        zh="x",
        change={"learner.trainer.weights.contrast_vl": 0.0, "tasks": ("Reach", "Lift")},
        acting={"guidance": 1.5},
    )
    assert arm.told == (
        "--base.learner.trainer.weights.contrast-vl 0 --base.tasks Reach Lift "
        "--measured.guidance 1.5"
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
def test_shares_are_disjoint_and_together_are_all(n: int) -> None:
    shares = [replace(SMALL, shard=f"{k}/{n}").asked for k in range(1, n + 1)]
    dealt = [cell.key for share in shares for cell in share]
    assert sorted(dealt) == sorted(cell.key for cell in SMALL.all_cells)
    assert len(set(dealt)) == len(dealt)
    trainings = [{cell.training for cell in share} for share in shares]
    assert sum(map(len, trainings)) == len(set().union(*trainings)), "each is made once"


def test_what_acts_on_the_base_trains_nothing() -> None:
    cells = {(cell.arm, cell.seed): cell for cell in SMALL.all_cells}
    assert cells["no-ensemble", 3].training == cells[BASE, 3].training
    assert cells["no-ensemble", 3].training != cells[BASE, 4].training


def test_only_some_arms_are_asked_for() -> None:
    asked = replace(SMALL, only=("pcgrad",)).asked
    assert [(cell.arm, cell.seed) for cell in asked] == [("pcgrad", 3), ("pcgrad", 4)]
    assert not replace(SMALL, only=("pcgrad",), shard="3/3").asked


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"arms": (BASE, "pcgard")}, "no arm 'pcgard'; did you mean 'pcgrad'"),
        ({"arms": ()}, "arms is empty; name one or more"),
        ({"arms": (BASE, "pcgrad", "pcgrad")}, "arms name pcgrad twice; once is enough"),
        ({"seeds": ()}, "seeds is empty; name one or more"),
        ({"seeds": (1, 1)}, "seeds name 1 twice; once is enough"),
        ({"seeds": (-1,)}, r"seeds is \(-1,\); use a whole number"),
        ({"against": "pcgrad"}, "no arm to compare with .*'pcgrad'; there are 'base'"),
        ({"only": ("no-cycle",)}, "no arm in this study: 'no-cycle'; there are 'base'"),
        ({"shard": "3/2"}, "shard is '3/2'; use K/N with K from 1 to N"),
        ({"shard": "0/2"}, "shard is '0/2'; use K/N"),
        ({"shard": "half"}, "shard is 'half'; use K/N"),
        ({"show": True, "shard": "1/2"}, "show measures nothing, so that shard 1/2 says nothing"),
        ({"show": True, "only": (BASE,)}, "show measures nothing, so that only base says nothing"),
        ({"name": "a/b"}, "name is 'a/b'; use letters"),
        ({"base": AlignRun(seed=3)}, "base.seed is 3, and each cell has its own; use seeds"),
        ({"base": AlignRun(out=Path("x"))}, "base.out is x, and each cell has its own; use out"),
        ({"base": AlignRun(max_seconds=60.0)}, "base.max_seconds is 60, .* use base.max_updates"),
    ],
)
def test_a_study_that_contradicts_itself_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(VlaSimError, match=said):
        StudyRun(**wrong)


def test_an_arm_that_changes_nothing_is_refused() -> None:
    base = changed(AlignRun(), {"learner.trainer.reconciling": RECONCILERS["pcgrad"]})
    with pytest.raises(BadConfig, match="the arms 'base' and 'pcgrad' are the same here"):
        StudyRun(arms=(BASE, "pcgrad"), base=base)


def test_an_arm_of_other_tasks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    arm = StudyArm(section="5.1", en="more", zh="更多", change={"tasks": ("Reach", "Lift")})
    monkeypatch.setattr(arms, "ARMS", {**ARMS, "more": arm})
    base = AlignRun(tasks=("Reach",))
    says = "the arm 'more' is of Reach, Lift, and 'base' of Reach: .*; leave tasks out of the arm"
    with pytest.raises(BadConfig, match=says):
        StudyRun(arms=(BASE, "more"), base=base)
    assert StudyRun(arms=(BASE, "more"), base=replace(base, tasks=("Lift", "Reach")))


def test_an_arm_that_the_base_cannot_take_is_named() -> None:
    weights = {f"learner.trainer.weights.{name}": 0.0 for name in ("velocity", "jerk")}
    only = {**weights, "learner.trainer.weights.acceleration": 1.0}
    nothing = {
        f"learner.trainer.weights.{name}": 0.0
        for name in vars(AlignRun().learner.trainer.weights)
        if name != "acceleration"
    }
    base = changed(AlignRun(), only | nothing)
    with pytest.raises(BadConfig, match="the arm 'no-priors' cannot be made: all weights are 0"):
        StudyRun(arms=(BASE, "no-priors"), base=base)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ((), "told is empty; it needs 'correct'"),
        (("swapped",), "told is swapped; it needs 'correct'"),
    ],
)
def test_what_is_measured_needs_the_true_words(told: Any, said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        MeasuredConfig(told=told)


def test_a_setting_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match=r"setting 'learner.trainr.freeze': nothing called"):
        changed(AlignRun(), {"learner.trainr.freeze": ()})
    with pytest.raises(UnknownName, match="nothing called 'more'"):
        changed(AlignRun(), {"seed.more": 1})


def test_an_arm_of_the_user_s_own(tmp_path: Path) -> None:
    place = tmp_path / "my_study_arms.py"
    place.write_text(
        "from vla_sim.loop.studying.arm import StudyArm\n"
        "narrow = StudyArm(section='5.1', en='narrow', zh='窄',"
        " change={'learner.trainer.model.n_query': 64})\n"
        "not_one = 3\n"
    )
    assert arm_of(f"{place}:narrow").en == "narrow"
    with pytest.raises(BadConfig, match="is int; make it a StudyArm"):
        arm_of(f"{place}:not_one")


def test_a_glance_takes_seconds() -> None:
    assert glance().base.max_updates <= 40
