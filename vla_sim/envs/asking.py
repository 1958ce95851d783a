"""Asking: what a goal of a scene means, and the words that ask for it in an episode."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.language.arms import shown
from vla_sim.envs.language.codes import encode
from vla_sim.envs.language.grammar import say
from vla_sim.envs.streams import stream
from vla_sim.protocols.task import Scene
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.instruction import Instruction, Meaning
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import N_GOALS


def meaning_of(scene: Scene, goal: int, spec: EpisodeSpec) -> Meaning:
    """What asking for the goal number `goal` of a scene in the spec's manner means."""
    return scene.goals[goal % len(scene.goals)].meaning(spec.manner)


def meaning_table(scene: Scene) -> NDArray[np.int64]:
    """Code of each goal in each manner, (N_GOALS, len(MANNERS)); goals repeat."""
    asked = [scene.goals[k % len(scene.goals)] for k in range(N_GOALS)]
    return np.array([[encode(goal.meaning(manner)) for manner in MANNERS] for goal in asked])


def words_of(scene: Scene, spec: EpisodeSpec, stage: int = 0) -> tuple[Instruction, Instruction]:
    """The true instruction and the one that the policy is shown in the spec's arm.

    `stage` counts the instructions of a chain: each draws words of its own.
    """
    meaning = meaning_of(scene, spec.goal, spec)
    words = stream(spec.task_id, spec.seed, "words", stage)
    true = say(meaning, language=spec.language, split=spec.split, rng=words)
    if spec.arm == "correct":
        return true, true
    outcome = scene.goals[spec.goal % len(scene.goals)].outcome
    others = [meaning_of(scene, k, spec) for k, g in enumerate(scene.goals) if g.outcome != outcome]
    rng = stream(spec.task_id, spec.seed, "arm", stage)
    every = [meaning_of(scene, k, spec) for k in range(len(scene.goals))]
    candidates = every if spec.arm == "wrong_referent" else others
    return true, shown(spec.arm, meaning, candidates, spec.language, rng, things=scene.things)
