"""`vla-sim film TASK`: an episode as an animated picture."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console

from vla_sim.cli.saying import tell
from vla_sim.cli.verb import Verb
from vla_sim.envs.registration import IDS
from vla_sim.envs.task_names import short_name, task_id_of

if TYPE_CHECKING:
    from vla_sim.loop.showing.film import FilmRun
    from vla_sim.records.episode import EpisodeSpec


def recipes() -> "Mapping[str, Callable[[], FilmRun]]":
    """A film of each task."""
    from vla_sim.loop.showing.film import FilmRun

    return {name: partial(FilmRun, task=name) for name in map(short_name, IDS)}


def own(name: str) -> "FilmRun":
    """A film of a task of the user's own."""
    from vla_sim.loop.showing.film import FilmRun

    return FilmRun(task=name)


def run(config: "FilmRun", console: Console) -> int:
    """Make the film, and say what is in it."""
    from vla_sim.loop.practised import said_of_new_tasks
    from vla_sim.loop.showing.film import film

    if new := said_of_new_tasks(config.policy, (task_id_of(config.task),)):
        tell(console, new)
    if config.axes:
        from vla_sim.loop.showing.film_axes import film_axes

        with console.status(f"drawing {config.task} along every axis"):
            film_axes(config)
        tell(console, str(config.path))
        return 0
    with console.status(f"filming {config.task}"):
        episodes = film(config)
    for episode in episodes:
        outcome = "success" if episode.success_at_end else "no success"
        if episode.policy_failure:
            outcome = f"the policy failed ({episode.policy_failure})"
        console.print(
            f"seed {episode.spec.seed}: {episode.shown.text!r} ({_told(episode.spec)}), {outcome} "
            f"after {episode.n_steps * episode.control_dt_s:.1f} s",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    size_kib = config.path.stat().st_size / 1024
    tell(console, f"{config.path} ({size_kib:,.0f} KiB)")
    return 0


def tasks_named(word: str) -> list[str]:
    """The task, or those of a suite."""
    from vla_sim.envs.suites import tasks_of

    return [short_name(task_id) for task_id in tasks_of([word])]


def _told(spec: "EpisodeSpec") -> str:
    """What beside the words makes the episode what it is."""
    told: list[str] = [spec.manner]
    if spec.arm != "correct":
        told.append(f"arm {spec.arm}")
    if spec.severity:
        told.append(f"axis {spec.axis}, severity {spec.severity}")
    if spec.n_instructions > 1:
        told.append(f"the first of {spec.n_instructions} instructions")
    return "; ".join(told)


VERB: "Verb[FilmRun]" = Verb(
    summary="Film a policy at work, as an animated picture or a row of stills.",
    first=(
        "task",
        "out",
        "policy",
        "detector",
        "seed",
        "n",
        "manner",
        "language",
        "arm",
        "axis",
        "severity",
        "size",
        "axes",
        "crank.shield",
    ),
    example="film Lift --seed 3 --out lift.webp",
    recipes=recipes,
    run=run,
    word="TASK",
    default=None,
    several=tasks_named,
    canonical=lambda name: short_name(task_id_of(name)),
    own=own,
    shorts={"shield": "crank.shield"},
)
