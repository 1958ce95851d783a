"""`vla-sim list`: every name that the other verbs take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_sim.cli.verb import Verb
from vla_sim.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class ListRun:
    """Settings of `list`."""

    kind: str = "all"
    """A kind of name, or all."""

    def __post_init__(self) -> None:
        if self.kind not in ("all", *KINDS):
            raise UnknownName("kind", self.kind, ("all", *KINDS))


def run(config: ListRun, console: Console) -> int:
    """Print one table, or all of them."""
    kinds = KINDS if config.kind == "all" else {config.kind: KINDS[config.kind]}
    for table in kinds.values():
        console.print(table())
    return 0


def _tasks() -> Table:
    from vla_sim.envs.language.grammar import say
    from vla_sim.envs.streams import stream
    from vla_sim.envs.task_names import short_name
    from vla_sim.envs.tasks import TASKS
    from vla_sim.records.instruction import LANGUAGES

    table = _table("tasks", "name, Gymnasium id", "robot, time", "for example")
    for task_id, config in TASKS.items():
        task = config.build()
        body = task.robot.embodiment
        goal = task.sample(stream(task_id, 0, "scene")).goals[0]
        meaning = goal.meaning()
        said = [
            say(meaning, language=x, split="seen", rng=stream(task_id, 0, "words")).text
            for x in LANGUAGES
        ]
        table.add_row(
            f"{short_name(task_id)}\n{task_id}",
            f"{body.name}\n{task.horizon_s:g} s at {1.0 / body.control_dt_s:g} Hz",
            "\n".join(said),
        )
    table.caption = "and your own, by module:name or path/to/file.py:name: `vla-sim say` shows one"
    return table


def _robots() -> Table:
    from vla_sim.envs.tasks import TASKS

    bodies = {b.name: b for b in (c.build().robot.embodiment for c in TASKS.values())}
    table = _table("robots", "name", "action (a value of 1 means)", "limits of motion")
    for body in bodies.values():
        actions = [f"{g.name} ({g.size}): {g.scale:g} {g.unit}" for g in body.action]
        limits = [
            f"{g.name}: {g.velocity_limit:.3g} {g.unit}/s, {g.acceleration_limit:.3g} {g.unit}/s^2"
            for g in body.motion
        ]
        table.add_row(body.name, "\n".join(actions), "\n".join(limits))
    return table


def _experts() -> Table:
    from vla_sim.agents.experts.table import expert_for
    from vla_sim.envs.tasks import TASK_IDS, make_task

    table = _table("experts", "task", "what it does")
    for task_id in TASK_IDS:
        task = make_task(task_id)
        expert = expert_for(task_id, task.robot.embodiment, task.manners)
        table.add_row(task_id, escape(_first_line(expert)))
    return table


def _policies() -> Table:
    from vla_sim.agents.controls import POLICIES
    from vla_sim.envs.tasks import TASK_IDS, make_task

    task = make_task(TASK_IDS[0])
    table = _table("policies", "name", "what it does")
    for name, make in POLICIES.items():
        table.add_row(name, escape(_first_line(make(TASK_IDS[0], task))))
    return table


def _renderers() -> Table:
    from vla_sim.physics.render import RENDERERS

    table = _table("renderers", "name", "what it needs")
    needs = {
        "raycast": "nothing: pictures of primitive shapes on the CPU (default)",
        "raycast-shadowless": "the same, without shadows",
        "raycast-smooth": "the same, drawn at twice the size and averaged",
        "gl": "EGL, OSMesa or a display; `vla-sim doctor` says what works here",
    }
    for name in RENDERERS:
        table.add_row(name, needs.get(name, ""))
    return table


def _axes() -> Table:
    from vla_sim.envs.axes import AXES

    table = _table("axes", "name", "what it changes, with severity 1 to 3")
    for name, axis in AXES.items():
        table.add_row(name, escape(_first_line(type(axis))))
    return table


def _suites() -> Table:
    from vla_sim.envs.suites import SUITES, about

    table = _table("suites", "name", "tasks", "what `vla-sim bench NAME` runs")
    for name, rows in SUITES.items():
        table.add_row(name, str(len({row.task_id for row in rows})), about(name))
    return table


def _recipes() -> Table:
    from vla_sim.recipes.table import MODULES, recipes_of

    table = _table("recipes", "verb", "name", "what it runs")
    for verb in MODULES:
        for name, recipe in recipes_of(verb).items():
            table.add_row(verb, name, escape(_first_line(recipe)))
    return table


KINDS: Mapping[str, Callable[[], Table]] = {
    "tasks": _tasks,
    "robots": _robots,
    "experts": _experts,
    "policies": _policies,
    "renderers": _renderers,
    "axes": _axes,
    "suites": _suites,
    "recipes": _recipes,
}


def recipes() -> Mapping[str, Callable[[], ListRun]]:
    """All kinds, and each of them."""
    return {kind: partial(ListRun, kind=kind) for kind in ("all", *KINDS)}


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


VERB: Verb[ListRun] = Verb(
    summary="List tasks, robots, experts, policies, renderers, axes, suites and recipes.",
    example="list tasks",
    recipes=recipes,
    run=run,
    word="KIND",
    default="all",
)
