"""`vla-sim protocol freeze`, `show` and `conditions`: what is measured, as files."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from vla_sim.cli.saying import tell, typed
from vla_sim.cli.verb import Verb
from vla_sim.loop.paths import with_paths

if TYPE_CHECKING:
    from vla_sim.eval.condition import Condition
    from vla_sim.loop.benching.freezing import FreezeRun
    from vla_sim.loop.benching.frozen import Frozen
    from vla_sim.loop.benching.listing import ListRun


@dataclass(frozen=True, kw_only=True)
class ShowRun:
    """Settings of `protocol show`."""

    file: Path = Path("protocol.json")
    """A frozen protocol, or a condition set."""

    def __post_init__(self) -> None:
        with_paths(self)


def freezes() -> "Mapping[str, Callable[[], FreezeRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("protocol freeze")


def lists() -> "Mapping[str, Callable[[], ListRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("protocol conditions")


def freeze(config: "FreezeRun", console: Console) -> int:
    """Write the file and say what is in it."""
    from vla_sim.loop.benching.freezing import freeze

    frozen = freeze(config)
    _show_frozen(frozen, console)
    way = typed("bench", "--protocol", config.out)
    tell(console, f"written to {config.out}; `{way}` measures by it")
    return 0


def conditions(config: "ListRun", console: Console) -> int:
    """Write the file and say what is in it."""
    from vla_sim.loop.benching.listing import list_conditions

    found = list_conditions(config)
    _show_conditions(found, console)
    way = typed("bench", "--conditions", config.out)
    tell(console, f"written to {config.out}; `{way}` runs them")
    return 0


def show(config: ShowRun, console: Console) -> int:
    """Say what a file holds; 1 where that cannot be measured here."""
    from vla_sim.errors import VlaSimError
    from vla_sim.eval.condition_file import is_conditions, read_conditions
    from vla_sim.loop.benching.frozen import is_frozen, read_frozen
    from vla_sim.loop.benching.parts import require_here

    listed = not is_frozen(config.file) and is_conditions(config.file)
    if listed:
        _show_conditions(read_conditions(config.file), console)
    else:
        _show_frozen(read_frozen(config.file), console)
    try:
        require_here(None if listed else config.file, config.file if listed else None)
    except VlaSimError as error:
        tell(console, str(error))
        return 1
    tell(console, "it can be measured here")
    return 0


def _show_frozen(frozen: "Frozen", console: Console) -> None:
    from vla_sim.envs.task_names import short_name

    first = frozen.protocols[0]
    table = Table(box=box.SIMPLE_HEAD, title=f"protocol {frozen.stamp}")
    table.add_column("stamp", no_wrap=True)  # whole, to be searched for
    for column in ("along", "tasks", "engine,\nrenderer"):
        table.add_column(column, overflow="fold")
    for protocol in frozen.protocols:
        along = f"{protocol.axis} {protocol.severity}" if protocol.axis else "as in training"
        if protocol.n_instructions > 1:
            along += f", {protocol.n_instructions} instructions"
        tasks = ", ".join(map(short_name, protocol.tasks))
        table.add_row(protocol.stamp, along, tasks, f"{protocol.engine},\n{protocol.renderer}")
    console.print(table)
    seeds = first.seeds
    n = sum(len(p.tasks) * len(p.arms) * p.n_episodes for p in frozen.protocols)
    for line in (
        f"{n:,} episodes: seeds {seeds.start} to {seeds.stop - 1} of each task, told "
        f"{', '.join(first.arms)} in {', '.join(first.languages)}",
        f"manners {', '.join(first.manners)}; pictures of {first.image_size[0]} x "
        f"{first.image_size[1]} px; gallery of {frozen.gallery} episodes a task",
        f"success is {first.success}; protocols of version {first.version}, metrics of version "
        f"{first.metrics}",
        *(f"{name}: {settings}" for name, settings in frozen.own_tasks.items()),
    ):
        tell(console, line)


def _show_conditions(conditions: "Sequence[Condition]", console: Console) -> None:
    from vla_sim.envs.task_names import short_name
    from vla_sim.eval.condition import digest_of

    specs = [condition.spec for condition in conditions]
    counts = Counter((s.task_id, s.arm, s.axis, s.severity, s.n_instructions) for s in specs)
    table = Table(box=box.SIMPLE_HEAD, title=f"condition set {digest_of(conditions)}")
    for column in ("task", "told", "along"):
        table.add_column(column)
    table.add_column("episodes", justify="right")
    for (task_id, arm, axis, severity, n_instructions), n in sorted(counts.items()):
        along = f"{axis} {severity}" if axis else "as in training"
        if n_instructions > 1:
            along += f", {n_instructions} instructions"
        table.add_row(short_name(task_id), arm.replace("_", " "), along, f"{n}")
    console.print(table)
    scenes = len({(spec.task_id, spec.seed) for spec in specs})
    tell(console, f"{len(specs):,} episodes in {scenes:,} scenes")


def _of_file(path: str) -> ShowRun:
    return ShowRun(file=Path(path))


FREEZE: "Verb[FreezeRun]" = Verb(
    summary="Write all that makes a benchmark's numbers into one file, with a digest.",
    first=(
        "out",
        "name",
        "tasks",
        "episodes",
        "arms",
        "languages",
        "gallery",
        "axis",
        "severity",
        "first-seed",
    ),
    example="protocol freeze core --episodes 50 --out core.json",
    recipes=freezes,
    run=freeze,
)

SHOW: "Verb[ShowRun]" = Verb(
    summary="Say what a frozen protocol or a condition set holds, and whether it can be run here.",
    example="protocol show core.json",
    recipes=lambda: {"protocol.json": ShowRun},
    run=show,
    word="FILE",
    takes="what `vla-sim protocol freeze` or `protocol conditions` wrote; it goes to --file",
    default="protocol.json",
    own=_of_file,
    owns=lambda word: True,
)

CONDITIONS: "Verb[ListRun]" = Verb(
    summary="List episodes of results or protocols in a file: those that failed, a split, a task.",
    example="protocol conditions results/mine --where failed",
    recipes=lists,
    run=conditions,
    word="SOURCE ...",
    words="sources",
)
