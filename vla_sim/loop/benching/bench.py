"""Bench: a policy under a protocol, on all cores, with every control arm."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from vla_sim.disk import atomic
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.task_table import TaskTable
from vla_sim.errors import RunFolderError
from vla_sim.eval.protocol import differences
from vla_sim.eval.report_file import to_json
from vla_sim.loop.aligning.judge import retrieve
from vla_sim.loop.benching.bench_run import MAY_CHANGE, BenchRun
from vla_sim.loop.benching.provenance import require_alike, require_as_begun
from vla_sim.loop.benching.result import (
    Result,
    is_result,
    read_result,
    read_shard,
    result_of,
    write_result,
)
from vla_sim.loop.benching.row_store import RowStore, clear
from vla_sim.loop.benching.shard import Shard
from vla_sim.loop.benching.stated import require_measurable
from vla_sim.loop.benching.team import Team, check_workers
from vla_sim.loop.evaluation import gallery_plan
from vla_sim.loop.opening import goes_on, opened, refuse_place
from vla_sim.loop.outsiders import try_out
from vla_sim.loop.policies import best_checkpoint, learned
from vla_sim.loop.run_folder import BEGUN
from vla_sim.loop.simulating.simulators import SimulatorsConfig, StationConfig
from vla_sim.loop.tracking.reports import numbers_of
from vla_sim.loop.tracking.tracker import tracking
from vla_sim.records.reports import EvalReport

VERB = "bench"


def bench(run: BenchRun, console: Console) -> EvalReport:
    """Run the protocol; the report does not depend on the number of processes.

    Raises:
        UnknownName: If there is no such policy or task, or what an axis needs is not there.
        RenderBackendError: If a renderer does not work here.
        RunFolderError: If the result cannot be written, or the folder holds something else.
        DamagedFile: If what an interrupted run left cannot be read back.
    """
    assert not run.shard, "a share of a protocol has no report"
    check_workers(run.n_processes, run.executor)
    card = run.card()
    return reported(run, benched(run, console), card)


def reported(run: BenchRun, result: Result, card: Mapping[str, str]) -> EvalReport:
    """A result's numbers with the whole card, in a file of their own where the run names one.

    Raises:
        RunFolderError: If it cannot be written.
    """
    report = result.report
    report = replace(report, run_card={**card, **report.run_card})
    if run.out is not None and run.folder is None:
        write_report_file(report, run.out)
    with tracking(run.track, run.out or Path(run.policy), project="vla-sim-bench") as tracker:
        tracker.log(numbers_of(report, under="bench"), 0)
    return report


def benched(run: BenchRun, console: Console, *, checked: bool = False) -> Result:
    """What `bench` reports, episode by episode; in its folder where the run names one.

    Args:
        run: What is measured.
        console: Where progress is told.
        checked: `require_measurable` was asked before.

    Raises:
        As `bench`.
    """
    if run.folder is not None:
        return bench_into(run, run.folder, console, checked=checked)
    check_workers(run.n_processes, run.executor)
    if run.out is not None:
        check_outlet(run.out)
    return _measured(run, run.card(), console, checked=checked)


def bench_into(run: BenchRun, folder: Path, console: Console, *, checked: bool = False) -> Result:
    """Run the protocol, or a share of it, into a folder, from where it was left.

    Args:
        run: What is measured.
        folder: Where its rows go.
        console: Where progress is told.
        checked: `require_measurable` was asked before.

    Raises:
        As `bench`, and
        ProtocolMismatch: If the folder holds a finished result under another protocol.
    """
    check_workers(run.n_processes, run.executor)
    if run.resume and not (folder / BEGUN).exists() and is_result(folder):
        return _finished(run, folder)
    resume = goes_on(folder, console, asked=run.resume)
    refuse_place(folder, run, verb=VERB, resume=resume, may=MAY_CHANGE)
    card = run.card()
    if resume:
        require_as_begun(folder, card)
    with opened(folder, run, verb=VERB, resume=resume, card=card):
        result = _measured(run, card, console, checked=checked)
        write_result(folder, result, card)
        _film(run, folder, result)
        (folder / BEGUN).unlink()
        clear(folder)
    return result


def _finished(run: BenchRun, folder: Path) -> Result:
    """What is there already, where nothing is left to do."""
    clear(folder)
    result = read_shard(folder) if run.shard else read_result(folder)
    held, asked = result.protocol, run.measurement.protocol
    if held.stamp != asked.stamp:
        raise RunFolderError(
            f"{folder} is finished, under another protocol: {differences(held.card, asked.card)}; "
            "give another --out"
        )
    if result.policy != str(run.choice) or str(result.shard or "") != run.shard:
        raise RunFolderError(
            f"{folder} holds another result, of {result.policy}; give another --out"
        )
    require_alike(folder, result.card, run.card())
    _film(run, folder, result)
    return result


def _film(run: BenchRun, folder: Path, result: Result) -> None:
    """The films that are asked for."""
    if run.films:
        # Here, because measuring draws nothing for people.
        from vla_sim.loop.showing.result_films import film_result

        film_result(folder, result.rows, run.films, run.choice, run.measurement.crank)


def _measured(run: BenchRun, card: Mapping[str, str], console: Console, *, checked: bool) -> Result:
    measurement = run.measurement
    if not checked:
        require_measurable(run.stated, measurement)
    shard = Shard.read(run.shard) if run.shard else None
    plan = measurement.plan if shard is None else shard.of(measurement.plan)
    store = RowStore(run.folder, measurement.bodies)
    try_out(run.choice, run.task_ids, measurement.crank)
    retrieval = None
    with open_team(run) as team:
        if run.gallery and run.is_folder and (shard is None or shard.k == 1):
            # First, so that what cannot be measured is refused before the episodes run.
            model = learned(best_checkpoint(Path(run.policy)))
            gallery = team.gallery(gallery_plan(run.task_ids, run.gallery, run.shift))
            retrieval = retrieve(model, gallery, TaskTable.of(run.task_ids))
        if run.until.width:
            team.run_until_narrow(run.choice, plan, run.until, store, console)
        else:
            team.run_all(run.choice, plan, store, console)
    return result_of(
        measurement.protocol,
        store.rows,
        card,
        retrieval=retrieval,
        shard=shard,
    )


def open_team(run: BenchRun, *, in_rounds: bool = False) -> AbstractContextManager[Team]:
    """The simulators of a benchmark, see `Team.open`."""
    config = SimulatorsConfig(
        task_ids=run.task_ids,
        stations=StationConfig(n_slots=run.n_slots, crank=run.measurement.crank),
        table=TaskTable.of(run.task_ids),
    )
    keeps = run.folder is not None
    return Team.open(
        config, run.n_processes, keeps=keeps, in_rounds=in_rounds, executor=run.executor
    )


def write_report_file(report: EvalReport, path: Path) -> None:
    """Replace a report's JSON file in one step.

    Raises:
        RunFolderError: If it cannot be written.
    """
    atomic.write_text(path, to_json(report))
