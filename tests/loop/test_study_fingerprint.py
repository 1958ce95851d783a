"""Equal settings have one fingerprint, and a measurement outlives settings that come after it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.loop.study_cells import values
from vla_sim.align.objective import Weights
from vla_sim.errors import DamagedFile
from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.studying.cell import Cell
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.fingerprint import DIGITS, fingerprint, holds, settled
from vla_sim.loop.studying.measured import MeasuredConfig
from vla_sim.recipes import align as recipes


@dataclass(frozen=True, kw_only=True)
class Plain:
    width: int = 3


@dataclass(frozen=True, kw_only=True)
class Deep:
    width: int = 3


@dataclass(frozen=True, kw_only=True)
class Run:
    out: Path = Path("here")
    rate: float = 0.5
    names: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    inner: Plain | Deep = field(default_factory=Plain)
    wide: Plain = field(default_factory=lambda: Plain(width=9))


@dataclass(frozen=True, kw_only=True)
class LaterRun(Run):
    """The same settings, and two that came afterwards."""

    late: int = 0
    late_inner: Plain | Deep = field(default_factory=Plain)


@dataclass(frozen=True, kw_only=True)
class MovedRun(Run):
    """The same settings, one of which has another default now."""

    rate: float = 0.6


@pytest.mark.parametrize(
    "same",
    [
        Run(out=Path("there")),
        LaterRun(),
        Run(rate=0.5, names=(), inner=Plain(width=3)),
    ],
)
def test_what_changes_no_setting_changes_no_fingerprint(same: Run) -> None:
    assert fingerprint({"run": same}) == fingerprint({"run": Run()})


def test_every_other_setting_has_a_fingerprint_of_its_own() -> None:
    runs = [
        Run(),
        Run(rate=0.25),
        Run(rate=1.0),
        Run(names=("a",)),
        Run(names=("a", "b")),
        Run(shares={"a": 1.0}),
        Run(inner=Plain(width=4)),
        Run(inner=Deep()),
        Run(inner=Deep(width=4)),
        Run(wide=Plain()),
        LaterRun(late=1),
        LaterRun(late_inner=Deep()),
    ]
    prints = [fingerprint({"run": run}) for run in runs]
    assert len(set(prints)) == len(runs)
    assert {len(print_) for print_ in prints} == {DIGITS}


def test_a_whole_number_is_one_however_it_is_written() -> None:
    typed: Any = 1
    assert fingerprint({"run": Run(rate=1.0)}) == fingerprint({"run": Run(rate=typed)})


def test_a_default_that_moved_makes_a_measurement_stale() -> None:
    """Fingerprints are equal, which is why all settings are compared besides."""
    before, after = {"run": Run()}, {"run": MovedRun()}
    assert fingerprint(before) == fingerprint(after)
    assert not holds(settled(before), settled(after), after)
    assert holds(settled(before), settled(before), before)


def test_a_measurement_knows_nothing_of_settings_that_came_after_it() -> None:
    before = settled({"run": Run()})
    for run, fits in ((LaterRun(), True), (LaterRun(late=1), False), (MovedRun(), False)):
        asked = {"run": run}
        assert holds(before, settled(asked), asked) == fits
    later = {"run": LaterRun()}
    assert not holds(settled(later), before, {"run": Run()}), "one that is gone"


def cell(run: AlignRun | None = None, arm: str = "base", **measured: Any) -> Cell:
    return Cell(arm=arm, seed=0, run=run or recipes.glance(), measured=MeasuredConfig(**measured))


def weighed(run: AlignRun, **weights: float) -> AlignRun:
    trainer = run.learner.trainer
    changed: Weights = replace(trainer.weights, **weights)
    trainer = replace(trainer, weights=changed)
    return replace(run, learner=replace(run.learner, trainer=trainer))


def test_a_cell_is_the_same_wherever_and_on_however_many_cores_it_is_measured() -> None:
    glance = recipes.glance()
    stations = replace(glance.simulators, crank=replace(glance.simulators.crank, n_threads=2))
    for same in (
        cell(arm="called otherwise"),
        cell(replace(glance, out=Path("elsewhere"), resume=True, n_processes=0)),
        cell(replace(glance, simulators=stations)),
    ):
        assert (same.key, same.training) == (cell().key, cell().training)


def test_a_cell_that_is_asked_otherwise_is_another_of_the_same_training() -> None:
    for other in (cell(episodes=7), cell(guidance=1.5), cell(ensemble=0.0)):
        assert other.key != cell().key
        assert other.training == cell().training
    for run in (replace(recipes.glance(), seed=1), weighed(recipes.glance(), cycle=0.0)):
        assert cell(run).training != cell().training


def test_the_store_gives_back_what_it_was_given(tmp_path: Path) -> None:
    store, one = CellStore(folder=tmp_path / "cells"), cell()
    assert store.read(one) is None
    made = replace(values(61), silent=("the term x taught nothing",))
    store.write(one, values=made)
    outcome = store.read(one)
    assert outcome is not None and outcome.values is not None
    assert asdict(outcome.values) == asdict(made)
    assert not outcome.failure
    store.write(one, failure="OSError: no")
    failed = store.read(one)
    assert failed is not None and failed.values is None and failed.failure == "OSError: no"


def test_a_cell_of_other_settings_is_not_there(tmp_path: Path) -> None:
    store, one = CellStore(folder=tmp_path), cell()
    store.write(one, values=values(61))
    held = store.path(one).read_text(encoding="utf-8")
    store.path(one).write_text(held.replace('"max_updates": 40', '"max_updates": 41'))
    assert store.read(one) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{}", "says None, not 'vla-sim study cell 1'; delete it"),
        ("{", "cannot be read as JSON"),
        ("[]", "not a JSON object"),
    ],
)
def test_a_damaged_cell_is_named(tmp_path: Path, wrong: str, said: str) -> None:
    store, one = CellStore(folder=tmp_path), cell()
    store.path(one).write_text(wrong)
    with pytest.raises(DamagedFile, match=said):
        store.read(one)


def test_values_that_are_missing_from_a_cell_are_named(tmp_path: Path) -> None:
    store, one = CellStore(folder=tmp_path), cell()
    store.write(one, values=values(61))
    text = store.path(one).read_text(encoding="utf-8")
    store.path(one).write_text(text.replace('"updates": 1000', '"updats": 1000'))
    with pytest.raises(DamagedFile, match=r"is damaged .*updats.*; delete it"):
        store.read(one)
