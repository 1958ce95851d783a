"""Peeping: what a policy finds of the truth that looks into everything it is given.

`python -m benchmarks.peeping` prints a row per task; exits with 1 if a row does not hold.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.row import Row, percent, told
from vla_sim.agents.experts.table import expert_for
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec, plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.suites import CORE
from vla_sim.eval.statistics import wilson
from vla_sim.loop.benching.benchmark import BENCH_SEEDS_FROM
from vla_sim.loop.serving.contracts import native
from vla_sim.loop.serving.translation import Translation
from vla_sim.loop.serving.wire import pack, unpack
from vla_sim.protocols.task import Scene
from vla_sim.records.episode import Arm, Episode
from vla_sim.records.instruction import Meaning
from vla_sim.records.manner import MANNERS
from vla_sim.records.teacher_input import TeacherInput
from vla_sim.records.triple import N_ACTION_STEPS

N_EPISODES = 50
SMALL = CrankConfig(image_size=16)
_MOST_DEEP = 8
_PLAIN = (str, bytes, bool, float, complex, type(None), type)


class Peeper:
    """Eyes and hands of an expert, and no goal but what it finds in what a policy is given.

    The true state is lent to it, as to one who sees perfectly; the goal it has to find. It walks
    through all that can be reached from the `PolicyInput`: a goal by name, a meaning, a whole
    number that turns out to be the scene's seed. Where it finds nothing, it guesses.
    """

    needs_images = False
    n_action_steps = N_ACTION_STEPS

    def __init__(self, crank: Crank, *, shown: str = "told") -> None:
        """Sit down at a crank.

        Args:
            crank: Where it acts.
            shown: What it peeps into: "told", which a policy is given; "wire", what is sent of
                that to a server; or "known", all of a teacher's.
        """
        self.crank = crank
        self.shown = shown
        self.expert = expert_for(crank.task_id, crank.embodiment, crank.task.manners)
        self.n_found = 0
        self._spare = Crank(crank.task_id, 1, SMALL)
        self._goal = np.zeros(crank.n, dtype=np.int64)

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """The expert's chunk for the goal that was found or guessed at the episode's start."""
        told = known.told
        for place in np.flatnonzero(told.step == 0).tolist():
            slot = int(told.row[place])
            seen = self._seen(known, place)
            scene = self.crank.scenes[slot]
            assert scene is not None
            found = self._found(seen, place, scene, told.observation.proprio[place])
            self.n_found += found is not None
            guess = int(told.generators()[place].integers(len(scene.goals)))
            self._goal[slot] = guess if found is None else found % len(scene.goals)
        manner = np.zeros(len(told), dtype=np.int64)
        return self.expert.chunk(
            known.privileged, self._goal[told.row], manner, self.n_action_steps
        )

    def _seen(self, known: TeacherInput, place: int) -> object:
        if self.shown == "known":
            return known
        told = known.told.take(np.array([place]))
        if self.shown == "told":
            return told
        contract = native(self.crank.embodiment)
        images = self.crank.observe(told.row).images
        shown = replace(told, observation=replace(told.observation, images=images))
        return unpack(pack(Translation(contract, self.crank.embodiment).message(shown, 0)))

    def _found(
        self, seen: object, place: int, scene: Scene, proprio: NDArray[np.float32]
    ) -> int | None:
        numbers: dict[int, None] = {}
        for name, thing in reached(seen, "", 0, set()):
            if isinstance(thing, Meaning):
                asked = [goal.meaning(thing.manner) for goal in scene.goals]
                if thing in asked:
                    return asked.index(thing)
            values = np.ravel(thing) if isinstance(thing, (np.ndarray, int, np.integer)) else None
            if values is None or values.dtype.kind not in "iu" or len(values) > 64:
                continue
            if "goal" in name:
                return int(values[min(place, len(values) - 1)])
            numbers |= dict.fromkeys(values.tolist())
        return next((g for n in numbers if (g := self._goal_of_seed(n, proprio)) is not None), None)

    def _goal_of_seed(self, seed: int, proprio: NDArray[np.float32]) -> int | None:
        """The goal that a seed stands for, if its scene looks like this one."""
        if not 0 <= seed < 2**63:
            return None
        only = np.zeros(1, dtype=np.int64)
        spec = draw_spec(self.crank.task_id, seed)
        self._spare.start(only, [spec])
        same = np.array_equal(self._spare.observe(only, images=False).proprio[0], proprio)
        return spec.goal if same else None


def reached(thing: object, name: str, depth: int, seen: set[int]) -> Iterator[tuple[str, object]]:
    """Everything that attributes, items and arrays' bases lead to, with the names on the way."""
    if id(thing) in seen or depth > _MOST_DEEP:
        return
    seen.add(id(thing))
    yield name, thing
    if isinstance(thing, _PLAIN):
        return
    if isinstance(thing, dict):
        parts = [(str(key), value) for key, value in thing.items()]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        parts = [(name, value) for value in thing]
    elif isinstance(thing, np.ndarray):
        parts = [(f"{name}.base", thing.base)]
    else:
        parts = [(key, getattr(thing, key, None)) for key in dir(thing) if not key.startswith("__")]
        parts = [(f"{name}.{key}", part) for key, part in parts if not callable(part)]
    for key, part in parts:
        yield from reached(part, key, depth + 1, seen)


def peeped(
    task_id: str, n: int, *, arm: Arm = "empty", shown: str = "told"
) -> tuple[list[Episode], int]:
    """Episodes of a peeper, and in how many of them it found a goal."""
    crank = Crank(task_id, n, SMALL)
    peeper = Peeper(crank, shown=shown)
    plan = plan_episodes(
        task_id, range(BENCH_SEEDS_FROM, BENCH_SEEDS_FROM + n), arm=arm, manner=MANNERS[0]
    )
    return run_all(crank, peeper, plan), peeper.n_found


def peeping(tasks: Sequence[str] = CORE, n: int = N_EPISODES) -> Iterator[Row]:
    """A peeper on each task under the empty arm."""
    for task_id in tasks:
        episodes, n_found = peeped(task_id, n)
        success = wilson(sum(episode.success_at_end for episode in episodes), len(episodes))
        guess = float(np.mean([e.n_goals_equivalent / e.n_goals for e in episodes]))
        yield Row(
            name=f"a peeping policy on {task_id}, empty arm (n = {success.n})",
            value=f"{percent(success)}, goals found {n_found}; guessing {100 * guess:.1f} %",
            bar="within the interval of guessing, no goal found",
            holds=success.low <= guess and n_found == 0,
        )


def main() -> int:
    """Print all rows; 0 if each of them holds."""
    return told(peeping())


if __name__ == "__main__":
    sys.exit(main())
