"""A benchmark is a file: it gives the same bytes, and nothing beside it may say otherwise."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vla_sim.cli.main import main
from vla_sim.errors import (
    BadConfig,
    DamagedFile,
    ProtocolMismatch,
    RetiredName,
    RunFolderError,
    VlaSimError,
)
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.benching.freezing import FreezeRun, freeze
from vla_sim.loop.benching.frozen import Frozen, read_frozen, to_json
from vla_sim.loop.benching.listing import ListRun, list_conditions
from vla_sim.loop.benching.parts import parts
from vla_sim.loop.benching.result import read_result
from vla_sim.loop.benching.stated import require_measurable, stated_by
from vla_sim.recipes.protocol import FREEZES

QUIET = Console(quiet=True)
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small benchmark, frozen."""
    path = tmp_path_factory.mktemp("frozen") / "small.json"
    freeze(
        FreezeRun(
            name="small", tasks=("KeepLane",), episodes=2, arms=("correct", "empty"), out=path
        )
    )
    return path


def asked(file: Path, **changes: Any) -> BenchRun:
    """A benchmark by the file."""
    stated = stated_by(file, None)
    assert stated is not None
    return replace(stated.applied(BenchRun(policy="zero", n_processes=0)), **changes)


def written(folder: Path, frozen: Frozen, name: str = "p.json") -> Path:
    """Another file, whose digest is its own."""
    path = folder / name
    path.write_text(to_json(frozen))
    return path


def test_what_is_frozen_reads_back_equal_and_is_never_replaced(file: Path) -> None:
    frozen = read_frozen(file)
    (protocol,) = frozen.protocols
    assert (protocol.tasks, protocol.n_episodes) == (("vla_sim/KeepLane-v0",), 2)
    assert to_json(frozen) == file.read_text()
    assert frozen.digest in file.read_text()
    with pytest.raises(RunFolderError, match="is there already, and results may name its digest"):
        freeze(FreezeRun(out=file))


def test_a_result_by_the_file_is_that_of_the_same_settings_and_names_the_digest(
    file: Path, tmp_path: Path
) -> None:
    bench(asked(file, out=tmp_path / "by-file"), QUIET)
    typed = BenchRun(
        policy="zero",
        tasks=("KeepLane",),
        episodes=2,
        arms=("correct", "empty"),
        n_processes=0,
        out=tmp_path / "typed",
    )
    bench(typed, QUIET)
    one, two = read_result(tmp_path / "by-file"), read_result(tmp_path / "typed")
    assert one.rows == two.rows
    assert one.protocol == two.protocol
    assert one.report.run_card["frozen"] == read_frozen(file).stamp
    assert "frozen" not in two.report.run_card


@pytest.mark.parametrize("name", ["ood-engine", "long"])
def test_every_kind_of_suite_is_frozen_and_cut_as_it_is_run(name: str, tmp_path: Path) -> None:
    run = replace(FREEZES[name](), out=tmp_path / "p.json")
    frozen = freeze(run)
    stated = stated_by(run.out, None)
    assert stated is not None
    cut = parts(stated.applied(BenchRun(policy="zero", out=tmp_path / "r")))
    direct = parts(replace(run.bench, out=tmp_path / "r"))
    assert [p.measurement.protocol for p in cut] == [p.measurement.protocol for p in direct]
    assert [p.out for p in cut] == [p.out for p in direct]
    assert tuple(p.measurement.protocol for p in cut) == frozen.protocols
    for part in cut:
        require_measurable(part.stated, part.measurement)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"episodes": 3}, r"episodes is 3, and there 2"),
        ({"arms": ("correct",)}, r"arms is correct, and there correct empty"),
        ({"tasks": ("Lift",)}, r"tasks is vla_sim/Lift-v1, and there vla_sim/KeepLane-v0"),
        ({"axis": "light", "severity": 1}, r"axis is light, and there empty; severity is 1"),
        ({"first_seed": 7}, r"first_seed is 7, and there 10000"),
        ({"gallery": 0}, r"gallery is 0, and there 66"),
        ({"suite": "core"}, r"suite is core, and there empty"),
    ],
)
def test_a_setting_that_contradicts_is_refused_with_both_values(
    file: Path, change: dict[str, Any], match: str
) -> None:
    with pytest.raises(BadConfig, match=match):
        asked(file, **change)


def test_the_command_line_refuses_it_too_even_where_it_types_the_default(
    file: Path, capsys: Capture
) -> None:
    by = ["bench", "--protocol", str(file), "--policy", "zero"]
    for words, match in (
        (["--episodes", "100"], "episodes is 100, and there 2"),
        (["--crank.image-size", "32"], "crank.image_size is 32, and there 64"),
        (["--until-width", "0.2"], "leave one of the two away"),
    ):
        assert main([*by, *words]) == 2
        assert match in capsys.readouterr().err
    assert main(["bench", "core", *by[1:]]) == 2
    assert "suite is core, and there empty" in capsys.readouterr().err


def test_an_equal_setting_beside_it_is_taken_and_the_rest_is_free(file: Path) -> None:
    run = asked(file, episodes=2, n_slots=3, policy="random")
    assert run.measurement.protocol == asked(file).measurement.protocol


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    read = json.loads(path.read_text())
    change(read)
    path.write_text(json.dumps(read))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda f: f.update(gallery=3), r"p\.json was edited: it says that its digest is"),
        (lambda f: f.update(name="else"), r"was edited"),
        (lambda f: f["protocols"][0].update(n_episodes=3), r"protocol 0: this protocol was edited"),
        (lambda f: f["protocols"][0].update(wind=3), r"protocol 0: a protocol has no field 'wind'"),
        (lambda f: f.update(wind=3), r"a frozen protocol has no field 'wind'"),
        (lambda f: f["crank"].update(wind=3), r"crank: .*unexpected keyword argument 'wind'"),
        (lambda f: f.pop("crank"), r"crank is missing"),
        (lambda f: f.update(gallery="many"), r"gallery is 'many', no int"),
        (lambda f: f.update(protocols=[]), r"without protocols measures nothing"),
        (lambda f: f.update(format="vla-sim frozen protocol 2"), r"says 'vla-sim frozen prot.* 2'"),
    ],
)
def test_a_file_that_was_edited_is_refused_by_name(
    file: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], match: str
) -> None:
    path = tmp_path / "p.json"
    path.write_text(file.read_text())
    edited(path, change)
    with pytest.raises(DamagedFile, match=match):
        asked(path)


def test_what_is_no_protocol_is_refused(tmp_path: Path) -> None:
    for name, text, match in (
        ("a.json", "{", "cannot be read as JSON"),
        ("b.json", "[1]", "says None, not"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(DamagedFile, match=match):
            asked(tmp_path / name)
    with pytest.raises(DamagedFile, match=r"none\.json cannot be read"):
        asked(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        ({"tasks": ("vla_sim/Reach-v0",)}, RetiredName, r"p\.json: task .*Reach-v0' is retired"),
        ({"tasks": ("vla_sim/Fly-v0",)}, VlaSimError, r"p\.json: no task 'vla_sim/Fly-v0'"),
        ({"tasks": ("KeepLane",)}, BadConfig, r"KeepLane are not all ids of tasks"),
        ({"arms": ("shouted",)}, VlaSimError, r"no arm 'shouted'"),
        ({"engine": "mujoco 3.0.0"}, ProtocolMismatch, r"engine: mujoco 3\.0\.0 against mujoco"),
        ({"renderer": "raycast-v9"}, ProtocolMismatch, r"renderer: raycast-v9 against"),
        ({"metrics": 9}, ProtocolMismatch, r"frozen against here: metrics: 9 against 1$"),
        ({"version": 2}, ProtocolMismatch, r"version: 2 against 1"),
    ],
)
def test_a_sound_file_that_cannot_be_measured_here_is_refused_before_any_work(
    file: Path, tmp_path: Path, change: dict[str, Any], kind: type[VlaSimError], match: str
) -> None:
    frozen = read_frozen(file)
    (protocol,) = frozen.protocols
    path = written(tmp_path, replace(frozen, protocols=(replace(protocol, **change),)))
    with pytest.raises(kind, match=match):
        bench(asked(path, out=tmp_path / "r"), QUIET)
    assert not (tmp_path / "r").exists()
    with pytest.raises(kind, match=match):
        list_conditions(ListRun(sources=(path,), out=tmp_path / "listed.json"))


def test_show_says_what_is_in_it_and_whether_it_runs_here(
    file: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["protocol", "show", str(file)]) == 0
    out = capsys.readouterr().out
    assert "protocol small" in out
    assert "4 episodes: seeds 10000 to 10001" in out
    assert "it can be measured here" in out
    frozen = read_frozen(file)
    other = replace(frozen, protocols=(replace(frozen.protocols[0], engine="mujoco 3.0.0"),))
    assert main(["protocol", "show", str(written(tmp_path, other))]) == 1
    assert "cannot be measured here" in capsys.readouterr().out
    assert main(["protocol", "thaw", str(file)]) == 2
    assert "no verb 'protocol thaw'" in capsys.readouterr().err


def test_a_terminal_of_80_columns_shows_stamps_and_tasks_whole(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tasks = ["Lift", "TurnAtIntersection", "TurnAtIntersectionTee", "DriveToGoalRelations"]
    out = str(tmp_path / "p.json")
    assert main(["protocol", "freeze", "--tasks", *tasks, "--out", out]) == 0
    shown = capsys.readouterr().out
    stamp = read_frozen(Path(out)).protocols[0].stamp
    assert all(word in shown for word in (stamp, *tasks))
    assert all(len(line) <= 80 for line in shown.split(" episodes: ")[0].splitlines())


def test_what_cannot_be_frozen_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="shield is 'limits'"):
        run = FreezeRun()
        replace(run, crank=replace(run.crank, shield="limits"))
    with pytest.raises(BadConfig, match="name is ''"):
        FreezeRun(name="")
    with pytest.raises(BadConfig, match=r"a frozen protocol is a \.json file"):
        FreezeRun(out=tmp_path / "p.toml")
    with pytest.raises(BadConfig, match="the suite 'core' has no"):
        FreezeRun(suite="core", tasks=("ReachRelations",))
