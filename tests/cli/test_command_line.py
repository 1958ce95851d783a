"""What a stranger types, right and wrong."""

import resource
import subprocess
import sys
from dataclasses import make_dataclass
from pathlib import Path

import pytest

from tests.cli.toy_settings import Inner, Outer, said_error
from vla_sim.agents.experts.lane_expert import LaneExpertConfig
from vla_sim.agents.experts.overtake import OvertakeExpertConfig
from vla_sim.cli.help import documented
from vla_sim.cli.main import main
from vla_sim.cli.options import option_names, options_in, override
from vla_sim.cli.verb import shortened
from vla_sim.cli.verbs import VERBS
from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.loop.aligning.memory import MemoryConfig

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_the_overview_shows_every_verb_with_an_example(words: list[str], capsys: Capture) -> None:
    assert main(words) == 0
    out = capsys.readouterr().out
    for name, verb in VERBS.items():
        assert name in out
        assert verb.example.startswith(name)
        assert verb.example in out.replace("\n", " ")


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_explains_itself(name: str, capsys: Capture) -> None:
    verb = VERBS[name]
    recipes = verb.recipes()
    settings = next(iter(recipes.values()))()
    options = [shortened(option, verb.shorts) for option in option_names(settings)]
    assert main([name, "--help"]) == 0
    first = capsys.readouterr().out
    assert f"vla-sim {verb.example}" in first
    if verb.words:
        assert f"goes to {shortened(f'--{verb.words}', verb.shorts)}." in first
    elif verb.takes:
        assert f"{verb.word} is {verb.takes}." in first
    else:
        assert all(word in first for word in recipes)
    assert len(first.splitlines()) < 80, "a screen or two"
    assert main([name, "--help-all"]) == 0
    everything = capsys.readouterr().out
    assert all(option.removeprefix("--") in everything for option in options)
    assert bool(verb.first) == ("more options are shown by --help-all" in first)


@pytest.mark.parametrize("name", VERBS)
def test_every_option_that_help_shows_is_explained(name: str) -> None:
    verb = VERBS[name]
    settings = verb.settings(verb.default or next(iter(verb.recipes())))
    shown = [o for o in options_in(settings) if not verb.first or o.name[2:] in verb.first]
    assert [o.name for o in shown if not documented(o.owner).get(o.field)] == []


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if verb.first])
def test_the_first_options_exist_and_are_few(name: str) -> None:
    verb = VERBS[name]
    settings = verb.settings(verb.default or next(iter(verb.recipes())))
    missing = {f"--{path}" for path in verb.first} - set(option_names(settings))
    assert not missing
    assert len(verb.first) <= 14


def test_a_switch_that_is_on_says_what_leaving_it_out_means(capsys: Capture) -> None:
    assert main(["collect", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--no-check\n      Leave out what is done otherwise: read every file back" in out


@pytest.mark.parametrize("verb", ["bench", "collect", "align", "finetune", "protocol freeze"])
def test_a_task_in_a_recipe_s_place_is_told_where_tasks_go(verb: str, capsys: Capture) -> None:
    assert main([*verb.split(), "PickPlace"]) == 2
    says = "'PickPlace' is a task, and no recipe; tasks go to an option: --tasks PickPlace"
    assert says in said_error(capsys)


def test_a_command_that_is_proposed_can_be_pasted(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "my core.json"
    assert main(["protocol", "freeze", "glance", "--tasks", "Reach", "--out", str(out)]) == 0
    assert f"`vla-sim bench --protocol '{out}'` measures by it" in capsys.readouterr().out


def test_help_shows_the_recipe_s_values_and_what_was_typed(capsys: Capture) -> None:
    assert main(["bench", "glance", "--n-slots", "7", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--episodes INT  (4)\n      Episodes per task and arm." in out
    assert main(["bench", "glance", "--n-slots", "7", "--help-all"]) == 0
    assert "--n-slots INT  (7)" in capsys.readouterr().out


def test_what_an_option_says_is_read_off_the_config_and_what_it_is_made_of() -> None:
    assert documented(MemoryConfig)["batch_rehearsal"].startswith("Moments per update")
    assert documented(OvertakeExpertConfig).keys() >= documented(LaneExpertConfig).keys()


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_are_valid(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("runs/mine").mkdir(parents=True)
    verb = VERBS[name]
    words = verb.example.removeprefix(name).split()
    word, options = verb.split(words)
    override(verb.settings(word), options, prog="", shorts=verb.shorts)


def test_a_verb_that_takes_several_words_hands_them_to_one_setting() -> None:
    verb = VERBS["compare"]
    assert verb.split(["a", "b", "--alpha", "0.1"]) == (
        None,
        ["--results", "a", "b", "--alpha", "0.1"],
    )
    assert verb.split(["--alpha", "0.1"]) == (None, ["--alpha", "0.1"])
    assert VERBS["bench"].split(["core", "--episodes", "3"]) == ("core", ["--episodes", "3"])


@pytest.mark.parametrize("name", VERBS)
def test_an_unknown_option_lists_those_there_are(name: str, capsys: Capture) -> None:
    verb = VERBS[name]
    word = next(iter(verb.recipes()))
    assert main([name, word, "--flavour", "3"]) == 2
    error = said_error(capsys)
    assert "no option '--flavour'" in error
    options = [shortened(option, verb.shorts) for option in option_names(verb.settings(word))]
    if len(options) < 20:
        assert all(option in error for option in options)


def test_among_many_options_the_nearest_are_named() -> None:
    many = make_dataclass("Many", [(f"n_{k}_things", int, k) for k in range(40)], frozen=True)
    inner = make_dataclass("Whole", [("many", many, many()), ("width", int, 3)], frozen=True)
    with pytest.raises(VlaSimError, match=r"no option '--widht'; of 41, the nearest are '--width'"):
        override(inner(), ["--widht", "3"], prog="")
    with pytest.raises(VlaSimError, match=r"'--many\.n-7-things'"):
        override(inner(), ["--n-7-things", "3"], prog="")


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if not verb.words])
def test_an_unknown_first_word_lists_those_there_are(name: str, capsys: Capture) -> None:
    assert main([name, "nonsense"]) == 2
    error = said_error(capsys)
    assert "'nonsense'" in error
    words = sorted(VERBS[name].recipes())
    of_users_own = ("film", "say", "serve", "replay", "protocol show", "across")
    assert all(repr(word) in error for word in words[:12] if name not in of_users_own)


def test_an_unknown_verb_lists_those_there_are(capsys: Capture) -> None:
    assert main(["fly"]) == 2
    error = said_error(capsys)
    assert "no verb 'fly'" in error
    assert all(repr(name) in error for name in VERBS)


def test_a_missing_task_is_asked_for(capsys: Capture) -> None:
    assert main(["film"]) == 2
    said = said_error(capsys)
    assert said.startswith("error: name a task (`vla-sim list tasks` shows them); for example")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["collect", "--tasks", "Fly"], "no task 'Fly'"),
        (["collect", "--policy", "genius"], "no policy, and no folder, 'genius'"),
        (["collect", "--episodes", "0"], "episodes is 0"),
        (["collect", "--crank.image-size", "3"], "image_size is 3; use a whole number, 16 to"),
        (["gap", "--tasks", "ChangeLane"], "ChangeLane-v1 is not declared to run on pybullet"),
        (["collect", "--tasks", "Park", "--crank.engine", "pybullet"], "Park-v0 is not declared"),
        (["detect", "--tasks", "Park", "--crank.engine", "pybullet"], "Park-v0 is not declared"),
        (["finetune", "--tasks", "Park", "--crank.engine", "pybullet"], "Park-v0 is not declared"),
        (
            ["align", "--tasks", "Park", "--simulators.crank.engine", "pybullet"],
            "Park-v0 is not declared",
        ),
        (["bench", "--crank.engine", "havok"], "no engine 'havok'"),
        (["bench", "--out", ""], "a path is empty"),
        (["collect", "--out="], "a path is empty"),
        (["compare", "a", ""], "a path is empty"),
        (["bench", "--policy", ""], "no policy, and no folder, ''"),
        (["bench", "--policy", "lerobot:"], "no policy, and no folder, 'lerobot:'"),
        (["bench", "--crank.engine", "pybullet"], "ChangeLane-v1 is not declared"),
        (["film", "Reach", "--out", "film.mp4"], "no film format '.mp4'"),
        (["film", "ReachUR5e"], "ReachUR5e is for gymnasium.make alone: its robot comes with"),
        (["detect"], "'runs/align' is no folder of an aligned model: name the run"),
        (["film", "Reach", "--policy", "genius"], "no policy, and no folder, 'genius'"),
        (["say", "Reach", "--n", "0"], "n is 0"),
        (["list", "--kind", "foods"], "no kind 'foods'"),
        (["say", "Reach", "3"], "'3' belongs to no option"),
        (["compare", "runs/one"], "two results or more, and was given 'runs/one'"),
        (["compare", "no/a", "no/b"], "no/a is no result (it has no report.json)"),
        (["compare", "no/a", "no/b", "--alpha", "1.5"], "alpha is 1.5; use more than 0"),
        (["compare", "no/a", "no/b", "--out", "a.pdf"], "no format of a comparison '.pdf'"),
        (["merge", "no/a"], "no/a is no shard of a result"),
        (["merge", "no/a"], "`vla-sim bench --shard K/N --out FOLDER` writes one"),
        (["protocol", "show", "no.json"], "there is no file 'no.json'; `vla-sim protocol freeze`"),
        (["power", "--from", "50"], "from_rate (--from) is 50.0; use 0 to 1"),
        (["contract", "aloha"], "no contract 'aloha'; there are 'libero', 'native'"),
        (["merge"], "for example `vla-sim merge shards/1 shards/2"),
        (["power", "--from", "0.5", "--to", "0.5"], "from and to are both 0.5"),
        (["power", "--from", "0.1", "--to", "0.9", "--rho", "0.9"], "can correlate from"),
        (["power", "--power", "1"], "power is 1.0; use more than 0 and less than 1"),
        (["bench", "--shard", "9/8", "--out", "runs/x"], "shard is 9/8; use K/N"),
        (["bench", "--shard", "2/8"], "shard takes a folder: give --out"),
        (
            ["bench", "--shard", "2/8", "--out", "x", "--track", "tensorboard"],
            "have no rates to send",
        ),
        (["bench", "--resume", "--out", "x.json"], "resume takes a folder"),
        (["bench", "--until-decided", "zero"], "until_decided compares under one arm"),
        (["bench", "correct", "--until-decided", "genius"], "no policy, and no folder, 'genius'"),
        (["bench", "--until-width", "1.5"], "until_width is 1.5"),
        (["bench", "--until-width", "0.1", "--cap", "5"], "cap is 5, below the fewest"),
        (["bench", "--until-width", "0.1", "--until-decided", "zero"], "are two rules"),
        (
            ["bench", "correct", "--tasks", "Reach", "--episodes", "5", "--until-decided", "zero"],
            "5 pairs cannot decide at alpha 0.05: it takes 6 at least",
        ),
    ],
)
def test_a_value_that_a_config_refuses_is_one_line(
    words: list[str], says: str, capsys: Capture
) -> None:
    assert main(words) == 2
    assert says in said_error(capsys)


@pytest.mark.parametrize(
    "words", [["say", "Reach", "--language", "fr"], ["collect", "--seed", "x"]]
)
def test_a_value_of_the_wrong_type_is_explained(words: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert words[-2] in err
    assert words[-1] in err


def test_options_reach_nested_configs_and_nothing_else_changes() -> None:
    assert list(option_names(Outer())) == ["--n-slots", "--inner.size"]
    changed = override(Outer(n_slots=7), ["--inner.size", "9"], prog="")
    assert changed == Outer(n_slots=7, inner=Inner(size=9))
    assert override(Outer(), ["--inner.size=9"], prog="").inner.size == 9


def test_a_nested_config_refuses_with_its_own_words() -> None:
    with pytest.raises(BadConfig, match="size is 0; use 1 or more"):
        override(Outer(), ["--inner.size", "0"], prog="")
    with pytest.raises(UnknownName, match="no option '--siz'; there are '--inner"):
        override(Outer(), ["--siz", "0"], prog="")


def test_asking_for_help_loads_neither_torch_nor_physics() -> None:
    program = (
        "import sys; from vla_sim.cli.main import main; main([]);"
        "print([m for m in ('torch', 'mujoco', 'numba', 'pyarrow') if m in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.splitlines()[-1] == "[]"
    assert after.ru_utime - before.ru_utime < 3.0, "time on the processor: others may keep it busy"
