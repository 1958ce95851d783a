"""What does the alignment buy? What acts on the aligned space, many tasks in one model, and arms.

`python -m benchmarks.alignment` measures the cells that are missing, one after the other; `--only`
names some of them, so that two processes can share the work. `make claims CLAIMS=alignment` turns
the cells into rows; `--show` prints the rows whose cells are there, and measures nothing.
"""

import argparse
import sys
from collections.abc import Callable, Iterator

import numpy as np
from rich.console import Console

from benchmarks import alignment_worth, many_tasks
from benchmarks.alignment_cells import (
    CELLS,
    GUIDANCE,
    GUIDED_ARMS,
    PROPOSALS,
    VERIFIED_ARMS,
    detector,
    guided,
    progress,
    retrieval,
    verifier,
)
from benchmarks.over_seeds import Reports, over_tasks, rate, spread
from benchmarks.repeat import SEEDS, training
from benchmarks.row import Row, add_show, percent, points, there, told
from vla_sim.envs.suites import CORE, SPINE
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.eval.statistics import mcnemar, paired_difference
from vla_sim.records.manner import MANNERS
from vla_sim.records.reports import Estimate


def verifier_rows(console: Console) -> Iterator[Row]:
    """Does it pay to propose?"""
    found = verifier(console)
    for arm in VERIFIED_ARMS:
        agreed, one = (
            [hit for task_id in CORE for hit in found[arm][who][task_id]]
            for who in ("agreed", "one")
        )
        gain, has_bar = paired_difference(agreed, one), arm == "correct"
        yield Row(
            name=f"{PROPOSALS} proposals against one, core model, {arm}, {gain.n} pairs",
            value=f"{points(gain)} from {100 * np.mean(one):.1f} %, p = {mcnemar(agreed, one):.2g}",
            bar=">= +3 points, lower bound > 0" if has_bar else "printed",
            holds=not has_bar or (gain.value >= 0.03 and gain.low > 0.0),
        )


def detector_rows(console: Console) -> Iterator[Row]:
    """Does it know before it ends?"""
    found = detector(console)
    bars = {"failure at half the horizon": 0.85, "mismatch": 0.95}
    for what, values in found["auroc"].items():
        area = Estimate(**values)
        bar = next((bar for name, bar in bars.items() if what.startswith(name)), None)
        yield Row(
            name=f"AUROC, {what}, held-out episodes of the core model, n = {area.n}",
            value=f"{area.value:.3f} [{area.low:.3f}, {area.high:.3f}]",
            bar="printed" if bar is None else f">= {bar}",
            holds=bar is None or area.value >= bar,
        )
    yield Row(
        name="median time from an alarm to the end of an episode that failed",
        value="no alarm" if found["lead_s"] is None else f"{found['lead_s']:.1f} s",
        bar="printed",
        holds=True,
    )


def retrieval_rows(console: Console) -> Iterator[Row]:
    """What the space alone can do."""
    report, decoder = retrieval(console), training(0, console)
    for task in report.tasks:
        name, value = short_name(task.task_id), task.rates["success_at_end"]
        has_bar = name.startswith(("Reach", "DriveToGoal"))
        beside = 100 * rate(decoder, task.task_id, "correct")
        yield Row(
            name=f"retrieval policy, {name}, n = {value.n}",
            value=f"{percent(value)}, the decoder {beside:.0f} %",
            bar=">= 60 %" if has_bar else "printed",
            holds=not has_bar or value.value >= 0.60,
        )


def guidance_rows(console: Console) -> Iterator[Row]:
    """What leading away from silence does under each arm."""
    for weight in GUIDANCE:
        report = guided(weight, console)
        said = ", ".join(
            f"{arm} {100 * over_tasks({0: report}, SPINE, arm)[0]:.1f} %" for arm in GUIDED_ARMS
        )
        yield Row(name=f"guidance {weight:g}, success", value=said, bar="printed", holds=True)


def motion_rows(console: Console) -> Iterator[Row]:
    """How the default model moves, over seeds."""
    yield from arm_rows({seed: training(seed, console) for seed in SEEDS})


def arm_rows(reports: Reports) -> Iterator[Row]:
    """How the arm moves: Lift's manners, and comfort where nobody said "quickly"."""
    lift = over_tasks(reports, [task_id_of("Lift")], "correct", "manner_kept")
    yield Row(
        name="Lift, manner kept",
        value=spread(lift),
        bar="mean >= 80 %",
        holds=float(np.mean(list(lift.values()))) >= 0.80,
    )
    arm_tasks = [task_id_of(name) for name in ("Reach", "Lift")]
    of_manner = [
        over_tasks(reports, arm_tasks, "correct", f"comfortable/{manner}")
        for manner in MANNERS
        if manner != "quickly"
    ]
    calm = {seed: float(np.mean([found[seed] for found in of_manner])) for seed in reports}
    yield Row(
        name="Reach and Lift, comfortable, mean over the manners that are not quickly",
        value=spread(calm),
        bar="mean >= 60 %",
        holds=float(np.mean(list(calm.values()))) >= 0.60,
    )


def progress_rows(console: Console) -> Iterator[Row]:
    """Does the potential rise?"""
    for task_id, rises in progress(console).items():
        yield Row(
            name=f"progress over time on successes of {short_name(task_id)}, n = {len(rises)}",
            value=f"Spearman's rho {np.mean(rises):.2f} in the mean" if rises else "no success",
            bar="printed",
            holds=True,
        )


ROWS: dict[str, Callable[[Console], Iterator[Row]]] = {
    "core": many_tasks.core_rows,
    "pick": many_tasks.pick_rows,
    "verifier": verifier_rows,
    "detector": detector_rows,
    "retrieval": retrieval_rows,
    "guidance": guidance_rows,
    "labels": alignment_worth.label_rows,
    "wording": alignment_worth.wording_rows,
    "priors": alignment_worth.prior_rows,
    "motion": motion_rows,
    "progress": progress_rows,
}
"""{measurement: its rows; cells that are missing are measured first}."""


def shown(console: Console, *, former: bool) -> Iterator[Row]:
    """The rows whose cells are there, see `there`; nothing is measured."""
    for rows in ROWS.values():
        yield from there(rows(console), former=former)


def main() -> int:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(CELLS), help="cells to measure")
    add_show(parser)
    said = parser.parse_args()
    console = Console()
    if said.show:
        told(shown(console, former=said.former))
        return 0
    for name in said.only or CELLS:
        console.rule(name)
        CELLS[name](console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
