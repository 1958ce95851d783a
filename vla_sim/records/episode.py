"""One attempt, from its plan to all that was measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.instruction import Instruction, Language, Split
from vla_sim.records.manner import MANNERS, Manner
from vla_sim.records.seed import checked_seed
from vla_sim.records.shift import Shift
from vla_sim.records.things import Things

Arm = Literal[
    "correct",
    "empty",
    "swapped",
    "held_out",
    "other_language",
    "tool_call",
    "punctuation",
    "wrong_referent",
]

Role = Literal["policy", "teacher"]
"""Who acted: a policy has what a robot has, a teacher is given the truth."""


@dataclass(frozen=True, kw_only=True)
class Rig:
    """What an episode ran on, as far as it changes what happens or what is seen.

    Attributes:
        engine: Id of the physics engine, with its version.
        renderer: Id of the camera backend, with its version where pictures could differ.
        image_size: Height and width of the pictures that the policy is given [px].
    """

    engine: str
    renderer: str
    image_size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class EpisodeSpec:
    """All that determines an episode, beside the policy.

    The scene follows from (task_id, seed). `goal` counts the scene's goals; the words follow from
    (seed, language, split). `arm` says what the policy is told instead of the true instruction.
    `axis` and `severity` say how scene, senses or physics leave the training distribution.

    Raises:
        BadConfig: If the seed is none, or a count is no whole number.
        UnknownName: If there is no such manner.
    """

    task_id: str
    seed: int
    goal: int
    manner: Manner = "normal"
    language: Language = "en"
    split: Split = "seen"
    arm: Arm = "correct"
    n_instructions: int = 1
    """With more than one, the next is given in the same scene once the last is carried out."""
    axis: str = ""
    severity: int = 0

    def __post_init__(self) -> None:
        checked_seed(self.seed)
        for name in ("goal", "n_instructions"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int | np.integer):
                raise BadConfig(f"{name} is {count!r}; use a whole number")
        if self.manner not in MANNERS:
            raise UnknownName("manner", self.manner, MANNERS)

    @property
    def shift(self) -> Shift:
        """Axis and severity.

        Raises:
            BadConfig: If the severity is out of range, or there is one without an axis.
        """
        return Shift(axis=self.axis, severity=self.severity)


@dataclass(frozen=True, kw_only=True)
class Episode:
    """All steps of one attempt. T is the number of control steps.

    Attributes:
        spec: What was planned.
        rig: What it ran on.
        role: Who acted.
        instruction: The true instruction, of a chain the first; success is measured against it.
        shown: What the policy was told; differs from `instruction` in a control arm.
        embodiment: Name of the robot.
        control_dt_s: Control period [s].
        actions: float32 (T, n_act), normalised to [-1, 1], after clipping.
        proprio: float32 (T + 1, n_proprio).
        position: float64 (T + 1, n_motion), measured motion, in the groups of the Embodiment.
        velocity: float64 (T + 1, n_motion).
        acceleration: float64 (T, n_motion), mean over each control step.
        point: float64 (T + 1, 3), the controlled point in the world [m].
        reward: float64 (T,).
        success: bool (T,), the task's condition after each step, of a chain for its last
            instruction.
        n_completed: How many of the chain's instructions were carried out, 0 or 1 without a chain.
        violations: {name: bool (T,)}.
        expert_path_length_m: Length of the expert's path to the goal, > 0.
        terminated: The task ended the episode.
        truncated: The horizon ended it.
        diverged: The physics blew up.
        n_goals_equivalent: How many of the scene's goals the same behaviour would satisfy.
        n_goals: How many goals the scene offers.
        policy_failure: Why who acted could not go on, which ended the episode without success; ""
            where it could.
        shield_change: float32 (T,), how far the shield changed each action, the norm in normalised
            units, 0 where it let it through; None where no shield was on. `actions` are as asked.
        images: uint8 (T + 1, h, w, 3) or None.
        cell: float32 (T + 1, 2) or None, image position (u right, v down) of the true referent.
        cell_visible: bool (T + 1,) or None, whether it is in the picture.
        subgoals: {name: float32 (T + 1,)}, what was left of each sub-goal of the instruction that
            held then, in a unit of its own; 0 where it was reached. Empty where the task has none.
        stage: int16 (T + 1,), the number of that instruction in its chain; None without a chain.
        things: What could be touched, over the T + 1 states; None where the task names nothing.
        stale: bool (T,), steps on which an action acted that had been sent for an earlier one; None
            where none did.
        hold_steps: For how many steps the task wants its condition held; 0 for at the end.
    """

    spec: EpisodeSpec
    rig: Rig
    role: Role
    instruction: Instruction
    shown: Instruction
    embodiment: str
    control_dt_s: float
    actions: NDArray[np.float32]
    proprio: NDArray[np.float32]
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    point: NDArray[np.float64]
    reward: NDArray[np.float64]
    success: NDArray[np.bool_]
    violations: Mapping[str, NDArray[np.bool_]]
    n_completed: int
    expert_path_length_m: float
    terminated: bool
    truncated: bool
    diverged: bool
    n_goals_equivalent: int
    n_goals: int
    policy_failure: str = ""
    shield_change: NDArray[np.float32] | None = None
    images: NDArray[np.uint8] | None = None
    cell: NDArray[np.float32] | None = None
    cell_visible: NDArray[np.bool_] | None = None
    subgoals: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    stage: NDArray[np.int16] | None = None
    things: Things | None = None
    stale: NDArray[np.bool_] | None = None
    hold_steps: int = 1

    @property
    def n_steps(self) -> int:
        """Number of control steps."""
        return len(self.actions)

    @property
    def n_shielded(self) -> int:
        """Steps on which the shield changed the action."""
        return 0 if self.shield_change is None else int((self.shield_change > 0.0).sum())

    @property
    def success_once(self) -> bool:
        """The condition held after at least one step."""
        return bool(self.success.any()) and not self.policy_failure

    @property
    def success_at_end(self) -> bool:
        """The condition held after the last step."""
        return bool(self.success[-1]) and not self.policy_failure

    @property
    def path_length_m(self) -> float:
        """Length of the controlled point's path [m]."""
        return float(np.linalg.norm(np.diff(self.point, axis=0), axis=1).sum())
