"""`vla-sim demo`: the closed loop from end to end."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli import doctor
from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb
from vla_sim.disk.outlet import check_outlet

if TYPE_CHECKING:
    from vla_sim.loop.demo import DemoRun


def recipes() -> "Mapping[str, Callable[[], DemoRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("demo")


def run(config: "DemoRun", console: Console) -> int:
    """Doctor first; then everything, and where the report lies."""
    if not config.out.is_dir():  # one that holds something gets a number
        check_outlet(config.out, is_folder=True)
    console.rule("doctor: what works here")
    status = doctor.run(doctor.default(), console)
    if status:
        return status
    from vla_sim.cli.bench import show
    from vla_sim.eval.report_file import from_json
    from vla_sim.loop.demo import demo
    from vla_sim.loop.showing.run_record import BENCH_FILE

    report = demo(config, console)
    measured = report.parent / "align" / BENCH_FILE
    show(from_json(measured.read_text(encoding="utf-8")), console)
    tell(console, f"report: {report.resolve()}")
    return 0


VERB: "Verb[DemoRun]" = Verb(
    summary="Doctor, collect, align, bench and report in one go, on the embedded defaults.",
    first=(
        "out",
        "collect.episodes",
        "align.seed",
        "align.tasks",
        "align.max-updates",
        "align.max-seconds",
        "bench.episodes",
        "bench.tasks",
    ),
    example="demo",
    recipes=recipes,
    run=run,
)
