"""Entry: what the gallery shows of one task, read off its code and its episodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_sim.agents.controls import POLICIES
from vla_sim.envs.crank import Crank
from vla_sim.envs.language.grammar import say
from vla_sim.envs.plan import plan_episodes
from vla_sim.envs.rollout import run_all
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import TASKS, family_of
from vla_sim.eval.statistics import wilson
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import LANGUAGES, Language
from vla_sim.records.reports import Estimate

N_EXAMPLES = 3
"""Instructions shown in each language."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What the expert and doing nothing are worth on one variant."""

    task_id: str
    expert: Estimate
    zero: Estimate


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One task of the gallery, its variants together."""

    name: str
    """Of the task's class."""
    robot: str
    rate_hz: float
    horizon_s: float
    hold_steps: int
    examples: Mapping[Language, tuple[str, ...]]
    violations: tuple[str, ...]
    """The task's own, beyond those of every motion."""
    numbers: Mapping[str, str]
    """Settings of the main variant that are lengths, angles, speeds or times, as text."""
    scores: tuple[Score, ...]
    """Of the main variant first."""


COMMON_VIOLATIONS = (
    "action_range",
    "velocity",
    "acceleration",
    "jerk",
    "joint_limit",
    "collision",
)
_UNITS = ("_m", "_s", "_rad", "_mps")


def families() -> dict[str, list[str]]:
    """{what a task and its variants are called together: their ids, the main one first}."""
    found: dict[str, list[str]] = {}
    for task_id in TASKS:
        found.setdefault(family_of(task_id), []).append(task_id)
    return found


def entry_of(name: str, task_ids: Sequence[str], seeds: range) -> Entry:
    """Measure the variants of one task and read the rest off the main one."""
    scores, violations = [], []
    for task_id in task_ids:
        crank = Crank(task_id, min(len(seeds), 50))
        done = {
            policy: run_all(
                crank, POLICIES[policy](task_id, crank.task), plan_episodes(task_id, seeds)
            )
            for policy in ("expert", "zero")
        }
        rates = {policy: _success(episodes) for policy, episodes in done.items()}
        scores.append(Score(task_id=task_id, expert=rates["expert"], zero=rates["zero"]))
        violations += [v for v in done["zero"][0].violations if v not in COMMON_VIOLATIONS]
    task = TASKS[task_ids[0]].build()
    body = task.robot.embodiment
    return Entry(
        name=name,
        robot=body.name,
        rate_hz=1.0 / body.control_dt_s,
        horizon_s=task.horizon_s,
        hold_steps=task.hold_steps,
        examples={language: examples_of(task_ids[0], language) for language in LANGUAGES},
        violations=tuple(dict.fromkeys(violations)),
        numbers=numbers_of(task_ids[0]),
        scores=tuple(scores),
    )


def _success(episodes: Sequence[Episode]) -> Estimate:
    return wilson(sum(e.success_at_end for e in episodes), len(episodes))


def examples_of(task_id: str, language: Language) -> tuple[str, ...]:
    """Instructions of a task's first scenes, another goal and another manner each."""
    texts = []
    task = TASKS[task_id].build()
    manners = tuple(task.manners)
    for seed in range(N_EXAMPLES):
        scene = task.sample(stream(task_id, seed, "scene"))
        meaning = scene.goals[seed % len(scene.goals)].meaning(manners[seed % len(manners)])
        rng = np.random.default_rng(seed)
        texts.append(say(meaning, language=language, split="seen", rng=rng).text)
    return tuple(texts)


def numbers_of(task_id: str) -> dict[str, str]:
    """Settings of a task that are lengths, angles, speeds or times, as text."""
    return {
        name: f"{value:g}"
        for name, value in vars(TASKS[task_id]).items()
        if name.endswith(_UNITS) and name != "horizon_s" and isinstance(value, float)
    }
