"""What a task of the user's own has to be, found out before anything is made with it."""

from functools import lru_cache

from vla_sim.assets import ROBOTS
from vla_sim.envs.language.codes import encode
from vla_sim.envs.language.grammar import SPLITS, say
from vla_sim.envs.language.patterns import PATTERNS
from vla_sim.envs.own_tasks import own_settings
from vla_sim.envs.streams import stream
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.protocols.task import Task
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.instruction import LANGUAGES, Meaning
from vla_sim.records.triple import N_ACT, N_GOALS, N_PROPRIO

_MEMBERS = tuple(name for name in vars(Task) if not name.startswith("_"))
_N_SCENES = 4
"""So many are looked at; a scene is drawn within a millisecond."""


@lru_cache
def check_own_task(task_id: str) -> None:
    """Refuse what is no task, or asks for something that has no words.

    Raises:
        BadConfig: If the settings build something else, the robot is not what its name says or too
            wide for triples, or a scene has no goal, too many, or one without words.
        UnknownName: If the module does not hold the name.
    """
    task = own_settings(task_id).build()
    if lacking := [name for name in _MEMBERS if not hasattr(task, name)]:
        raise BadConfig(
            f"{task_id!r} names no task: build() gives a {type(task).__qualname__}, which lacks "
            f"{', '.join(lacking)}; vla_sim.Task says what a task has"
        )
    _check_robot(task_id, task.robot.embodiment)
    for seed in range(_N_SCENES):
        goals = task.sample(stream(task_id, seed, "scene")).goals
        if not 1 <= len(goals) <= N_GOALS:
            raise BadConfig(
                f"a scene of {task_id} has {len(goals)} goals; a scene has 1 to {N_GOALS}"
            )
        for goal in goals:
            _check_words(task_id, goal.meaning())


def _check_robot(task_id: str, body: Embodiment) -> None:
    if body != ROBOTS.get(body.name, body):
        raise BadConfig(
            f"the robot of {task_id} is called {body.name!r} and is another than ours; datasets "
            "and models tell robots by their names: give its embodiment one of its own"
        )
    if body.n_act > N_ACT or body.n_proprio > N_PROPRIO:
        raise BadConfig(
            f"the robot of {task_id} has {body.n_act} actions and {body.n_proprio} proprioceptive "
            f"components; triples have room for {N_ACT} and {N_PROPRIO}"
        )


def _check_words(task_id: str, meaning: Meaning) -> None:
    """It can be asked for in every language, in wording that is seen and that is held out."""
    try:
        encode(meaning)
        for language in LANGUAGES:
            for split in SPLITS:
                say(meaning, language=language, split=split, rng=stream(task_id, 0, "words"))
    except UnknownName as error:
        why = str(error)
    except KeyError as error:
        why = f"the intent {meaning.intent_id!r} needs a {error.args[0]}"
    else:
        return
    raise BadConfig(
        f"the goal {meaning.key!r} of {task_id} cannot be asked for: {why}. A task of your own "
        f"says its goals by the intents that there are: {', '.join(PATTERNS)}"
    )
