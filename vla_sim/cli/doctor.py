"""`vla-sim doctor`: what works on this machine, and what to do about what does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_sim.cli.verb import Verb


@dataclass(frozen=True, kw_only=True)
class DoctorRun:
    """Settings of `doctor`: there are none."""


def default() -> DoctorRun:
    """Look at everything."""
    return DoctorRun()


def recipes() -> Mapping[str, Callable[[], DoctorRun]]:
    """There is one."""
    return {"default": default}


def run(config: DoctorRun, console: Console) -> int:
    """Look, report; 1 if something that the defaults need does not work."""
    from vla_sim.physics.doctor import probe

    with console.status("looking at this machine"):
        checks = probe()
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("", "what", "found"):
        table.add_column(column, overflow="fold")
    for check in checks:
        mark = "[green]ok[/]" if check.ok else "[red]NO[/]" if check.required else "[dim]-[/]"
        found = escape(check.detail)
        if check.remedy:
            found += f"\n[{'yellow' if check.required else 'dim'}]{escape(check.remedy)}[/]"
        table.add_row(mark, escape(check.name), found)
    console.print(table)
    broken = [check.name for check in checks if check.required and not check.ok]
    if broken:
        console.print(f"[red]not ready:[/] {escape(', '.join(broken))}; see the remedies above")
        return 1
    console.print("[green]ready:[/] everything that the defaults need works here")
    return 0


VERB: Verb[DoctorRun] = Verb(
    summary="Check what works on this machine: versions, threads, renderers.",
    example="doctor",
    recipes=recipes,
    run=run,
)
