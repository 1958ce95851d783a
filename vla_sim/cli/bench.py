"""`vla-sim bench`: measure a policy under a protocol, with control arms and intervals."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from vla_sim.cli.saying import TAUGHT, tell
from vla_sim.cli.verb import Verb
from vla_sim.disk.outlet import check_outlet

if TYPE_CHECKING:
    from pathlib import Path

    from vla_sim.loop.benching.bench_run import BenchRun
    from vla_sim.records.episode_row import EpisodeRow
    from vla_sim.records.reports import EvalReport, TaskReport


def recipes() -> "Mapping[str, Callable[[], BenchRun]]":
    """Loads the table."""
    from vla_sim.recipes.table import recipes_of

    return recipes_of("bench")


def may_change() -> tuple[str, ...]:
    """Loads the names of the settings that a benchmark may go on with otherwise."""
    from vla_sim.loop.benching.bench_run import MAY_CHANGE

    return MAY_CHANGE


def under_protocol(run: "BenchRun", path: "Path") -> "BenchRun":
    """A benchmark as a frozen protocol says."""
    from vla_sim.loop.benching.stated import stated_by

    stated = stated_by(path, None)
    assert stated is not None, "a file was named"
    return stated.applied(run)


def under_conditions(run: "BenchRun", path: "Path") -> "BenchRun":
    """A benchmark of the episodes that a file lists."""
    from vla_sim.loop.benching.stated import stated_by

    stated = stated_by(None, path)
    assert stated is not None, "a file was named"
    return stated.applied(run)


def run(config: "BenchRun", console: Console) -> int:
    """Measure and print."""
    from vla_sim.loop.benching.bench import bench_into, benched, reported
    from vla_sim.loop.benching.parts import parts
    from vla_sim.loop.benching.stated import require_measurable
    from vla_sim.loop.practised import said_of_new_tasks

    to_run = parts(config)
    for part in to_run:
        if part.out is not None:
            check_outlet(part.out, is_folder=part.folder is not None)
    checked = len(to_run) > 1
    if checked:
        for part in to_run:  # all of them, before the first is run
            require_measurable(part.stated, part.measurement)
    asked = dict.fromkeys(task_id for part in to_run for task_id in part.task_ids)
    if new := said_of_new_tasks(config.policy, asked):
        tell(console, new)
    for part in to_run:
        if part.severity:
            console.print(f"axis {part.axis}, severity {part.severity}", highlight=False)
        if part.n_instructions > 1:
            console.print(f"{part.n_instructions} instructions in an episode", highlight=False)
        if part.until.decided:
            _decide(part, console)
        elif part.shard and part.folder is not None:
            shard = bench_into(part, part.folder, console, checked=checked)
            tell(console, f"shard {shard.shard}: {len(shard.rows)} episodes")
        else:
            card = part.measurement.card(str(part.choice))
            result = benched(part, console, checked=checked)
            report = reported(part, result, card)
            show(report, console, n_instructions=part.n_instructions)
            show_failures(result.rows, console)
        if part.out is not None:
            tell(console, f"written to {part.out}")
    return 0


def _decide(config: "BenchRun", console: Console) -> None:
    """Run until it is decided, and say what may be said."""
    from vla_sim.loop.benching.deciding import decide

    tell(console, decide(config, console).sentence)


def show(report: "EvalReport", console: Console, *, n_instructions: int = 1) -> None:
    """The report as tables; of chains, how much of them was completed too."""
    from vla_sim.envs.task_names import short_name
    from vla_sim.eval.information import said_of

    arms = list(dict.fromkeys(task.arm for task in report.tasks))
    told = TAUGHT if report.run_card.get("role") == "teacher" else ""
    table = Table(box=box.SIMPLE_HEAD, title=f"success at end, {report.protocol}{told}")
    table.add_column("task", no_wrap=True)
    for arm in arms:
        table.add_column(arm.replace("_", " "), justify="right")
    table.add_column("guessing", justify="right")
    by_task: dict[str, list[TaskReport]] = {}
    for task in report.tasks:
        by_task.setdefault(task.task_id, []).append(task)
    for task_id, reports in by_task.items():
        rates = {r.arm: r.rates["success_at_end"] for r in reports}
        cells = [
            f"{100 * e.value:.0f} % [dim]\\[{100 * e.low:.0f}, {100 * e.high:.0f}][/]"
            if (e := rates.get(arm)) is not None
            else "-"  # a condition set need not have every arm of every task
            for arm in arms
        ]
        table.add_row(short_name(task_id), *cells, f"{100 * reports[0].guess_rate:.0f} %")
    console.print(table)
    if frozen := report.run_card.get("frozen"):
        tell(console, f"under the frozen protocol {frozen}")
    if "correct" in arms:
        console.print(_motion(report, n_instructions))
    for task in report.tasks:
        if (failed := task.rates.get("policy_failed")) is not None:
            console.print(
                f"the policy failed in {round(failed.value * failed.n)} of {failed.n} episodes of "
                f"{short_name(task.task_id)} ({task.arm.replace('_', ' ')})",
                highlight=False,
            )
        late = task.means.get("stale_steps_fraction")  # a result may be older than the metric
        stale = 0.0 if late is None else late.value
        if stale > 0.0:
            tell(
                console,
                f"actions came late on {100 * stale:.0f} % of the steps of "
                f"{short_name(task.task_id)} ({task.arm.replace('_', ' ')}): they were for earlier "
                "observations",
            )
    if why := report.run_card.get("policy_failure"):
        console.print(f"the first time: {why}", highlight=False, markup=False)
    if report.retrieval is not None:
        found = report.retrieval
        keys = [key for key in found.values if key.endswith("R@10")]
        line = ", ".join(
            f"{key} {100 * found.values[key]:.0f} % (chance {100 * found.chance[key]:.0f})"
            for key in keys
        )
        console.print(f"retrieval in a gallery of {found.gallery_size}: {line}", highlight=False)
        if found.information:
            console.print(f"information: {said_of(found.information)}", highlight=False)


def show_failures(rows: "Sequence[EpisodeRow]", console: Console) -> None:
    """How the episodes of each task failed, by what was told; nothing where none did."""
    from vla_sim.envs.task_names import short_name

    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        mine = counts.setdefault((row.spec.task_id, row.spec.arm), Counter())
        if row.failure:
            mine[row.failure.replace("_", " ")] += 1
    if not any(counts.values()):
        return
    table = Table(box=box.SIMPLE_HEAD, title="failures by kind, episodes")
    for column in ("task", "told", "failures"):
        table.add_column(column)
    for (task_id, arm), kinds in counts.items():
        listed = ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()) or "none"
        table.add_row(short_name(task_id), arm.replace("_", " "), listed)
    console.print(table)


def _motion(report: "EvalReport", n_instructions: int) -> Table:
    from vla_sim.envs.task_names import short_name

    told = [task for task in report.tasks if task.arm == "correct"]
    table = Table(box=box.SIMPLE_HEAD, title="motion under the true instruction")
    table.add_column("task", no_wrap=True)
    for column in ("pro-\ngress", "SPL", "time\n\\[s]", "manner\nkept", "comfort"):
        table.add_column(column, justify="right")
    if n_instructions > 1:
        table.add_column(f"done\nof {n_instructions}", justify="right")
    table.add_column("episodes that\nviolate")
    for task in told:
        broken = {
            name.removeprefix("violation/").replace("_", " "): rate.value
            for name, rate in task.rates.items()
            if name.startswith("violation/") and rate.value > 0
        }
        completed = task.means["instructions_completed"].value
        progress = task.means.get("graded_progress")  # a task of the user's own may not tell
        table.add_row(
            short_name(task.task_id),
            "-" if progress is None else f"{progress.value:.2f}",
            f"{task.means['spl'].value:.2f}",
            f"{task.means['time_s'].value:.1f}",
            *(
                f"{100 * task.rates[name].value:.0f} %" if name in task.rates else "-"
                for name in ("manner_kept", "comfortable")
            ),
            *([f"{completed:.2f}"] if n_instructions > 1 else []),
            ", ".join(f"{name} {100 * value:.0f} %" for name, value in broken.items()) or "none",
        )
    return table


VERB: "Verb[BenchRun]" = Verb(
    summary="Measure a policy on unseen scenes: success, SPL, comfort, violations, control arms.",
    first=(
        "policy",
        "tasks",
        "episodes",
        "arms",
        "axis",
        "severity",
        "protocol",
        "conditions",
        "n-processes",
        "out",
        "resume",
        "films",
        "until.decided",
        "until.width",
    ),
    example="bench --policy runs/mine --episodes 100",
    recipes=recipes,
    run=run,
    resumes=True,
    resumes_in="--out",
    may_change=may_change,
    files={"protocol": under_protocol, "conditions": under_conditions},
    shorts={
        "until-decided": "until.decided",
        "until-width": "until.width",
        "on": "until.on",
        "alpha": "until.alpha",
        "fewest": "until.fewest",
        "cap": "until.cap",
        "shield": "crank.shield",
    },
)
