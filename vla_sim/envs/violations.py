"""What a body did beyond its limits, by name.

The limits are those of the Embodiment: the same numbers that the physical priors of training use.
"""

import numpy as np
from numpy.typing import NDArray

from vla_sim.protocols.robot import Motion
from vla_sim.records.embodiment import Embodiment


def motion_violations(motion: Motion, embodiment: Embodiment) -> dict[str, NDArray[np.bool_]]:
    """Which simulations broke a limit in the last step.

    Args:
        motion: The measured motion of n robots.
        embodiment: Its groups give the limits on the norms.

    Returns:
        {"velocity", "acceleration", "jerk", "joint_limit"}: bool (n,), true where any group is
        beyond its limit.
    """
    n = len(motion.position)
    broken = {
        name: np.zeros(n, dtype=bool)
        for name in ("velocity", "acceleration", "jerk", "joint_limit")
    }
    start = 0
    for group in embodiment.motion:
        part = slice(start, start + group.size)
        start += group.size
        broken["velocity"] |= _norm(motion.velocity[:, part]) > group.velocity_limit
        broken["acceleration"] |= _norm(motion.acceleration[:, part]) > group.acceleration_limit
        broken["jerk"] |= _norm(motion.jerk[:, part]) > group.jerk_limit
        if group.size == 1:
            position = motion.position[:, part.start]
            broken["joint_limit"] |= position < group.position_lower
            broken["joint_limit"] |= position > group.position_upper
    return broken


def _norm(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean norm of each row, component by component: its bits do not depend on n."""
    total = np.zeros(len(vectors))
    for column in range(vectors.shape[1]):
        total += vectors[:, column] ** 2
    return np.sqrt(total)
