"""The demo: doctor, collect, align, bench, report, on the embedded defaults, in minutes."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from vla_sim.loop.aligning.align_run import AlignRun
from vla_sim.loop.aligning.closed_loop import align
from vla_sim.loop.aligning.monitor import Monitor
from vla_sim.loop.benching.bench import bench
from vla_sim.loop.benching.bench_run import BenchRun
from vla_sim.loop.collecting.collect import CollectRun, collect
from vla_sim.loop.paths import with_paths
from vla_sim.loop.policies import best_checkpoint
from vla_sim.loop.showing.reporting import ReportRun, write_run_report
from vla_sim.loop.showing.run_record import BENCH_FILE


@dataclass(frozen=True, kw_only=True)
class DemoRun:
    """Settings of the demo."""

    out: Path = Path("runs/demo")
    """Run folder; one that exists already gets a number."""
    collect: CollectRun = field(default_factory=lambda: CollectRun(episodes=8, n_slots=8))
    align: AlignRun = field(default_factory=AlignRun)
    bench: BenchRun = field(default_factory=BenchRun)

    def __post_init__(self) -> None:
        with_paths(self)


def demo(run: DemoRun, console: Console) -> Path:
    """Run the closed loop from end to end.

    Returns:
        The report.
    """
    began = time.monotonic()
    out = _free(run.out)

    console.rule("collect: experts show the tasks, a dataset for any trainer")
    collect(replace(run.collect, out=out / "data"), console)

    console.rule("align: simulators teach, simulators judge, one score decides")
    with Monitor(console) as monitor:
        folder = align(replace(run.align, out=out / "align"), monitor)
    best = best_checkpoint(folder.path)

    console.rule("bench: the kept model on unseen scenes, with every control arm")
    bench(replace(run.bench, policy=str(best), out=folder.path / BENCH_FILE), console)

    console.rule("report")
    report = write_run_report(
        ReportRun(
            runs=(folder.path,), out=out / "report.html", title="The closed loop, end to end"
        ),
        console,
    )
    console.print(f"{time.monotonic() - began:.0f} s in all", highlight=False)
    return report


def _free(path: Path) -> Path:
    """The path, or the first of path-2, path-3, ... that holds nothing."""
    candidate, n = path, 1
    while candidate.exists() and any(candidate.iterdir()):
        n += 1
        candidate = path.with_name(f"{path.name}-{n}")
    return candidate
