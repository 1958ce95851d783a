"""How far an episode has come, by how much its clip so far looks like its words."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.records.observation import PolicyInput
from vla_sim.records.triple import N_CLIP

Floats = NDArray[np.float32]


class ClipAndWords(Protocol):
    """A trained model that lays clips and words on one sphere."""

    def likeness(self, clip: NDArray[np.uint8], clip_time_s: Floats, texts: list[str]) -> Floats:
        """Cosine of z_V and z_L.

        Args:
            clip: (m, N_CLIP, h, w, 3).
            clip_time_s: (m, N_CLIP), when each picture was taken.
            texts: m sentences.

        Returns:
            (m,)
        """
        ...


class Progress:
    """A potential in [-1, 1] of a moment of an episode, for reward shaping.

    A clip is compared from the episode's first picture to the present one, as the model saw whole
    episodes in training. Pictures are kept by row, like a policy's memory: tell it by `reset` when
    a row begins anew.
    """

    def __init__(self, model: ClipAndWords) -> None:
        self.model = model
        self._seen: dict[int, list[tuple[float, NDArray[np.uint8]]]] = {}

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`."""
        for row in ids.tolist():
            self._seen.pop(row, None)

    def potential(self, told: PolicyInput) -> Floats:
        """How much what was seen so far looks like what was said, float32 (m,).

        A function of the row's own inputs since it began: at equal inputs, equal.
        """
        (images,) = told.observation.images.values()
        clips, times = [], []
        for place, row in enumerate(told.row.tolist()):
            seen = self._seen.setdefault(row, [])
            seen.append((float(told.observation.time_s[place]), images[place].copy()))
            kept = [seen[k] for k in np.linspace(0, len(seen) - 1, N_CLIP).round().astype(int)]
            clips.append(np.stack([picture for _, picture in kept]))
            times.append([time_s - seen[0][0] for time_s, _ in kept])
        texts = [said.text for said in told.instructions]
        return self.model.likeness(np.stack(clips), np.array(times, dtype=np.float32), texts)


def shaped(
    reward: NDArray[np.floating],
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    terminated: NDArray[np.bool_],
    *,
    discount: float,
    weight: float = 1.0,
) -> NDArray[np.float64]:
    """Rewards with a potential's difference added; which behaviour is best stays the same.

    Args:
        reward: (m,), of a step.
        before: (m,), the potential before it.
        after: (m,), the potential after it.
        terminated: bool (m,), the task ended the episode: beyond, the potential is zero. Where only
            the horizon cut it short, it goes on.
        discount: Of the learner, from 0 to 1.
        weight: Of the potential, in units of reward.

    Raises:
        BadConfig: If the discount is out of range.

    Source:
        A. Y. Ng, D. Harada and S. Russell, ICML (1999) 278.
    """
    if not 0.0 <= discount <= 1.0:
        raise BadConfig(f"discount is {discount}; use 0 to 1")
    beyond = np.where(terminated, 0.0, np.asarray(after, dtype=np.float64))
    return np.asarray(reward, np.float64) + weight * (discount * beyond - np.asarray(before))
