"""Laws of the numbers that take several episodes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from dtaidistance import dtw_ndim
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.eval.across.expert_distance import (
    average_displacement,
    expert_ade,
    final_displacement,
    warped_distance,
)
from vla_sim.eval.across.manner_ordering import manner_ordering
from vla_sim.eval.across.paraphrase_score import paraphrase_score, words_apart
from vla_sim.eval.across.pass_power import all_of, pass_power
from vla_sim.eval.across.table import ACROSS
from vla_sim.eval.body import Body
from vla_sim.eval.detection.auroc import auroc
from vla_sim.eval.statistics import bootstrap_ratio
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import Instruction
from vla_sim.records.manner import Manner

Make = Callable[..., Episode]
TASK = "vla_sim/Reach-v1"


@pytest.mark.parametrize("name", ACROSS)
def test_no_episodes_say_nothing(name: str) -> None:
    assert ACROSS[name].of([], {}) is None


def test_all_of_k_is_the_share_of_draws_that_are_all_hits() -> None:
    outcomes = [True] * 5 + [False] * 2
    draws = [all(drawn) for drawn in combinations(outcomes, 3)]
    found = all_of(5, 7, 3)
    assert found.value == pytest.approx(np.mean(draws))
    assert found.low <= found.value <= found.high
    assert all_of(7, 7, 4).value == 1.0
    assert all_of(3, 7, 4).value == 0.0
    for bad in ((3, 7, 8), (3, 7, 0), (8, 7, 2)):
        with pytest.raises(BadConfig):
            all_of(*bad)


def test_pass_power_wants_enough_episodes_of_every_task(episode: Make) -> None:
    few = [episode(seed=k) for k in range(3)]
    assert pass_power(few, {}) is None
    found = pass_power([*few, episode(seed=3)], {})
    assert found is not None and (found.value, found.n) == (1.0, 4)


def graded_body(body: Body) -> Body:
    """Slow and quick manners have bands of their own."""
    bands: dict[Manner, tuple[float, float]] = {"slowly": (0.05, 0.15), "quickly": (0.3, 0.6)}
    manners = {
        m: replace(p, typical_speed_band=bands.get(m, (0.15, 0.3))) for m, p in body.manners.items()
    }
    return replace(body, manners=manners)


def at_speed(episode: Make, manner: Manner, speed: float, seed: int) -> Episode:
    return episode(np.arange(20) * 0.05 * speed, manner=manner, seed=seed)


def test_manners_in_order_score_one_and_all_alike_a_half(episode: Make, body: Body) -> None:
    bodies = {TASK: graded_body(body)}
    speeds: dict[Manner, float] = {"slowly": 0.1, "normal": 0.2, "quickly": 0.5}
    ordered = [at_speed(episode, m, v, k) for k, (m, v) in enumerate(speeds.items())]
    found = manner_ordering(ordered, bodies)
    assert found is not None and found.value == 1.0
    alike = [at_speed(episode, m, 0.2, k) for k, m in enumerate(speeds)]
    same = manner_ordering(alike, bodies)
    assert same is not None and same.value == pytest.approx(0.5)
    assert manner_ordering(ordered[:1], bodies) is None


def test_the_interval_of_manners_knows_that_an_episode_is_in_many_pairs(
    episode: Make, body: Body
) -> None:
    rng = np.random.default_rng(0)
    speed = 0.2 + np.concatenate([rng.normal(0.0, 0.02, 25), rng.normal(0.02, 0.02, 25)])
    asked: list[Manner] = ["slowly" if k < 25 else "quickly" for k in range(50)]
    episodes = [at_speed(episode, m, speed[k], k) for k, m in enumerate(asked)]
    found = manner_ordering(episodes, {TASK: graded_body(body)})
    # Of two manners it is the area under a curve, whose standard error is known.
    area = auroc(speed, [manner == "quickly" for manner in asked])
    assert found is not None and found.value == pytest.approx(area.value)
    assert found.high - found.low == pytest.approx(area.high - area.low, rel=0.2)


def test_edit_distance_of_words() -> None:
    assert words_apart("pick up the cube", "pick up the cube") == 0.0
    assert words_apart("pick up the cube", "grasp the cube") == pytest.approx(0.5)
    assert words_apart("a b", "c d") == 1.0
    assert words_apart("拿起方块", "拿起圆球") == pytest.approx(0.5)
    assert words_apart("", "a b") == 1.0


def told(words: Instruction, text: str) -> Instruction:
    return replace(words, text=text)


def test_far_words_count_more_than_near_ones(episode: Make) -> None:
    plain = [episode(seed=k) for k in range(2)]
    near, far = (episode(seed=k, arm="held_out", success=k == 1) for k in range(2))
    said = plain[0].shown
    near = replace(near, shown=told(said, "reach blue"))
    far = replace(far, shown=told(said, "over there"))
    found = paraphrase_score([*plain, near, far], {})
    assert found is not None and found.value == pytest.approx(1.0 / 1.5)
    assert paraphrase_score([*plain, episode(seed=0, arm="held_out")], {}) is None, "equal words"


def path(seed: int, n: int) -> NDArray[np.float64]:
    return np.cumsum(np.random.default_rng(seed).normal(size=(n, 3)), axis=0)


def test_displacements_are_as_defined() -> None:
    one, other = path(0, 9), path(1, 7)
    apart = np.linalg.norm(one[:7] - other, axis=1)
    assert average_displacement(one, other) == pytest.approx(apart.mean())
    assert final_displacement(one, other) == pytest.approx(np.linalg.norm(one[-1] - other[-1]))
    for of in (average_displacement, final_displacement, warped_distance):
        assert of(one, one) == 0.0
        assert of(one, other) == pytest.approx(of(other, one))
        with pytest.raises(BadConfig, match="cannot be compared"):
            of(one, other[:, :2])


def test_warping_forgives_a_delay() -> None:
    one = path(0, 9)
    waited = np.concatenate([np.repeat(one[:1], 5, axis=0), one])
    assert warped_distance(one, waited) == 0.0
    assert average_displacement(one, waited) > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_warped_distance_agrees_with_dtaidistance(seed: int) -> None:
    one, other = path(seed, 12), path(seed + 10, 17)
    wanted = dtw_ndim.distance(one, other, inner_dist="euclidean") / 17
    assert warped_distance(one, other) == pytest.approx(wanted)


def test_policies_are_paired_with_the_expert_of_the_same_plan(episode: Make) -> None:
    expert = [episode(np.zeros(5), seed=k, role="teacher") for k in range(2)]
    acted = [episode(np.full(5, 0.3), seed=k, arm="empty") for k in (1, 2)]
    found = expert_ade([*expert, *acted], {})
    assert found is not None and found.n == 1
    assert found.value == pytest.approx(0.3)
    assert expert_ade(acted, {}) is None


def test_a_ratio_of_sums_has_an_interval_and_refuses_what_has_none() -> None:
    rng = np.random.default_rng(0)
    weight = rng.random(200)
    found = bootstrap_ratio(0.25 * weight, weight)
    assert (found.low, found.value, found.high) == pytest.approx((0.25, 0.25, 0.25))
    for above, below in (([1.0], [0.0]), ([1.0], [1.0, 2.0]), ([np.nan], [1.0]), ([1.0], [-1.0])):
        with pytest.raises(BadConfig, match="ratio"):
            bootstrap_ratio(above, below)
