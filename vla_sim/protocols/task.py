"""Task: what is wanted, over arrays with a leading axis of simulations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import mujoco
import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.engine import Engine
from vla_sim.protocols.robot import Robot
from vla_sim.records.camera import CameraSpec
from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import Manner, MannerProfile
from vla_sim.records.spread import TRAINING, Spread
from vla_sim.records.triple import N_QUERIES

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One thing that could be asked in a scene."""

    intent_id: str
    referent: Referent
    target: Referent = field(default_factory=Referent)
    """Where to, which way, or how, for intents that say so."""
    outcome: int
    """Goals with equal outcomes are satisfied by the same behaviour."""

    def meaning(self, manner: Manner = "normal") -> Meaning:
        """What asking for it in a manner means."""
        return Meaning(
            intent_id=self.intent_id, referent=self.referent, target=self.target, manner=manner
        )


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One simulation's start, drawn from a seed.

    Attributes:
        start: The robot's start, see `Robot.reset`.
        goals: What can be asked here.
        values: {name: array}: what the task writes into the engine and remembers per simulation.
        things: Looks of all that words can name here; empty where the goals name it in full.
    """

    start: Floats
    goals: tuple[Goal, ...]
    values: Mapping[str, Floats] = field(default_factory=dict)
    things: tuple[Referent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Points:
    """What each goal of a scene is about now, a point for each of `QUERIES`, for k goals each.

    Attributes:
        at: (n, k, N_QUERIES, 3) where the points lie [m], frame of proprio[:3]; zero where there is
            none.
        shown_by: (n, k, N_QUERIES, 3) a point [m] on what shows each of them in the picture.
        exists: bool (n, k, N_QUERIES), whether the goal has such a point now.
        held: bool (n, k), whether the goal's thing is between the fingers.
    """

    at: Floats
    shown_by: Floats
    exists: NDArray[np.bool_]
    held: NDArray[np.bool_]

    @classmethod
    def of(
        cls, answers: Mapping[int, tuple[Floats, Floats]], held: NDArray[np.bool_] | None = None
    ) -> Self:
        """Points for the queries that are answered, in every simulation and for every goal.

        Args:
            answers: {query: (its points, what shows them)}, (n, k, 3) each.
            held: (n, k); None where nothing ever is.
        """
        (n, k, _) = next(iter(answers.values()))[0].shape
        points = cls(
            at=np.zeros((n, k, N_QUERIES, 3)),
            shown_by=np.zeros((n, k, N_QUERIES, 3)),
            exists=np.zeros((n, k, N_QUERIES), dtype=np.bool_),
            held=np.zeros((n, k), dtype=np.bool_) if held is None else held,
        )
        for query, (at, shown_by) in answers.items():
            points.at[:, :, query], points.shown_by[:, :, query] = at, shown_by
            points.exists[:, :, query] = True
        return points


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The task's judgement of one step, n rows.

    Attributes:
        success: bool (n,).
        reward_terms: {name: (n,)}, each in [0, 1]; the reward is their mean.
        failure: bool (n,), the episode cannot succeed any more and ends.
        violations: {name: bool (n,)}, beyond those of the robot's motion.
    """

    success: NDArray[np.bool_]
    failure: NDArray[np.bool_]
    reward_terms: Mapping[str, Floats]
    violations: Mapping[str, NDArray[np.bool_]]


class Task(Protocol):
    """Intent without a crank: a task never steps."""

    @property
    def robot(self) -> Robot:
        """The robot that the task is for."""
        ...

    @property
    def manners(self) -> Mapping[Manner, MannerProfile]:
        """What each manner means for this task's robot here."""
        ...

    @property
    def camera(self) -> CameraSpec:
        """The camera that policies see through."""
        ...

    @property
    def horizon_s(self) -> float:
        """Time after which an episode is truncated [s]."""
        ...

    @property
    def hold_steps(self) -> int:
        """How success is read: 1 for once, k for held that many steps, 0 for at the horizon's end.

        An episode ends as a success after so many consecutive steps; with 0 it runs on to the
        horizon's end, which then is the task's own: it terminates the episode as well.
        """
        ...

    def build(self) -> mujoco.MjSpec:
        """The scene with the robot in it."""
        ...

    def add_distractors(self, spec: mujoco.MjSpec) -> None:
        """Add things that nobody asks for to what `build` made; no scene shows them yet."""
        ...

    def bind(self, engine: Engine) -> None:
        """Find the scene's parts in the compiled engine and allocate per-simulation arrays."""
        ...

    def sample(self, rng: np.random.Generator, spread: Spread = TRAINING) -> Scene:
        """Draw one scene, as wide as `spread` says; no engine is touched."""
        ...

    def can_follow(self, scene: Scene, asked: Sequence[int]) -> list[int]:
        """Goals of a scene that can be carried out, and are not reached yet, after some others.

        Args:
            scene: As `sample` drew it.
            asked: The goals that were carried out in it, in this order; one or more.
        """
        ...

    def write(self, ids: NDArray[np.int64], scenes: Sequence[Scene]) -> None:
        """Write scenes (all but the robot) into the simulations `ids`."""
        ...

    def furnish(self, slot: int, n: int, rng: np.random.Generator) -> None:
        """Put up to n distractors into one simulation, clear of all that is in it.

        The scene was built with `add_distractors`. Called after `write` with derived fields
        current; the caller makes them current again.
        """
        ...

    def before_step(self) -> None:
        """Move what moves by itself (other vehicles) for the coming control step."""
        ...

    def after_step(self, goal: NDArray[np.int64]) -> None:
        """Note what the task has to remember (progress) of the step that was just measured.

        Called once for all simulations after each control step, before `judge`.
        """
        ...

    def carried_out(self, ids: NDArray[np.int64], goal: NDArray[np.int64]) -> None:
        """Note what has to be remembered of goals that were carried out, before the next are asked.

        Called within a chain alone, in the state that was just judged.

        Args:
            ids: Simulations, (m,).
            goal: What was asked of them until now, (m,).
        """
        ...

    def judge(self, goal: NDArray[np.int64]) -> Outcome:
        """Success, reward and violations of the present state for goals of shape (n,)."""
        ...

    def privileged(self) -> Mapping[str, Floats]:
        """The true state that experts read, {name: (n, ...)}, the robot's part included."""
        ...

    def referent_point(self) -> Floats:
        """(n, N_GOALS, 3): a point [m] on each goal's referent, for grounding in the image."""
        ...

    def goal_point(self) -> Floats:
        """(n, N_GOALS, 3): where the controlled point has to go, frame of proprio[:3]."""
        ...

    def points(self) -> Points:
        """All that a goal's words point at, for N_GOALS or fewer goals each."""
        ...

    def hazard_geoms(self) -> NDArray[np.int64]:
        """Ids of geoms not to be hit; shown in the hazard grid."""
        ...

    def expert_path_length(self, goal: NDArray[np.int64]) -> Floats:
        """(n,): length of the expert's path to each goal [m], > 0, read at the start."""
        ...
