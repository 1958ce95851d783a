"""`vla-sim say TASK`: what can be asked in a scene, and in which words."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_sim.cli.verb import Verb
from vla_sim.envs.registration import IDS
from vla_sim.envs.task_names import short_name, task_id_of
from vla_sim.ranges import MAX_EPISODE_SEED, whole
from vla_sim.records.instruction import LANGUAGES, Instruction, Language, Meaning, Referent, Split
from vla_sim.records.manner import MANNERS

if TYPE_CHECKING:
    from vla_sim.protocols.task import Scene


@dataclass(frozen=True, kw_only=True)
class SayRun:
    """Settings of `say`."""

    task: str = "Reach"
    """The task, by name; one of your own as path/to/file.py:name."""
    seed: int = 0
    """The scene."""
    n: int = 12
    """How many instructions to draw."""
    language: Language | None = None
    """Draw in this language only; both where none is given."""
    split: Split = "seen"
    """Wording that training sees, or wording held out from it."""
    form: Literal["words", "tool"] = "words"
    """Sentences, or calls of tools as JSON and the tools' schemas."""

    def __post_init__(self) -> None:
        task_id_of(self.task)
        whole(1, n=self.n)
        whole(0, MAX_EPISODE_SEED, seed=self.seed)


def recipes() -> Mapping[str, Callable[[], SayRun]]:
    """A scene of each task."""
    return {name: partial(SayRun, task=name) for name in map(short_name, IDS)}


def run(config: SayRun, console: Console) -> int:
    """Print the scene's goals, instructions for them, and what the control arms would say.

    In the form of tools: each goal as a call, and the schemas of the tools that are called.
    """
    from vla_sim.envs.streams import stream
    from vla_sim.envs.tasks import make_task

    task_id = task_id_of(config.task)
    scene = make_task(task_id).sample(stream(task_id, config.seed, "scene"))
    rng = stream(task_id, config.seed, "words")
    if config.form == "tool":
        _print_tools(scene, console)
        return 0
    console.print(_goals(scene, f"{task_id}, scene {config.seed}: what can be asked", rng))
    console.print(_drawn(scene, config, rng))
    console.print(_arms(scene, task_id, config.seed))
    return 0


def _goals(scene: "Scene", title: str, rng: np.random.Generator) -> Table:
    table = _table(title, "goal", "intent", "referent", "target", "in words")
    for k, goal in enumerate(scene.goals):
        meaning = goal.meaning()
        same = [j for j, g in enumerate(scene.goals) if g.outcome == goal.outcome and j != k]
        also = f"\n(so does goal {', '.join(map(str, same))})" if same else ""
        said = [_say(meaning, language, "seen", rng).text for language in LANGUAGES]
        table.add_row(
            str(k),
            goal.intent_id,
            _referent(goal.referent) + also,
            _referent(goal.target),
            escape("\n".join(said)),
        )
    return table


def _drawn(scene: "Scene", config: SayRun, rng: np.random.Generator) -> Table:
    from vla_sim.envs.language.reader import readings

    table = _table(
        f"{config.n} of its instructions ({config.split})",
        *("goal", "referent", "manner", "wording", "text", "reads as"),
    )
    languages = LANGUAGES if config.language is None else (config.language,)
    for k in range(config.n):
        goal, turn = k % len(scene.goals), k // len(scene.goals)
        meaning = scene.goals[goal].meaning(MANNERS[turn % len(MANNERS)])
        said = _say(meaning, languages[turn % len(languages)], config.split, rng)
        what = " / ".join(filter(None, map(_referent, (meaning.referent, meaning.target))))
        read = [m.key for m in sorted(readings(said.text))]
        table.add_row(
            str(goal),
            what,
            meaning.manner,
            f"{said.language} {said.template_id}",
            escape(said.text),
            escape("\n".join(read)) or "[red](nothing)[/]",
        )
    return table


def _print_tools(scene: "Scene", console: Console) -> None:
    from vla_sim.envs.language.tool_call import tool_text, tools

    for k, goal in enumerate(scene.goals):
        manner = MANNERS[k % len(MANNERS)]
        console.print(tool_text(goal.meaning(manner)), markup=False, soft_wrap=True)
    called = {goal.intent_id for goal in scene.goals}
    wanted = [tool for tool in tools() if tool["function"]["name"] in called]
    console.print_json(json.dumps(wanted))


def _arms(scene: "Scene", task_id: str, seed: int) -> Table:
    from vla_sim.envs.asking import words_of
    from vla_sim.envs.language.arms import ARMS
    from vla_sim.envs.plan import draw_spec

    spec = draw_spec(task_id, seed)
    goal = spec.goal % len(scene.goals)
    table = _table(
        f"seed {seed} as an episode (goal {goal}, {spec.manner})", "arm", "the policy is told"
    )
    for arm in ARMS:
        _, shown = words_of(scene, draw_spec(task_id, seed, arm=arm))
        table.add_row(arm, escape(shown.text) or "[dim](nothing)[/]")
    return table


def _say(
    meaning: Meaning, language: Language, split: Split, rng: np.random.Generator
) -> Instruction:
    from vla_sim.envs.language.grammar import say

    return say(meaning, language=language, split=split, rng=rng)


def _referent(referent: Referent) -> str:
    """E.g. "leftmost large cube", or "cube left_of the blue ball"."""
    noun = referent.shape or ("thing" if referent.colour or referent.size else "")
    looks = " ".join(w for w in (referent.size, referent.colour, noun) if w)
    if not referent.anchors:
        return " ".join(w for w in (referent.relation, looks) if w)
    anchors = " and ".join(f"the {_referent(anchor)}" for anchor in referent.anchors)
    return " ".join(w for w in (looks, referent.relation, anchors) if w)


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=escape(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


VERB: Verb[SayRun] = Verb(
    summary="Print what can be asked in a scene, in which words, and what the control arms say.",
    example="say Reach --seed 3 --n 20",
    recipes=recipes,
    run=run,
    word="TASK",
    default=None,
    canonical=lambda name: short_name(task_id_of(name)),
    own=lambda name: SayRun(task=name),
)
