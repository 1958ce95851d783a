"""Is the language sound and rich? `python -m benchmarks.language`.

Samples scenes of all tasks, says each of their goals in both languages, and reads it back. Every
instruction must have one reading, which asks for one outcome of its scene, and must hold words
only. Then counts how many different instructions there are. Exits with 1 if a bar is missed.
"""

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vla_sim.envs.language.grammar import SPLITS, count, say
from vla_sim.envs.language.reader import readings
from vla_sim.envs.streams import stream
from vla_sim.envs.suites import CORE
from vla_sim.envs.task_names import task_id_of
from vla_sim.envs.tasks import TASK_IDS, make_task
from vla_sim.protocols.task import Scene
from vla_sim.records.instruction import LANGUAGES, Instruction, Language, Meaning
from vla_sim.records.manner import MANNERS

DISTINCT_BAR = 20_000
"""Instructions per language that the core suite must have more than."""
MET_BAR_SCENES = 400
"""Scenes per task from which the meanings of a suite are collected."""
_CLEAN = {
    "en": re.compile(r"[a-z]+(,? [a-z]+|\? [a-z]+)*\??"),
    "zh": re.compile(r"[\u4e00-\u9fff，？]+"),
}
"""Words and marks: no digit, underscore, dot or slash of an id, a seed or a file's name."""

Progress = Callable[[int, int], None]


@dataclass
class Audit:
    """What was found in scenes.

    Attributes:
        n_scenes: Scenes sampled.
        n_said: Instructions read.
        ambiguous: Those that do not read as exactly what was meant.
        shared: Those whose meaning belongs to no outcome of the scene, or to several.
        leaks: Those with anything but words and marks, or with their template's id.
        texts: Different texts met, per language.
        read_s: Time spent on reading.
    """

    n_scenes: int = 0
    n_said: int = 0
    ambiguous: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    texts: dict[Language, set[int]] = field(default_factory=lambda: {k: set() for k in LANGUAGES})
    read_s: float = 0.0

    @property
    def faults(self) -> int:
        """How many instructions are not sound."""
        return len(self.ambiguous) + len(self.shared) + len(self.leaks)


def ambiguous(
    n_scenes: int = 100_000,
    seed: int = 0,
    *,
    task_ids: Sequence[str] = TASK_IDS,
    progress: Progress | None = None,
) -> Audit:
    """Say and read back all goals of scenes of all tasks.

    Args:
        n_scenes: Scenes in all, shared out evenly among the tasks.
        seed: The first scene of each task; its instructions are drawn from the same stream.
        task_ids: The tasks.
        progress: Told now and then how many scenes of how many are done.
    """
    audit = Audit()
    for k, task_id in enumerate(task_ids):
        task = make_task(task_id)
        n = n_scenes * (k + 1) // len(task_ids) - n_scenes * k // len(task_ids)
        for number in range(seed, seed + n):
            scene = task.sample(stream(task_id, number, "scene"))
            _read(scene, stream(task_id, number, "words"), task_id, audit)
            if progress is not None and audit.n_scenes % 500 == 0:
                progress(audit.n_scenes, n_scenes)
    return audit


def _read(scene: Scene, rng: np.random.Generator, task_id: str, audit: Audit) -> None:
    """Say every goal of a scene in both languages, in a manner and a split drawn for each."""
    audit.n_scenes += 1
    outcomes: dict[Meaning, set[int]] = {}
    for goal in scene.goals:
        outcomes.setdefault(goal.meaning(), set()).add(goal.outcome)
    for goal in scene.goals:
        for language in LANGUAGES:
            manner, split = MANNERS[rng.integers(len(MANNERS))], SPLITS[rng.integers(len(SPLITS))]
            said = say(goal.meaning(manner), language=language, split=split, rng=rng)
            audit.n_said += 1
            audit.texts[language].add(hash(said.text))
            before = time.perf_counter()
            found = readings(said.text)
            audit.read_s += time.perf_counter() - before
            if found != {said.meaning}:
                keys = sorted(meaning.key for meaning in found)
                audit.ambiguous.append(f"{task_id}: {said.text!r} reads as {keys}")
            if outcomes[goal.meaning()] != {goal.outcome}:
                audit.shared.append(f"{task_id}: {said.text!r} asks for several outcomes")
            if leaks(said):
                audit.leaks.append(f"{task_id}: {said.text!r} ({said.template_id})")


def leaks(said: Instruction) -> bool:
    """Whether a text holds anything but words and marks, or the id of its template."""
    return not _CLEAN[said.language].fullmatch(said.text) or said.template_id in said.text


def meanings(task_ids: Iterable[str], n_scenes: int = MET_BAR_SCENES) -> set[Meaning]:
    """All that is asked in the first scenes of each task, in every manner."""
    met: set[Meaning] = set()
    for task_id in task_ids:
        task = make_task(task_id)
        for number in range(n_scenes):
            for goal in task.sample(stream(task_id, number, "scene")).goals:
                met.update(goal.meaning(manner) for manner in MANNERS)
    return met


def distinct(
    task_ids: Iterable[str] | None = None, n_scenes: int = MET_BAR_SCENES
) -> dict[Language, int]:
    """How many different instructions there are, per language.

    Counted exactly over the meanings met in the first scenes of each task of the core suite: no
    text belongs to two of them, so the counts add up.
    """
    met = meanings(CORE if task_ids is None else task_ids, n_scenes)
    return {
        language: sum(count(meaning, language, split) for meaning in met for split in SPLITS)
        for language in LANGUAGES
    }


def main() -> int:
    """Measure what the command line asks for; 0 if every bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000, help="scenes, over all tasks")
    parser.add_argument("--seed", type=int, default=0, help="the first scene of each task")
    parser.add_argument("--tasks", nargs="+", default=list(TASK_IDS))
    told = parser.parse_args()
    tasks = [task_id_of(name) for name in told.tasks]
    start = time.perf_counter()

    def progress(done: int, of: int) -> None:
        elapsed = time.perf_counter() - start
        left = elapsed * (of - done) / done
        print(f"\r{done} of {of} scenes, {left:.0f} s left  ", end="", file=sys.stderr, flush=True)

    audit = ambiguous(told.n, told.seed, task_ids=tasks, progress=progress)
    print(file=sys.stderr)
    print(
        f"{audit.n_scenes} scenes of {len(tasks)} tasks, {audit.n_said} instructions:"
        f" {len(audit.ambiguous)} ambiguous, {len(audit.shared)} for several outcomes,"
        f" {len(audit.leaks)} leaks; {1e6 * audit.read_s / max(audit.n_said, 1):.0f} us a reading,"
        f" {time.perf_counter() - start:.0f} s in all"
    )
    for fault in (*audit.ambiguous[:10], *audit.shared[:10], *audit.leaks[:10]):
        print(f"  {fault}")
    per_task = Counter(fault.partition(":")[0] for fault in audit.ambiguous + audit.shared)
    for task_id, n in per_task.most_common():
        print(f"  {task_id}: {n}")
    print("texts met:", ", ".join(f"{k} {len(v)}" for k, v in audit.texts.items()))
    counts = distinct()
    print(
        f"different instructions of the core suite ({len(CORE)} tasks):",
        ", ".join(f"{language} {n}" for language, n in counts.items()),
        f"(bar: more than {DISTINCT_BAR})",
    )
    print(
        "of all tasks:", ", ".join(f"{language} {n}" for language, n in distinct(TASK_IDS).items())
    )
    rich = all(n > DISTINCT_BAR for n in counts.values())
    return 0 if rich and not audit.faults else 1


if __name__ == "__main__":
    sys.exit(main())
