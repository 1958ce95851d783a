"""Parts that are chosen by name on the command line: towers, losses, suites, recipes."""

import sys
from pathlib import Path

import pytest

from tests.cli.toy_settings import Inner, Outer, said_error
from vla_sim.align.encoders.hugging_face_vision import HuggingFaceVisionConfig
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.fusion.gate import GateConfig
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.cli.main import main
from vla_sim.cli.options import option_names, override
from vla_sim.cli.verbs import VERBS
from vla_sim.envs.suites import CORE_CAR
from vla_sim.errors import BadConfig, UnknownName

Capture = pytest.CaptureFixture[str]


def test_a_part_is_chosen_by_name_and_its_own_options_follow() -> None:
    choices = {"inner": {"small": Inner(size=1), "large": Inner(size=90)}}
    assert override(Outer(), ["--inner", "large"], prog="", choices=choices).inner.size == 90
    chosen = override(Outer(), ["--inner=small", "--inner.size", "2"], prog="", choices=choices)
    assert chosen == Outer(inner=Inner(size=2))
    with pytest.raises(UnknownName, match="no choice for --in 'lage'; did you mean 'large'"):
        override(Outer(), ["--in", "lage"], prog="", choices=choices, shorts={"in": "inner"})
    with pytest.raises(UnknownName, match="no choice for --inner 'lage'; did you mean 'large'"):
        override(Outer(), ["--inner", "lage"], prog="", choices=choices)
    with pytest.raises(BadConfig, match="--inner is 'small' and 'large': it takes one"):
        override(Outer(), ["--inner=small", "--inner", "large"], prog="", choices=choices)


def test_the_towers_of_an_alignment_are_chosen_on_the_command_line(capsys: Capture) -> None:
    verb = VERBS["align"]
    for text in ("--text", "--learner.trainer.model.text"):
        words = [text, "bag", f"{text}.width", "32", "--vision", "hf", "--vision.name=/x=y"]
        words += ["--fusion=gate", "--fusion.entropy-floor", "0.1", "--device", "cuda"]
        words += ["--reconciling", "gradnorm", "--reconciling.priority", "jerk"]
        words += ["--reconciling.floors", "goal=0.3", "--reconciling.surgery", "pcgrad"]
        made = override(
            verb.settings("glance"), words, prog="", choices=verb.choices(), shorts=verb.shorts
        ).learner.trainer
        assert made.model.text == BagTextConfig(width=32)
        assert made.model.vision == HuggingFaceVisionConfig(name="/x=y")
        assert made.model.fusion == GateConfig(entropy_floor=0.1)
        assert made.reconciling == GradNormConfig(
            priority=("jerk",), floors={"goal": 0.3}, surgery="pcgrad"
        )
        assert made.device == "cuda"
    assert main(["align", "--text", "transformer", "--help-all"]) == 0
    out = capsys.readouterr().out
    assert "--text.n-heads INT  (2)" in out
    assert "--text {transformer,transformer_2_layers,bag,minilm,hf}  (transformer)" in out
    assert (
        "--fusion {cross-attention,late,film,gate,poe,moe,codebook,fsq}  (cross-attention)" in out
    )
    assert main(["align", "--text.n-head", "3"]) == 2
    assert "no option '--text.n-head'; of" in (said := said_error(capsys))
    assert "'--text.n-heads'" in said


@pytest.mark.parametrize("name", VERBS)
def test_a_short_name_hides_no_option(name: str) -> None:
    verb = VERBS[name]
    heads = (
        {n.removeprefix("--").partition(".")[0] for n in option_names(verb.settings(None))}
        if (verb.default)
        else set()
    )
    assert not heads & set(verb.shorts)


@pytest.mark.parametrize(
    "words",
    [
        ["--own-losses", "math:sqrt=0.5", "math:exp=2"],
        ["--own-losses=math:sqrt=0.5", "math:exp", "2"],
        ["--learner.trainer.own-losses", "math:sqrt", "0.5", "math:exp=2", "--seed", "1"],
    ],
)
def test_a_loss_and_its_weight_are_two_words_or_one(words: list[str]) -> None:
    verb = VERBS["align"]
    made = override(verb.settings("glance"), words, prog="", shorts=verb.shorts)
    assert made.learner.trainer.own_losses == {"math:sqrt": 0.5, "math:exp": 2.0}


@pytest.mark.parametrize("verb", ["align", "collect", "gap", "finetune"])
def test_a_suite_is_a_recipe(verb: str) -> None:
    settings = VERBS[verb].settings("core-car")
    assert settings.task_ids == (CORE_CAR if verb != "gap" else ("vla_sim/DriveToGoal-v1",))


def test_one_policy_has_one_robot_and_a_film_of_a_suite_is_a_film_of_each(capsys: Capture) -> None:
    assert main(["finetune", "--tasks", "Reach", "ChangeLane"]) == 2
    assert "tasks has Reach (panda), ChangeLane (ackermann_car)" in said_error(capsys)
    assert "core" not in VERBS["finetune"].recipes()
    assert VERBS["film"].several("core-car")[:2] == ["DriveToGoal", "KeepLane"]
    assert VERBS["film"].several("park-v0") == ["Park"]
    assert main(["film", "spine", "--out", "film.webp"]) == 2
    assert "'spine' gives 4 files" in said_error(capsys)


def test_a_recipe_of_the_user_s_own_comes_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    recipe = tmp_path / "my_typed.py"
    recipe.write_text(
        "from vla_sim.loop.collecting.collect import CollectRun\n"
        "def mine():\n    return CollectRun(episodes=3)\n"
        "ready = CollectRun(episodes=4)\nwrong = 5\n"
    )
    verb = VERBS["collect"]
    assert verb.settings(f"{recipe}:mine").episodes == 3
    monkeypatch.chdir(tmp_path)
    assert verb.settings("my_typed:ready").episodes == 4
    assert main(["collect", "my_typed:wrong"]) == 2
    assert "the recipe 'my_typed:wrong' gives int; `vla-sim collect` takes" in said_error(capsys)
    assert main(["collect", "my_typed:min"]) == 2
    assert "no recipe in my_typed 'min'; did you mean 'mine'?" in said_error(capsys)
