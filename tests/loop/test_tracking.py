"""Trackers are told what a run writes down, and cost nothing where none is named.

TensorBoard is the real one; of trackio and wandb only the calls are held, by a module in their
place.
"""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from vla_sim.errors import BadConfig, MissingExtra, UnknownName
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.tracking import tracker
from vla_sim.loop.tracking.tracker import Nobody, check_tracker, numbers_in, tracking


def _bench(**settings: Any) -> BenchRun:
    return BenchRun(
        policy="zero",
        tasks=("Reach",),
        arms=("correct", "empty"),
        episodes=2,
        gallery=0,
        n_processes=0,
        **settings,
    )


def test_tensorboard_holds_the_rates_of_a_benchmark(tmp_path: Path) -> None:
    read = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    report = bench(_bench(track="tensorboard", out=tmp_path / "zero"), Console(quiet=True))
    events = read.EventAccumulator(str(tmp_path / "zero" / "tensorboard"))
    events.Reload()
    (told,) = events.Scalars("bench/Reach/spl")
    assert told.value == pytest.approx(report.tasks[0].means["spl"].value)
    assert "bench/Reach/empty/success_at_end" in events.Tags()["scalars"]


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_the_others_are_called_as_they_ask(
    name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, Any]] = []
    module = SimpleNamespace(
        init=lambda **named: said.append(("init", named)),
        log=lambda numbers, step: said.append(("log", (numbers, step))),
        finish=lambda: said.append(("finish", None)),
        __spec__=SimpleNamespace(),
    )
    monkeypatch.setitem(sys.modules, name, module)
    with tracking(name, tmp_path / "mine", project="vla-sim-align") as one:
        assert said == [], "a run that is refused leaves nothing behind"
        one.log({"train/total": 0.5}, 25)
    assert said == [
        ("init", {"project": "vla-sim-align", "name": "mine"}),
        ("log", ({"train/total": 0.5}, 25)),
        ("finish", None),
    ]


def test_what_is_not_there_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="no tracker 'mlflow'"):
        _bench(track="mlflow")
    monkeypatch.setattr(tracker, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"vla-sim\[wandb\]"):
        check_tracker("wandb")
    monkeypatch.undo()
    pytest.importorskip("tensorboard")
    with pytest.raises(BadConfig, match="give --out"):
        _bench(track="tensorboard")


def test_only_finite_numbers_are_told() -> None:
    row = {"step": 3, "stage": "one", "total": float("nan"), "behaviour": 0.25, "kept": True}
    assert numbers_in(row, under="train") == {"train/step": 3.0, "train/behaviour": 0.25}


def test_nothing_is_loaded_where_none_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; import vla_sim.loop.benching.bench; import vla_sim.loop.tracking.tracker; "
        "print([n for n in ('tensorboard', 'wandb', 'trackio', 'torch') if n in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
    with tracking("", tmp_path / "mine", project="p") as one:
        assert isinstance(one, Nobody)
        one.log({"a": 1.0}, 0)
    assert not (tmp_path / "mine").exists()
