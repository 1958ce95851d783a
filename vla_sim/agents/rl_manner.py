"""What was told of the manner, as a bound of a learner's: known when an episode ends."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crankshaft import Crankshaft
from vla_sim.envs.step_result import StepResult
from vla_sim.records.manner import MANNERS

Bools = NDArray[np.bool_]


class MannerWatch:
    """Notes how the bodies of n slots move, and says which episodes end without their manner.

    By the bands that the metric `manner_kept` reads.
    """

    def __init__(self, shaft: Crankshaft) -> None:
        self._shaft = shaft
        n_motion = sum(group.size for group in shaft.embodiment.motion)
        self._count = np.zeros(shaft.n, dtype=np.int64)
        self._velocity = np.zeros((shaft.n, 256, n_motion))
        self._acceleration = np.zeros_like(self._velocity)

    def begin(self, slots: NDArray[np.int64]) -> None:
        """New episodes begin in the slots."""
        self._count[slots] = 0

    def missed(self, result: StepResult, live: Bools) -> Bools:
        """Where an episode ended in this step and its manner was not kept, (n,).

        Args:
            result: What the step brought.
            live: The slots whose episodes were under way; the others are passed over.
        """
        found = np.zeros_like(live)
        ended = live & (result.terminated | result.truncated)
        for crank, slots in self._shaft.parts(np.flatnonzero(live)):
            motion = crank.robot.motion
            self._note(slots, motion.velocity[slots], motion.acceleration[slots])
            body = crank.embodiment
            for slot in slots[ended[slots]].tolist():
                profile = crank.task.manners[MANNERS[crank.manner[slot]]]
                group = body.motion_slice(profile.motion_group)
                steps = self._count[slot]
                found[slot] = result.diverged[slot] or not profile.is_kept(
                    self._velocity[slot, :steps, group],
                    self._acceleration[slot, :steps, group],
                    body.control_dt_s,
                )
        return found

    def _note(
        self,
        slots: NDArray[np.int64],
        velocity: NDArray[np.float64],
        acceleration: NDArray[np.float64],
    ) -> None:
        at = self._count[slots]
        if at.max() == self._velocity.shape[1]:
            self._velocity = np.concatenate((self._velocity, np.zeros_like(self._velocity)), axis=1)
            self._acceleration = np.concatenate(
                (self._acceleration, np.zeros_like(self._acceleration)), axis=1
            )
        self._velocity[slots, at] = velocity
        self._acceleration[slots, at] = acceleration
        self._count[slots] += 1
