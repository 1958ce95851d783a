"""What a control step brought, as the crank tells it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What one control step brought, n rows.

    Attributes:
        reward: Mean of the task's reward terms, in [0, 1].
        reward_terms: {name: (n,)}.
        success: The task's condition holds now; in a chain, for its last instruction.
        terminated: The task ended the episode: held success, failure, diverged physics, or the
            horizon of a task that reads success there.
        truncated: The horizon ended it.
        diverged: The physics blew up in this step.
        next_asked: The slot carried out an instruction of a chain and was given the next one.
        violations: {name: (n,)} in this step.
    """

    reward: NDArray[np.float64]
    reward_terms: Mapping[str, NDArray[np.float64]]
    success: Bools
    terminated: Bools
    truncated: Bools
    diverged: Bools
    next_asked: Bools
    violations: Mapping[str, Bools]
    shield_change: NDArray[np.float64] | None = None
    """(n,) how far the shield changed the actions, normalised; None where there is no shield."""
