"""`vla-sim collect`: triples by the experts, on disk as LeRobotDatasets."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb

if TYPE_CHECKING:
    from pathlib import Path

    from vla_sim.loop.collecting.collect import CollectRun


def recipes() -> "Mapping[str, Callable[[], CollectRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("collect")


def run(config: "CollectRun", console: Console) -> int:
    """Collect, then say what came of it."""
    from vla_sim.envs.streams import TRAIN_SEEDS_FROM
    from vla_sim.envs.task_names import short_name
    from vla_sim.loop.collecting.collect import collect
    from vla_sim.triples.lerobot.folder import LeRobotFolder, datasets_in

    tallies = collect(config, console)
    table = Table(box=box.SIMPLE_HEAD, title="collected just now", title_justify="left")
    for column in ("task", "episodes", "successes", "frames", "frames/s"):
        table.add_column(column, justify="left" if column == "task" else "right")
    for task_id, tally in tallies.items():
        rate = f"{tally.frames / tally.wall_s:,.0f}" if tally.wall_s else "-"
        counts = (tally.episodes, tally.successes, tally.frames)
        table.add_row(short_name(task_id), *(f"{count:,}" for count in counts), rate)
        if tally.diverged:
            console.print(f"{tally.diverged} episodes of {task_id} diverged and were left out")
        if tally.failed:
            tell(
                console,
                f"in {tally.failed} episodes of {task_id} the policy could not go on, and they "
                f"were left out ({tally.failure})",
            )
    console.print(table)
    if n_fenced := sum(c.spec.seed < TRAIN_SEEDS_FROM for c in config.listed):
        tell(
            console,
            f"{n_fenced} of the {len(config.listed)} listed episodes are in scenes below "
            f"{TRAIN_SEEDS_FROM:,}, where benchmarks draw theirs: what is trained on them is "
            "not to be measured on them",
        )
    for root in datasets_in(config.out):
        dataset = LeRobotFolder.open(root)
        checked = ", every file read back and sound" if config.check else ""
        tell(
            console,
            f"{root}: {len(dataset.episodes):,} episodes, {dataset.n_frames:,} frames{checked}",
        )
    return 0


def under_conditions(run: "CollectRun", path: "Path") -> "CollectRun":
    """A collection of the episodes that a file lists."""
    from dataclasses import replace

    from vla_sim.loop.benching.conditions import conditions_in, tasks_in

    listed = conditions_in(path)
    return replace(run, conditions=path, tasks=tasks_in(listed), episodes=len(listed))


def may_change() -> Sequence[str]:
    """Loads the table."""
    from vla_sim.loop.collecting.collect import MAY_CHANGE

    return MAY_CHANGE


VERB: "Verb[CollectRun]" = Verb(
    summary="Let the experts act and write labelled triples as LeRobotDatasets.",
    first=(
        "out",
        "tasks",
        "episodes",
        "policy",
        "conditions",
        "seed",
        "resume",
        "check",
        "crank.image-size",
        "crank.n-threads",
        "n-slots",
        "crank.shield",
    ),
    example="collect --out data --tasks Reach Lift --episodes 20",
    recipes=recipes,
    run=run,
    resumes=True,
    may_change=may_change,
    files={"conditions": under_conditions},
    shorts={"shield": "crank.shield"},
)
