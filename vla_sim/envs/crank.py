"""The crank: n simulations of one task, turned together in one fixed order.

A control step is: check and clip the actions, command the robot, move what moves by itself, step
the physics, measure, judge, collect violations. The crank never knows which task it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.camera_view import CameraView
from vla_sim.envs.language.arms import shown
from vla_sim.envs.language.grammar import MEANING_INDEX, say
from vla_sim.envs.streams import stream
from vla_sim.envs.tasks import check_engine, make_task
from vla_sim.envs.violations import motion_violations
from vla_sim.errors import BadAction, BadConfig, UnknownName
from vla_sim.physics.engines import ENGINES, make_engine
from vla_sim.protocols.engine import Engine
from vla_sim.protocols.task import Scene
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.instruction import Instruction, Meaning
from vla_sim.records.manner import MANNERS
from vla_sim.records.observation import Observation, PolicyInput
from vla_sim.records.triple import N_GOALS

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one control step brought, n rows.

    Attributes:
        reward: Mean of the task's reward terms, in [0, 1].
        reward_terms: {name: (n,)}.
        success: The task's condition holds now.
        terminated: The task ended the episode: held success, failure, or diverged physics.
        truncated: The horizon ended it.
        diverged: The physics blew up in this step.
        violations: {name: (n,)} in this step.
    """

    reward: NDArray[np.float64]
    reward_terms: Mapping[str, NDArray[np.float64]]
    success: Bools
    terminated: Bools
    truncated: Bools
    diverged: Bools
    violations: Mapping[str, Bools]


@dataclass(frozen=True, kw_only=True)
class CrankConfig:
    """Settings of a Crank."""

    engine: str = "mujoco"
    """What computes the physics: mujoco or pybullet."""
    renderer: str = "raycast"
    image_size: int = 64
    """Height and width of the pictures [px]."""
    n_threads: int = 1
    """Threads for physics and pictures; results do not depend on it."""

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise UnknownName("engine", self.engine, ENGINES)
        if self.image_size < 16:
            raise BadConfig(f"image_size is {self.image_size} px; use 16 or more")
        if self.n_threads < 1:
            raise BadConfig(f"n_threads is {self.n_threads}; use 1 or more")


class Crank:
    """n slots, each running the episode it was last started with."""

    def __init__(self, task_id: str, n: int, config: CrankConfig | None = None) -> None:
        if n < 1:
            raise BadConfig(f"a batch of {n} simulations was asked for; use 1 or more")
        self.task_id = task_id
        self.n = n
        self.config = config or CrankConfig()
        check_engine(task_id, self.config.engine)
        self.task = make_task(task_id)
        self.robot = self.task.robot
        self.embodiment = self.robot.embodiment
        self.engine: Engine = make_engine(
            self.config.engine, self.task.build().compile(), n, self.config.n_threads
        )
        self.robot.bind(self.engine)
        self.task.bind(self.engine)
        self.view = CameraView(
            self.task.camera,
            self.engine,
            renderer=self.config.renderer,
            size=self.config.image_size,
            n_threads=self.config.n_threads,
            hazard_geoms=self.task.hazard_geoms(),
        )
        self.horizon_steps = round(self.task.horizon_s / self.embodiment.control_dt_s)
        self.goal = np.zeros(n, dtype=np.int64)
        self.manner = np.zeros(n, dtype=np.int64)
        self.seed = np.zeros(n, dtype=np.int64)
        self.steps = np.zeros(n, dtype=np.int64)
        self.held = np.zeros(n, dtype=np.int64)
        self.n_goals = np.ones(n, dtype=np.int64)
        self.meanings = np.zeros((n, N_GOALS, len(MANNERS)), dtype=np.int64)
        self.scenes: list[Scene | None] = [None] * n
        self.specs: list[EpisodeSpec | None] = [None] * n
        self.instructions: list[Instruction | None] = [None] * n
        self.shown: list[Instruction | None] = [None] * n

    def start(self, ids: NDArray[np.int64], specs: Sequence[EpisodeSpec]) -> None:
        """Begin an episode in each of the slots `ids`.

        Raises:
            BadConfig: If a spec is for another task, or its scene starts on its goal.
        """
        scenes = []
        for slot, spec in zip(ids, specs, strict=True):
            if spec.task_id != self.task_id:
                raise BadConfig(f"an episode of {spec.task_id} was given to {self.task_id}")
            scene = self.task.sample(stream(self.task_id, spec.seed, "scene"))
            scenes.append(scene)
            self.scenes[slot] = scene
            self.specs[slot] = spec
            self.goal[slot] = spec.goal % len(scene.goals)
            self.manner[slot] = MANNERS.index(spec.manner)
            self.seed[slot] = spec.seed
            self.n_goals[slot] = len(scene.goals)
            self.meanings[slot] = _meaning_table(scene)
            self.instructions[slot], self.shown[slot] = words_of(scene, spec)
        self.steps[ids] = 0
        self.held[ids] = 0
        self.engine.reset(ids)
        self.robot.reset(ids, np.stack([scene.start for scene in scenes]))
        self.task.write(ids, scenes)
        self.engine.forward(ids)
        self.robot.after_step(ids)
        solved = self.task.judge(self.goal).success[ids]
        if solved.any():
            seeds = [specs[int(k)].seed for k in np.flatnonzero(solved)]
            raise BadConfig(f"{self.task_id} starts solved with seeds {seeds}")

    def step(self, actions: NDArray[np.float32]) -> StepResult:
        """Advance every slot by one control step.

        Args:
            actions: Normalised, shape (n, n_act). Components beyond [-1, 1] are clipped and
                reported as the violation `action_range`.

        Raises:
            BadAction: If the shape is wrong or a value is not finite; nothing has moved then.
        """
        clipped, out_of_range = self.checked(actions)
        self.robot.command(clipped * self.embodiment.action_scale)
        self.task.before_step()
        diverged = self.engine.step(self.robot.n_substeps)
        self.robot.after_step()
        self.steps += 1
        outcome = self.task.judge(self.goal)
        success = outcome.success & ~diverged
        self.held = np.where(success, self.held + 1, 0)
        reward = np.zeros(self.n)
        for term in outcome.reward_terms.values():
            reward += np.where(diverged, 0.0, term) / len(outcome.reward_terms)
        violations = {
            "action_range": out_of_range,
            **motion_violations(self.robot.motion, self.embodiment),
            "collision": self.robot.collision(),
            **outcome.violations,
        }
        return StepResult(
            reward=reward,
            reward_terms=outcome.reward_terms,
            success=success,
            terminated=(self.held >= self.task.hold_steps) | outcome.failure | diverged,
            truncated=self.steps >= self.horizon_steps,
            diverged=diverged,
            violations=violations,
        )

    def checked(self, actions: NDArray[np.float32]) -> tuple[NDArray[np.float64], Bools]:
        """Actions clipped to [-1, 1] as float64, and which rows had to be clipped.

        Raises:
            BadAction: If the shape is wrong or a value is not finite.
        """
        expected = (self.n, self.embodiment.n_act)
        if np.shape(actions) != expected:
            raise BadAction(
                f"{self.task_id} wants actions of shape {expected}, not {np.shape(actions)}"
            )
        wide = np.asarray(actions, dtype=np.float64)
        if not np.isfinite(wide).all():
            row, column = np.argwhere(~np.isfinite(wide))[0]
            raise BadAction(
                f"action {wide[row, column]} of simulation {row}, component {column}, is not finite"
            )
        return np.clip(wide, -1.0, 1.0), np.any(np.abs(wide) > 1.0, axis=1)

    def observe(self, ids: NDArray[np.int64], *, images: bool = True) -> Observation:
        """What the sensors of the slots `ids` say now."""
        pictures = {self.task.camera.name: self.view.rgb(ids)} if images else {}
        return Observation(
            images=pictures,
            proprio=self.view.relative(self.robot.proprio())[ids],
            time_s=self.steps[ids].astype(np.float64) * self.embodiment.control_dt_s,
        )

    def told(self, ids: NDArray[np.int64], observation: Observation) -> PolicyInput:
        """Everything that a policy may be told about the slots `ids`."""
        instructions = [self.shown[slot] for slot in ids]
        assert all(instructions), "a slot was asked for an action before its first episode"
        return PolicyInput(
            observation=observation,
            instructions=[i for i in instructions if i is not None],
            task_id=self.task_id,
            seed=self.seed[ids],
            step=self.steps[ids],
            privileged={name: values[ids] for name, values in self.task.privileged().items()},
            goal=self.goal[ids],
            manner=self.manner[ids],
        )


def meaning_of(scene: Scene, goal: int, spec: EpisodeSpec) -> Meaning:
    """What asking for the goal number `goal` of a scene in the spec's manner means."""
    asked = scene.goals[goal % len(scene.goals)]
    return Meaning(intent_id=asked.intent_id, referent=asked.referent, manner=spec.manner)


def _meaning_table(scene: Scene) -> NDArray[np.int64]:
    """Index into MEANINGS of each goal in each manner, (N_GOALS, len(MANNERS)); goals repeat."""
    asked = [scene.goals[k % len(scene.goals)] for k in range(N_GOALS)]
    return np.array(
        [
            [
                MEANING_INDEX[Meaning(intent_id=g.intent_id, referent=g.referent, manner=m)]
                for m in MANNERS
            ]
            for g in asked
        ]
    )


def words_of(scene: Scene, spec: EpisodeSpec) -> tuple[Instruction, Instruction]:
    """The true instruction and the one that the policy is shown in the spec's arm."""
    meaning = meaning_of(scene, spec.goal, spec)
    words = stream(spec.task_id, spec.seed, "words")
    true = say(meaning, language=spec.language, split=spec.split, rng=words)
    if spec.arm == "correct":
        return true, true
    outcome = scene.goals[spec.goal % len(scene.goals)].outcome
    others = [meaning_of(scene, k, spec) for k, g in enumerate(scene.goals) if g.outcome != outcome]
    rng = stream(spec.task_id, spec.seed, "arm")
    return true, shown(spec.arm, meaning, others, spec.language, rng)
