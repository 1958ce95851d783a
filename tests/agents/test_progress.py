"""Progress: a potential of what was seen so far, and shaping that changes no best behaviour."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.agents.progress import Progress, shaped
from vla_sim.assets.panda import PANDA
from vla_sim.errors import BadConfig
from vla_sim.records.instruction import Words
from vla_sim.records.observation import Observation, PolicyInput
from vla_sim.records.triple import N_CLIP

Floats = NDArray[np.float32]


class Brightness:
    """Finds a clip the more alike, the brighter its last picture is; keeps what it was shown."""

    def __init__(self) -> None:
        self.clips: list[NDArray[np.uint8]] = []
        self.times: list[Floats] = []

    def likeness(self, clip: NDArray[np.uint8], clip_time_s: Floats, texts: list[str]) -> Floats:
        assert len(clip) == len(texts)
        self.clips.append(clip)
        self.times.append(clip_time_s)
        return np.array([float(pictures[-1].mean()) / 255 for pictures in clip], dtype=np.float32)


def told(rows: list[int], step: int) -> PolicyInput:
    m = len(rows)
    images = (
        np.full((m, 4, 4, 3), 10 * step, dtype=np.uint8)
        + np.array(rows, dtype=np.uint8)[:, None, None, None]
    )
    return PolicyInput(
        observation=Observation(
            images={"front": images},
            proprio=np.zeros((m, 9), np.float32),
            time_s=np.full(m, 0.1 * step),
        ),
        instructions=[Words(text="go", language="en")] * m,
        task_id="vla_sim/Reach-v1",
        embodiment=PANDA,
        row=np.array(rows),
        step=np.full(m, step),
        own_seed=np.array(rows),
    )


def test_a_clip_goes_from_the_first_picture_to_the_present_one() -> None:
    eye = Brightness()
    progress = Progress(eye)
    values = [progress.potential(told([3, 5], step)) for step in range(7)]
    assert all((later > earlier).all() for earlier, later in pairwise(values))
    clip, time_s = eye.clips[-1], eye.times[-1]
    assert clip.shape == (2, N_CLIP, 4, 4, 3)
    assert clip[0, :, 0, 0, 0].tolist() == [3, 23, 43, 63]
    np.testing.assert_allclose(time_s[0], [0.0, 0.2, 0.4, 0.6], atol=1e-6)
    assert (eye.clips[0][1] == 5).all() and not eye.times[0].any()
    progress.reset(np.array([3]))
    progress.potential(told([5, 3], 8))
    assert eye.clips[-1][0, 0, 0, 0, 0] == 5 and eye.clips[-1][1, 0, 0, 0, 0] == 83


def test_shaping_adds_up_to_the_potentials_difference() -> None:
    rng = np.random.default_rng(0)
    reward, potential, discount = rng.normal(size=5), rng.normal(size=6), 0.9
    ended = np.array([False, False, False, False, True])
    given = shaped(reward, potential[:-1], potential[1:], ended, discount=discount)
    total = sum(discount**k * (given[k] - reward[k]) for k in range(5))
    assert total == pytest.approx(-potential[0])
    cut = shaped(reward, potential[:-1], potential[1:], np.zeros(5, bool), discount=discount)
    assert cut[-1] - given[-1] == pytest.approx(discount * potential[-1])
    with pytest.raises(BadConfig, match="discount is 2"):
        shaped(reward, potential[:-1], potential[1:], ended, discount=2)


def best_policy(reward: NDArray[np.float64], discount: float) -> NDArray[np.int64]:
    """Of the corridor below, by value iteration: which of two actions in each of six places."""
    value = np.zeros(7)
    for _ in range(2000):
        worth = reward + discount * value[NEXT] * (NEXT != 6)
        value = np.append(worth.max(axis=1), 0.0)
    return np.asarray(worth.argmax(axis=1))


NEXT = np.array([[max(place - 1, 0), place + 1] for place in range(6)])
"""A corridor of six places: left, right; the seventh place is the end."""


@pytest.mark.parametrize("seed", range(20))
def test_shaping_by_any_potential_leaves_the_best_behaviour_as_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reward, potential = rng.normal(size=(6, 2)), 5.0 * rng.normal(size=7)
    paid = np.stack(
        [
            shaped(
                reward[:, action],
                potential[:6],
                potential[NEXT[:, action]],
                NEXT[:, action] == 6,
                discount=0.9,
                weight=2.0,
            )
            for action in range(2)
        ],
        axis=1,
    )
    assert np.array_equal(best_policy(paid, 0.9), best_policy(reward, 0.9))
    bare = reward + 2.0 * potential[NEXT]  # paid for where one is: that does change it, somewhere
    assert seed or not np.array_equal(best_policy(bare, 0.9), best_policy(reward, 0.9))
