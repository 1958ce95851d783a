"""What a stranger types, right and wrong."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, make_dataclass

import pytest
from rich.console import Console

from vla_sim.cli import main as entry
from vla_sim.cli.main import main
from vla_sim.cli.options import option_names, override
from vla_sim.cli.verb import Verb
from vla_sim.cli.verbs import VERBS
from vla_sim.errors import BadConfig, UnknownName, VlaSimError

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
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert f"vla-sim {VERBS[name].example}" in out
    for word, recipe in VERBS[name].recipes().items():
        assert word in out
        for option in option_names(recipe()):
            assert option in out


@pytest.mark.parametrize("name", VERBS)
def test_the_examples_are_valid(name: str) -> None:
    verb = VERBS[name]
    _, *words = verb.example.split()
    word = words.pop(0) if words and not words[0].startswith("-") else None
    override(verb.settings(word), words, prog="", description="")


@pytest.mark.parametrize("name", VERBS)
def test_an_unknown_option_lists_those_there_are(name: str, capsys: Capture) -> None:
    verb = VERBS[name]
    word = next(iter(verb.recipes()))
    assert main([name, word, "--flavour", "3"]) == 2
    error = said_error(capsys)
    assert "no option '--flavour'" in error
    options = list(option_names(verb.settings(word)))
    if len(options) < 20:
        assert all(option in error for option in options)


def test_among_many_options_the_nearest_are_named() -> None:
    many = make_dataclass("Many", [(f"n_{k}_things", int, k) for k in range(40)], frozen=True)
    inner = make_dataclass("Whole", [("many", many, many()), ("width", int, 3)], frozen=True)
    with pytest.raises(VlaSimError, match=r"no option '--widht'; of 41, the nearest are '--width'"):
        override(inner(), ["--widht", "3"], prog="", description="")
    with pytest.raises(VlaSimError, match=r"'--many\.n-7-things'"):
        override(inner(), ["--n-7-things", "3"], prog="", description="")


@pytest.mark.parametrize("name", VERBS)
def test_an_unknown_first_word_lists_those_there_are(name: str, capsys: Capture) -> None:
    assert main([name, "nonsense"]) == 2
    error = said_error(capsys)
    assert "'nonsense'" in error
    for word in VERBS[name].recipes():
        assert repr(word) in error


def test_an_unknown_verb_lists_those_there_are(capsys: Capture) -> None:
    assert main(["fly"]) == 2
    error = said_error(capsys)
    assert "no verb 'fly'" in error
    assert all(repr(name) in error for name in VERBS)


def test_a_missing_task_is_asked_for(capsys: Capture) -> None:
    assert main(["film"]) == 2
    said = said_error(capsys)
    assert said.startswith("error: name a task, one of ChangeLane, ChangeLaneDense, CloseDrawer")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["collect", "--tasks", "Fly"], "no task 'Fly'"),
        (["collect", "--policy", "genius"], "no policy, and no folder, 'genius'"),
        (["collect", "--episodes", "0"], "episodes is 0"),
        (["collect", "--crank.image-size", "3"], "image_size is 3 px"),
        (["gap", "--tasks", "ChangeLane"], "ChangeLane-v1 is not declared to run on pybullet"),
        (["bench", "--crank.engine", "havok"], "no engine 'havok'"),
        (["bench", "--crank.engine", "pybullet"], "ChangeLane-v1 is not declared"),
        (["film", "Reach", "--out", "film.mp4"], "no film format '.mp4'"),
        (["film", "Reach", "--policy", "genius"], "no policy, and no folder, 'genius'"),
        (["say", "Reach", "--n", "0"], "n is 0"),
        (["list", "--kind", "foods"], "no kind 'foods'"),
        (["say", "Reach", "3"], "'3' belongs to no option"),
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
    changed = override(Outer(n_slots=7), ["--inner.size", "9"], prog="", description="")
    assert changed == Outer(n_slots=7, inner=Inner(size=9))
    assert override(Outer(), ["--inner.size=9"], prog="", description="").inner.size == 9


def test_a_nested_config_refuses_with_its_own_words() -> None:
    with pytest.raises(BadConfig, match="size is 0; use 1 or more"):
        override(Outer(), ["--inner.size", "0"], prog="", description="")
    with pytest.raises(UnknownName, match="--siz"):
        override(Outer(), ["--siz", "0"], prog="", description="")


def put_verb(monkeypatch: pytest.MonkeyPatch, run: Callable[[Outer, Console], int]) -> None:
    """Put one verb, "work", into the table."""
    recipes: Mapping[str, Callable[[], Outer]] = {"default": Outer}
    verb = Verb(summary="", example="work", recipes=lambda: recipes, run=run, resumes=True)
    monkeypatch.setattr(entry, "VERBS", {"work": verb})


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def run(config: Outer, console: Console) -> int:
        raise KeyboardInterrupt

    put_verb(monkeypatch, run)
    assert main(["work", "--n-slots", "3"]) == 130
    assert "go on with: vla-sim work --n-slots 3 --resume" in capsys.readouterr().err


def test_debug_shows_where_an_error_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(config: Outer, console: Console) -> int:
        raise VlaSimError("broken")

    put_verb(monkeypatch, run)
    assert main(["work"]) == 2
    with pytest.raises(VlaSimError, match="broken"):
        main(["work", "--debug"])
    monkeypatch.setenv("VLA_SIM_DEBUG", "1")
    with pytest.raises(VlaSimError, match="broken"):
        main(["work"])


def test_the_verb_gets_the_settings_and_gives_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Outer] = []

    def run(config: Outer, console: Console) -> int:
        seen.append(config)
        return 7

    put_verb(monkeypatch, run)
    assert main(["work", "default", "--n-slots", "5"]) == 7
    assert seen == [Outer(n_slots=5)]


def test_asking_for_help_loads_neither_torch_nor_physics() -> None:
    program = (
        "import sys; from vla_sim.cli.main import main; main([]);"
        "print([m for m in ('torch', 'mujoco', 'numba', 'pyarrow') if m in sys.modules])"
    )
    started_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    took_s = time.perf_counter() - started_s
    assert done.stdout.splitlines()[-1] == "[]"
    assert took_s < 3.0, "a generous bound, for a machine that does other things as well"


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
