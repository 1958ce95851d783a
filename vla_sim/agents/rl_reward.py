"""What a control step is worth to a learner, from what the crank says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.step_result import StepResult
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.ranges import at_least

RewardKind = Literal["sparse", "dense"]
KINDS: tuple[RewardKind, ...] = get_args(RewardKind)
LIMITS = ("velocity", "acceleration", "jerk", "joint_limit")
"""The violations of a body's own limits, whatever the task."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RewardConfig:
    """Settings of the reward."""

    kind: RewardKind = "sparse"
    """sparse: success alone; dense: the task's terms at each step besides."""
    terms: Mapping[str, float] = field(default_factory=dict)
    """Weights of the task's dense terms by name; what is not named has none. Empty: all alike."""
    prior: float = 0.0
    """Taken off at each step on which the body is beyond one of its limits of speed, acceleration,
    jerk or joints, in units of a term; 0 for nothing."""
    shaping: float = 0.0
    """Weight of how far an episode has come, as the aligned space sees it, in units of success:
    the difference of a potential, which changes no best behaviour. 0 for none; each moment then
    costs a clip."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("kind of reward", self.kind, KINDS)
        at_least(0, prior=self.prior, shaping=self.shaping)
        for name, weight in self.terms.items():
            at_least(0, **{f"terms {name}": weight})
        if self.kind == "sparse" and self.terms:
            raise BadConfig(
                f"reward.terms names {', '.join(self.terms)}, and reward.kind is 'sparse', which "
                "has no terms; say --reward.kind dense, or name none"
            )
        if self.terms and not any(self.terms.values()):
            raise BadConfig(
                "reward.terms gives every term the weight 0; say --reward.kind sparse instead"
            )

    def check_terms(self, known: Mapping[str, object], task: str) -> None:
        """See that a task has the terms that are named.

        Raises:
            UnknownName: If not, with those that it has.
        """
        for name in self.terms:
            if name not in known:
                raise UnknownName(f"reward term of {task},", name, sorted(known))


def step_reward(result: StepResult, config: RewardConfig, *, gamma: float) -> Floats:
    """The reward of one control step, (n,).

    Dense terms and the penalty are scaled by 1 - gamma, so that their return lies in [0, 1]. An
    episode that ends in success earns 1 more, which is what standing on the goal for ever would
    earn: with less, whoever is paid at every step gains by putting success off.

    Args:
        result: What the step brought.
        config: Settings.
        gamma: Discount per control step.
    """
    paid = np.zeros(len(result.reward))
    if config.kind == "dense" and not config.terms:
        paid += result.reward
    for name, weight in config.terms.items():
        term = np.where(result.diverged, 0.0, result.reward_terms[name])
        paid += weight * term / sum(config.terms.values())
    if config.prior:
        beyond = np.zeros(len(paid), dtype=np.bool_)
        for name in LIMITS:
            beyond |= result.violations[name]
        paid -= config.prior * beyond
    return (1.0 - gamma) * paid + (result.terminated & result.success)
