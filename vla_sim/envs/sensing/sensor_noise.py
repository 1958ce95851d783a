"""Sensor noise: on proprioception and pictures, a function of episode and step alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.sensing.posture import Posture, turned
from vla_sim.envs.streams import step_stream
from vla_sim.records.embodiment import Embodiment


@dataclass(frozen=True, kw_only=True)
class NoiseLevel:
    """How much noise."""

    proprio: float = 0.0
    """Standard deviation in the natural units of `proprio_scale`."""
    pixel: int = 0
    """Most that a byte of a picture is off; small errors are likelier than large ones."""

    @property
    def is_silent(self) -> bool:
        """There is none."""
        return self.proprio == 0.0 and self.pixel == 0


SILENT = NoiseLevel()
_TURN_RAD = 0.1
"""A natural unit of angles, as of the cosine and sine of a yaw."""


class SensorNoise:
    """Noise of n simulations of one task, each at its own level."""

    def __init__(self, task_id: str, n: int, embodiment: Embodiment) -> None:
        self._task_id = task_id
        self._levels = [SILENT] * n
        self._is_noisy = np.zeros(n, dtype=np.bool_)
        self._scale = proprio_scale(embodiment)

    def begin(self, slot: int, level: NoiseLevel) -> None:
        """Start an episode at this level."""
        self._levels[slot] = level
        self._is_noisy[slot] = not level.is_silent

    def sense(
        self,
        ids: NDArray[np.int64],
        seeds: NDArray[np.int64],
        steps: NDArray[np.int64],
        proprio: NDArray[np.float32],
        rgb: NDArray[np.uint8] | None,
    ) -> None:
        """Add the noise of the present step to what the slots `ids` sense, in place.

        Args:
            ids: Slots, shape (m,).
            seeds: Of all n slots' episodes.
            steps: Of all n slots.
            proprio: (m, n_proprio).
            rgb: (m, h, w, 3), if there are pictures.
        """
        for k in np.flatnonzero(self._is_noisy[ids]):
            slot = ids[k]
            level = self._levels[slot]
            rng = step_stream(self._task_id, int(seeds[slot]), "noise", int(steps[slot]))
            error = rng.standard_normal(len(self._scale)) * (level.proprio * self._scale)
            proprio[k] += error.astype(np.float32)
            if rgb is not None:
                # Two equal dice: whole numbers, so that every machine draws the same picture.
                half = level.pixel // 2
                dice = rng.integers(-half, half + 1, (2, *rgb.shape[1:]), dtype=np.int16)
                rgb[k] = np.clip(rgb[k] + dice[0] + dice[1], 0, 255).astype(np.uint8)

    def felt(
        self,
        ids: NDArray[np.int64],
        seeds: NDArray[np.int64],
        steps: NDArray[np.int64],
        told: Posture,
    ) -> Posture:
        """The postures of the slots `ids` with the noise of the present step.

        Args:
            ids: Slots, shape (m,).
            seeds: Of all n slots' episodes.
            steps: Of all n slots.
            told: Of the slots `ids`.
        """
        noisy = np.flatnonzero(self._is_noisy[ids])
        if not len(noisy):
            return told
        joints, tool = told.joints.copy(), told.tool.copy()
        for k in noisy:
            slot = ids[k]
            rng = step_stream(self._task_id, int(seeds[slot]), "posture", int(steps[slot]))
            level = self._levels[slot].proprio
            joints[k] += rng.standard_normal(joints.shape[1]) * (level * _TURN_RAD)
            tool[k, :3] += rng.standard_normal(3) * (level * self._scale[:3])
            turn = rng.standard_normal((1, 3)) * (level * _TURN_RAD)
            tool[k : k + 1] = turned(tool[k : k + 1], turn)
        return Posture(joints=joints, tool=tool)


def proprio_scale(body: Embodiment) -> NDArray[np.float64]:
    """A natural unit of each proprioceptive component, shape (n_proprio,).

    For a place, how far the body gets in one control step at full speed; for what is named after a
    speed or an acceleration, a tenth of full speed; a tenth for cosine and sine; a hundredth else.
    """
    fastest = max(group.velocity_limit for group in body.motion if group.unit == "m")
    scale = np.full(body.n_proprio, 0.01)
    for k, name in enumerate(body.proprio_names):
        if any(word in name for word in ("velocity", "speed", "acceleration")):
            scale[k] = 0.1 * fastest
    scale[:3] = fastest * body.control_dt_s
    scale[3:5] = 0.1
    return scale
