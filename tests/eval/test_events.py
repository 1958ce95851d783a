"""Events, on hand-made episodes with two things: the first is asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vla_sim.eval.events import EVENTS, GAP_S, event_counts
from vla_sim.records.episode import Episode
from vla_sim.records.things import Things

Make = Callable[..., Episode]
N_STEPS = 40
DT_S = 0.05


def things(**changed: Any) -> Things:
    """Two things that stand 20 cm apart, far from the hand."""
    position = np.zeros((N_STEPS + 1, 2, 3), dtype=np.float32)
    position[:, 0, 0], position[:, 1, 0] = 0.4, 0.6
    position[:, :, 2] = 0.02
    shape = position.shape[:2]
    values: dict[str, Any] = {
        "position": position,
        "upright": np.ones(shape, dtype=np.float32),
        "held": np.zeros(shape, dtype=bool),
        "concerned": np.tile([True, False], (N_STEPS + 1, 1)),
    }
    return Things(**{**values, **changed})


def moved(k: int, by_m: float, *, step: int = 10) -> NDArray[np.float32]:
    position = things().position.copy()
    position[step:, k, 1] += by_m
    return position


def count(episode: Make, kind: str, **fields: Any) -> int:
    told = {"things": things(), **fields}
    return event_counts(episode(np.zeros(N_STEPS + 1), dt_s=DT_S, **told))[kind]


def steps(*on: int) -> NDArray[np.bool_]:
    series = np.zeros(N_STEPS, dtype=bool)
    series[list(on)] = True
    return series


def test_only_a_thing_that_was_not_asked_for_is_wrong(episode: Make) -> None:
    assert count(episode, "wrong_object") == 0
    assert count(episode, "wrong_object", things=things(position=moved(0, 0.1))) == 0
    assert count(episode, "wrong_object", things=things(position=moved(1, 0.1))) == 1
    assert count(episode, "wrong_object", things=things(position=moved(1, 0.004))) == 0


def test_what_was_asked_for_before_is_not_wrong_and_what_is_asked_for_later_is(
    episode: Make,
) -> None:
    concerned = np.tile([True, False], (N_STEPS + 1, 1))
    concerned[20:] = [False, True]
    let_go = things(position=moved(0, 0.1, step=22), concerned=concerned)
    assert count(episode, "wrong_object", things=let_go) == 0
    too_early = things(position=moved(1, 0.1, step=18), concerned=concerned)
    assert count(episode, "wrong_object", things=too_early) == 1


def test_a_fixed_thing_is_touched_where_the_hand_hits_it(episode: Make) -> None:
    hit = {"collision": steps(5, 6, 7)}
    near = np.full(N_STEPS + 1, 0.58)
    one = episode(near, dt_s=DT_S, things=things(), violations=hit)
    assert event_counts(one)["wrong_object"] == 1
    other = episode(near - 0.18, dt_s=DT_S, things=things(), violations=hit)
    assert event_counts(other)["wrong_object"] == 0


def fall(*, hand_too: bool, fell_m: float) -> tuple[Things, NDArray[np.float64]]:
    position, held = things().position.copy(), things().held.copy()
    position[10:20, 0, 2], position[20:, 0, 2] = 0.1, 0.1 - fell_m
    held[10:20, 0] = True
    hand = np.zeros((N_STEPS + 1, 3))
    hand[:, 2] = 0.1
    if hand_too:
        hand[20:, 2] -= fell_m
    return things(position=position, held=held), hand


@pytest.mark.parametrize(
    ("hand_too", "fell_m", "n"), [(False, 0.08, 1), (True, 0.08, 0), (False, 0.01, 0)]
)
def test_dropped_is_what_falls_out_of_the_hand(
    hand_too: bool, fell_m: float, n: int, episode: Make
) -> None:
    told, hand = fall(hand_too=hand_too, fell_m=fell_m)
    assert count(episode, "dropped", things=told, point=hand) == n


def test_tipped_things_count_once_each(episode: Make) -> None:
    upright = np.ones((N_STEPS + 1, 2), dtype=np.float32)
    upright[10:, 0], upright[20:, 1] = 0.1, -1.0
    assert count(episode, "tipped", things=things(upright=upright)) == 2


def test_what_flickers_is_one_event_and_what_comes_again_is_another(episode: Make) -> None:
    gap = round(GAP_S / DT_S)
    flicker = {"collision": steps(3, 5, 7, 7 + gap)}
    assert count(episode, "hit", violations=flicker) == 1
    assert count(episode, "hit", violations={"collision": steps(3, 3 + gap + 2)}) == 2


def test_violations_of_one_kind_that_come_together_are_one_event(episode: Make) -> None:
    broken = {"acceleration": steps(4), "jerk": steps(5, 30), "velocity": steps()}
    assert count(episode, "limit", violations=broken) == 2


def test_a_stale_stretch_is_one_event(episode: Make) -> None:
    assert count(episode, "stale_action", stale=np.ones(N_STEPS, dtype=bool)) == 1
    assert count(episode, "stale_action") == 0


def test_what_cannot_be_told_is_left_out(episode: Make) -> None:
    counts = event_counts(episode(things=None, violations={}))
    assert counts == {"stale_action": 0}
    driving = event_counts(episode(np.zeros(N_STEPS + 1), things=things(drives=True)))
    assert "wrong_object" not in driving


def test_every_kind_says_what_it_is() -> None:
    assert all(event.says.endswith(".") for event in EVENTS.values())
