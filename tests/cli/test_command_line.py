"""What a stranger types, right and wrong."""

import errno
import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path

import pytest
from rich.console import Console

from vla_sim.agents.experts.lane_expert import LaneExpertConfig
from vla_sim.agents.experts.overtake import OvertakeExpertConfig
from vla_sim.align.encoders.hugging_face_vision import HuggingFaceVisionConfig
from vla_sim.align.encoders.text import BagTextConfig
from vla_sim.align.fusion.gate import GateConfig
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.cli import main as entry
from vla_sim.cli import verbs
from vla_sim.cli.help import documented
from vla_sim.cli.main import main
from vla_sim.cli.options import option_names, override, shortened
from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb
from vla_sim.cli.verbs import VERBS
from vla_sim.envs.suites import CORE_CAR
from vla_sim.errors import BadConfig, UnknownName, VlaSimError
from vla_sim.loop.aligning.memory import MemoryConfig
from vla_sim.loop.aligning.monitor import Monitor

Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: int = 4

    def __post_init__(self) -> None:
        if self.size < 1:
            raise BadConfig(f"size is {self.size}; use 1 or more")


@dataclass(frozen=True, kw_only=True)
class Outer:
    n_slots: int = 2
    inner: Inner = field(default_factory=Inner)


def said_error(capture: Capture) -> str:
    """The one line on stderr."""
    out, err = capture.readouterr()
    assert not out
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


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
    assert verb.words in first if verb.words else all(word in first for word in recipes)
    assert len(first.splitlines()) < 80, "a screen or two"
    assert main([name, "--help-all"]) == 0
    everything = capsys.readouterr().out
    assert all(option.removeprefix("--") in everything for option in options)
    assert bool(verb.first) == ("more options are shown by --help-all" in first)


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if verb.first])
def test_the_first_options_exist_and_are_few(name: str) -> None:
    verb = VERBS[name]
    settings = verb.settings(None)
    missing = {f"--{path}" for path in verb.first} - set(option_names(settings))
    assert not missing
    assert len(verb.first) <= 14


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
        (["bench", "--crank.engine", "havok"], "no engine 'havok'"),
        (["bench", "--out", ""], "a path is empty"),
        (["collect", "--out="], "a path is empty"),
        (["compare", "a", ""], "a path is empty"),
        (["bench", "--policy", ""], "no policy, and no folder, ''"),
        (["bench", "--policy", "lerobot:"], "no policy, and no folder, 'lerobot:'"),
        (["bench", "--crank.engine", "pybullet"], "ChangeLane-v1 is not declared"),
        (["film", "Reach", "--out", "film.mp4"], "no film format '.mp4'"),
        (["film", "Reach", "--policy", "genius"], "no policy, and no folder, 'genius'"),
        (["say", "Reach", "--n", "0"], "n is 0"),
        (["list", "--kind", "foods"], "no kind 'foods'"),
        (["say", "Reach", "3"], "'3' belongs to no option"),
        (["compare", "runs/one"], "two results or more, and was given 'runs/one'"),
        (["compare", "no/a", "no/b"], "no/a is no result (it has no report.json)"),
        (["compare", "no/a", "no/b", "--alpha", "1.5"], "alpha is 1.5; use more than 0"),
        (["compare", "no/a", "no/b", "--out", "a.pdf"], "no format of a comparison '.pdf'"),
        (["merge", "no/a"], "no/a is no shard of a result"),
        (["merge"], "shards is empty"),
        (["power", "--from", "0.5", "--to", "0.5"], "from and to are both 0.5"),
        (["power", "--from", "0.1", "--to", "0.9", "--rho", "0.9"], "can correlate from"),
        (["power", "--power", "1"], "power is 1.0; use more than 0 and less than 1"),
        (["bench", "--shard", "9/8", "--out", "runs/x"], "shard is 9/8; use K/N"),
        (["bench", "--shard", "2/8"], "shard takes a folder: give --out"),
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


@dataclass(frozen=True, kw_only=True)
class Work(Outer):
    """What can be gone on with."""

    out: Path = Path("runs/work")
    resume: bool = False


def put_verb(monkeypatch: pytest.MonkeyPatch, run: Callable[[Work, Console], int]) -> None:
    """Put one verb, "work", into the table."""
    recipes: Mapping[str, Callable[[], Work]] = {"default": Work}
    verb = Verb(summary="", example="work", recipes=lambda: recipes, run=run, resumes=True)
    monkeypatch.setattr(verbs, "VERBS", {"work": verb})


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def run(config: Work, console: Console) -> int:
        raise KeyboardInterrupt

    put_verb(monkeypatch, run)
    assert main(["work", "--n-slots", "3"]) == 130
    assert "go on with: vla-sim work --n-slots 3 --resume" in capsys.readouterr().err


def test_debug_shows_where_an_error_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(config: Work, console: Console) -> int:
        raise VlaSimError("broken")

    put_verb(monkeypatch, run)
    assert main(["work"]) == 2
    with pytest.raises(VlaSimError, match="broken"):
        main(["work", "--debug"])
    monkeypatch.setenv("VLA_SIM_DEBUG", "1")
    with pytest.raises(VlaSimError, match="broken"):
        main(["work"])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.png"), "No space left on device: 'a."),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_what_the_machine_lacks_is_one_line(
    broken: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def run(config: Work, console: Console) -> int:
        raise broken

    put_verb(monkeypatch, run)
    assert main(["work"]) == 2
    assert says in said_error(capsys)
    with pytest.raises(type(broken)):
        main(["work", "--debug"])


def test_the_verb_gets_the_settings_and_gives_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Work] = []

    def run(config: Work, console: Console) -> int:
        seen.append(config)
        return 7

    put_verb(monkeypatch, run)
    assert main(["work", "default", "--n-slots", "5"]) == 7
    assert seen == [Work(n_slots=5)]


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


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    program = "import sys; from vla_sim.cli.main import main; sys.exit(main(['list', 'robots']))"
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode in (0, 1)
    assert not done.stderr


def test_a_part_is_chosen_by_name_and_its_own_options_follow() -> None:
    choices = {"inner": {"small": Inner(size=1), "large": Inner(size=90)}}
    assert override(Outer(), ["--inner", "large"], prog="", choices=choices).inner.size == 90
    chosen = override(Outer(), ["--inner=small", "--inner.size", "2"], prog="", choices=choices)
    assert chosen == Outer(inner=Inner(size=2))
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


@pytest.mark.parametrize("verb", ["align", "collect", "gap"])
def test_a_suite_is_a_recipe(verb: str) -> None:
    settings = VERBS[verb].settings("core-car")
    assert settings.task_ids == (CORE_CAR if verb != "gap" else ("vla_sim/DriveToGoal-v1",))


def test_one_task_is_no_suite_and_a_film_of_a_suite_is_a_film_of_each(capsys: Capture) -> None:
    assert main(["finetune", "--task", "core-car"]) == 2
    said = said_error(capsys)
    assert "'core-car' is a suite, and one task is asked for; it has ChangeLane" in said
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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("~", "HOME"), ("~/x", "HOME/x"), ("--out=~/x", "--out=HOME/x"), ("a~/x", "a~/x")],
)
def test_home_is_found_where_the_shell_left_it(
    typed: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(words: list[str], console: Console) -> int:
        seen.append(words)
        return 0

    monkeypatch.setenv("HOME", "/somewhere")
    seen: list[list[str]] = []
    monkeypatch.setattr(entry, "_run", run)
    assert main(["work", typed]) == 0
    assert seen == [["work", meant.replace("HOME", "/somewhere")]]


def test_brackets_in_a_path_are_printed_and_are_no_markup(capsys: Capture) -> None:
    for path in ("runs/x[/b]", "runs/[bold]y", "runs/[3]"):
        tell(Console(), f"written to {path}")
        Monitor(Console()).say(f"run folder {path}")
        assert capsys.readouterr().out == f"written to {path}\nrun folder {path}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_alphabet_is_spoken_to(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    assert main(["say", "Reach", "--n", "2"]) == 0
    assert main(["list", "suites"]) == 0
    sys.stdout.flush()
    said = written.getvalue().decode(encoding)
    assert "what can be asked" in said
    assert "\\u" in said, "Chinese, as escapes"


def test_ctrl_c_while_the_package_loads_is_one_line() -> None:
    program = """if True:
        import builtins, sys
        load = builtins.__import__
        def stop(name, *rest, **more):
            if name == "gymnasium":
                raise KeyboardInterrupt
            return load(name, *rest, **more)
        builtins.__import__ = stop
        import vla_sim_command
        sys.exit(vla_sim_command.main())
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 130
    assert done.stderr == "\ninterrupted; nothing was begun\n"
