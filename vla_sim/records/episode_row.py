"""One episode as a row of a result: what was planned, and every number that came of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from vla_sim.records.episode import EpisodeSpec, Rig, Role

PairKey = tuple[str, int, int, str, str, str, str, int, int]
"""Task, seed, goal, manner, language, arm, axis, severity, number of instructions."""


@dataclass(frozen=True, kw_only=True)
class EpisodeRow:
    """What is kept of an episode where its steps are not.

    Attributes:
        spec: What was planned.
        rig: What it ran on.
        role: Who acted.
        text: The true instruction.
        shown: What the policy was told; empty under the empty arm.
        n_steps: Number of control steps.
        metrics: {name of `METRICS`: its number; NaN where it is undefined}.
        violations: {name: on how many steps it was on}.
        violation_stretches: {name: how often it began}.
        events: {kind of event: how many}, of those that its record can tell.
        progress: How far it got, in [0, 1]: over its task's sub-goals, or where it names none by
            its shaped reward.
        failure: Its kind, see `FAILURE_KINDS`; empty for a success.
        policy_failure: What the policy did that cannot be acted on; empty where it acted.
        path_length_m: Of the controlled point [m].
        expert_path_length_m: Of the expert's path to the goal [m].
        n_goals_equivalent: How many of the scene's goals the same behaviour would satisfy.
        n_goals: How many goals the scene offers.
        n_shielded: On how many steps a shield changed the action.
    """

    spec: EpisodeSpec
    rig: Rig
    role: Role
    text: str
    shown: str
    n_steps: int
    metrics: Mapping[str, float]
    violations: Mapping[str, int]
    violation_stretches: Mapping[str, int]
    events: Mapping[str, int]
    progress: float
    failure: str
    policy_failure: str
    path_length_m: float
    expert_path_length_m: float
    n_goals_equivalent: int
    n_goals: int
    n_shielded: int

    @property
    def success_at_end(self) -> bool:
        """The condition held after the last step."""
        return self.metrics["success_at_end"] == 1.0

    @property
    def order(self) -> tuple[str, str, int, int, str, str]:
        """Where the row stands in its result."""
        spec = self.spec
        return (spec.task_id, spec.arm, spec.seed, spec.goal, spec.language, spec.manner)

    @property
    def pair_key(self) -> PairKey:
        """What it has in common with the episode that it is compared with."""
        spec = self.spec
        return (
            spec.task_id,
            spec.seed,
            spec.goal,
            spec.manner,
            spec.language,
            spec.arm,
            spec.axis,
            spec.severity,
            spec.n_instructions,
        )
