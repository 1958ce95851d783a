"""The command and whoever typed it: interrupts, terminals, readers that go away."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.toy_settings import Outer, said_error
from vla_sim.cli import bench, verbs
from vla_sim.cli import main as entry
from vla_sim.cli.main import main
from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb
from vla_sim.errors import VlaSimError
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.records.reports import Estimate, EvalReport, TaskReport

Capture = pytest.CaptureFixture[str]


@dataclass(frozen=True, kw_only=True)
class Work(Outer):
    """What can be gone on with."""

    out: Path = Path("runs/work")
    resume: bool = False


def put_verb(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[Work, Console], int], resumes_in: str = ""
) -> None:
    """Put one verb, "work", into the table."""
    recipes: Mapping[str, Callable[[], Work]] = {"default": Work}
    verb = Verb(
        summary="",
        example="work",
        recipes=lambda: recipes,
        run=run,
        resumes=True,
        resumes_in=resumes_in,
    )
    monkeypatch.setattr(verbs, "VERBS", {"work": verb})


def test_ctrl_c_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def run(config: Work, console: Console) -> int:
        raise KeyboardInterrupt

    put_verb(monkeypatch, run)
    assert main(["work", "--n-slots", "3"]) == 130
    assert "go on with: vla-sim work --n-slots 3 --resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "runs/x"], "go on with: vla-sim work --out runs/x --resume"),
        (["--out=runs/x"], "go on with: vla-sim work --out=runs/x --resume"),
        (["--out", "x.json"], "nothing is left half-done; again: vla-sim work --out x.json"),
        (["--out=x.json"], "nothing is left half-done"),
        (["--out", "runs/y"], "nothing was begun; again: vla-sim work --out runs/y\n"),
        ([], "nothing is left half-done"),
    ],
)
def test_ctrl_c_says_to_go_on_only_where_a_folder_is(
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    words: list[str],
    says: str,
    tmp_path: Path,
) -> None:
    def run(config: Work, console: Console) -> int:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    Path("runs/x").mkdir(parents=True)
    Path("runs/x/run.json").touch()
    put_verb(monkeypatch, run, resumes_in="--out")
    assert main(["work", *words]) == 130
    assert says in capsys.readouterr().err


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


def test_a_result_older_than_a_metric_is_shown() -> None:
    known = Estimate(value=1.0, n=1, low=0.2, high=1.0)
    task = TaskReport(
        task_id="vla_sim/Reach-v1",
        arm="correct",
        rates={"success_at_end": known},
        means=dict.fromkeys(("spl", "time_s", "instructions_completed"), known),
        guess_rate=0.5,
    )
    told = io.StringIO()
    report = EvalReport(protocol="bench-v1-0", step=0, elapsed_s=0.0, tasks=(task,))
    bench.show(report, Console(file=told, width=120))
    assert "100 %" in told.getvalue() and "came late" not in told.getvalue()
