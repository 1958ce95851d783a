"""What alignment and priors are worth: rows of a few arms of `vla-sim study ablation`.

A part of `benchmarks.alignment`. The cells are the study's own, on two tasks and from three seeds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rich.console import Console

from benchmarks.cells import NotMeasured, may_measure
from benchmarks.row import Row, points
from vla_sim.loop.studying.arms import BASE
from vla_sim.loop.studying.cell_store import CellStore
from vla_sim.loop.studying.comparison import Cells, Comparison, compare, spread
from vla_sim.loop.studying.measures import MEASURES
from vla_sim.loop.studying.study import study
from vla_sim.loop.studying.summary import summary
from vla_sim.recipes.study import ablation
from vla_sim.records.reports import Estimate

UNALIGNED = "no-alignment-longer"
FEW_LABELS = "few-labels"
FEW_LABELS_UNALIGNED = "few-labels-no-alignment"
NO_PRIORS = "no-priors"
WORDINGS = ("success", "held-out", "zh")
MOTION = ("manner", "comfort", "violations")


def cells_of(console: Console, *arms: str) -> Mapping[str, Cells]:
    """{arm: its cells}, measured where they are missing.

    Raises:
        NotMeasured: If one is missing inside `reading_only`.
    """
    run = replace(ablation(), only=arms)
    if may_measure():
        study(run, console)
    found = {arm.name: arm for arm in summary(run, CellStore(folder=run.cells_folder)).arms}
    for name in arms:
        missing = [seed for seed in run.seeds if seed not in found[name].values]
        if missing:
            raise NotMeasured(f"study ablation, {name}, seeds {' '.join(map(str, missing))}")
    return {name: found[name].values for name in arms}


def label_rows(console: Console) -> Iterator[Row]:
    """Are words and pictures worth labels of actions?"""
    cells = cells_of(console, FEW_LABELS, FEW_LABELS_UNALIGNED)
    gain = _difference(cells[FEW_LABELS], cells[FEW_LABELS_UNALIGNED], "success")
    yield Row(
        name="chunk labels on 1/8 of the rows: aligned less unaligned, equal time, 3 seeds",
        value=f"{_beside(cells[FEW_LABELS], cells[FEW_LABELS_UNALIGNED], 'success')}: "
        f"{points(_seeds(gain))}",
        bar=">= +5 points wanted",
        holds=gain.mean >= 0.05,
    )


def wording_rows(console: Console) -> Iterator[Row]:
    """Does alignment carry over to other words?"""
    cells = cells_of(console, BASE, UNALIGNED)
    for name in WORDINGS:
        gain = _difference(cells[BASE], cells[UNALIGNED], name)
        yield Row(
            name=f"all labels, {MEASURES[name].en}: aligned less unaligned, equal time, 3 seeds",
            value=f"{_beside(cells[BASE], cells[UNALIGNED], name)}: {points(_seeds(gain))}",
            bar="printed",
            holds=True,
        )


def prior_rows(console: Console) -> Iterator[Row]:
    """Do the priors bind?"""
    cells = cells_of(console, BASE, NO_PRIORS)
    for name in MOTION:
        gain, better = _difference(cells[BASE], cells[NO_PRIORS], name), MEASURES[name].better
        seeds = _seeds(gain)
        yield Row(
            name=f"{MEASURES[name].en}: with priors less without, 3 seeds",
            value=f"{_beside(cells[BASE], cells[NO_PRIORS], name)}: {points(seeds)}",
            bar="better, the interval leaves 0 out",
            holds=seeds.low > 0.0 if better > 0 else seeds.high < 0.0,
        )


def _difference(one: Cells, other: Cells, name: str) -> Comparison:
    found = compare(one, other, name)
    assert found is not None, "cells of the same seeds have the same measures"
    return found


def _seeds(found: Comparison) -> Estimate:
    assert found.seeds is not None, "there are three"
    return found.seeds


def _beside(one: Cells, other: Cells, name: str) -> str:
    means = [spread(cells, MEASURES[name]) for cells in (one, other)]
    return " against ".join("-" if m is None else f"{100 * m.mean:.1f} %" for m in means)
