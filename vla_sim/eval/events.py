"""Events: what went wrong and how often, counted from what was measured.

An event is counted where it begins. What flickers, as a contact does, is one event.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.records.episode import Episode
from vla_sim.records.things import Things

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]

GAP_S = 0.3
"""What stops for less than this and begins again is the same event."""
TOUCHED_M = 0.005
"""A thing that has moved this far was touched: nothing else moves it."""
AT_HAND_M = 0.08
"""What the hand hits is the nearest thing, if its middle is this close to the fingertips."""
FALL_M = 0.02
"""What falls this far after it was let go, and this far from the fingertips, was dropped."""
TIPPED = 0.5
"""Cosine of the tilt from which a thing lies on its side."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One kind of event.

    Attributes:
        begins: How many begin in each step (T,); None where the episode cannot tell.
        says: What it is, in a sentence.
    """

    begins: Callable[[Episode], Counts | None]
    says: str


def event_counts(episode: Episode) -> dict[str, int]:
    """{kind: how many}, for the kinds in `EVENTS` that the episode can tell."""
    begun = {name: event.begins(episode) for name, event in EVENTS.items()}
    return {name: int(counts.sum()) for name, counts in begun.items() if counts is not None}


def wrong_object(episode: Episode) -> Counts | None:
    """Things that no instruction so far was about and that were moved, or hit if they are fixed."""
    things = _still_things(episode)
    if things is None:
        return None
    # What was asked for earlier in a chain is let go of after its turn, and falls or springs back.
    wrong = ~np.maximum.accumulate(things.concerned, axis=0)
    moved_m = np.linalg.norm(things.position - things.position[0], axis=2)
    touched = moved_m > TOUCHED_M
    hit = episode.violations.get("collision")
    if hit is not None:
        fixed = (np.ptp(things.position, axis=0) == 0.0).all(axis=1)
        away_m = np.linalg.norm(things.position - episode.point[:, None], axis=2)
        nearest = away_m == away_m.min(axis=1, keepdims=True)
        touched[1:] |= hit[:, None] & (fixed & nearest & (away_m < AT_HAND_M))[1:]
    return _begins_each(wrong & touched, episode)


def dropped(episode: Episode) -> Counts | None:
    """Things that fell out of the hand."""
    things = _still_things(episode)
    if things is None:
        return None
    state = np.arange(len(things.held))[:, None]
    held_last = np.maximum.accumulate(np.where(things.held, state, -1), axis=0)
    height, hand = things.position[:, :, 2], episode.point[:, 2, None]
    was = np.maximum(held_last, 0)
    fell_m = np.take_along_axis(height, was, axis=0) - height
    hand_fell_m = np.take_along_axis(np.broadcast_to(hand, height.shape), was, axis=0) - hand
    fallen = (fell_m > FALL_M) & (fell_m - hand_fell_m > FALL_M)
    return _begins_each((held_last >= 0) & ~things.held & fallen, episode)


def tipped(episode: Episode) -> Counts | None:
    """Things that stood and lie on their side."""
    things = _still_things(episode)
    return None if things is None else _begins_each(things.upright < TIPPED, episode)


def stale_action(episode: Episode) -> Counts:
    """Stretches in which actions acted later than they were sent for."""
    stale = episode.stale
    return _begins(np.zeros(episode.n_steps, dtype=np.bool_) if stale is None else stale, episode)


def _violation(names: Iterable[str]) -> Callable[[Episode], Counts | None]:
    """Stretches in which any of the named violations was on; None where the task knows none."""
    wanted = tuple(names)

    def begins(episode: Episode) -> Counts | None:
        known = [episode.violations[name] for name in wanted if name in episode.violations]
        return _begins(np.logical_or.reduce(known), episode) if known else None

    return begins


def _still_things(episode: Episode) -> Things | None:
    """Things that lie where they are put; not other vehicles."""
    return None if episode.things is None or episode.things.drives else episode.things


def _begins_each(on: Bools, episode: Episode) -> Counts:
    """How many of the things (T + 1, K) begin to be in a state, in each step."""
    begun = np.zeros(episode.n_steps, dtype=np.int64)
    for column in on[1:].T:
        begun += _begins(column, episode)
    return begun


def _begins(on: Bools, episode: Episode) -> Counts:
    """1 in the steps (T,) in which a state begins that was off for longer than `GAP_S`."""
    gap = round(GAP_S / episode.control_dt_s)
    begun = np.zeros(len(on), dtype=np.int64)
    (steps,) = np.nonzero(on)
    if len(steps):
        begun[steps[np.concatenate([[True], np.diff(steps) > gap + 1])]] = 1
    return begun


EVENTS: Mapping[str, Event] = {
    "wrong_object": Event(
        begins=wrong_object,
        says="A thing that the instruction is not about was moved by more than 5 mm, or hit.",
    ),
    "wrong_target": Event(
        begins=_violation(
            ("wrong_place", "wrong_way", "wrong_bay", "wrong_exit", "wrong_lane", "wrong_side")
        ),
        says="The right thing was done at, to or past the wrong place, side, lane, exit or bay.",
    ),
    "dropped": Event(begins=dropped, says="A thing fell more than 2 cm out of the hand."),
    "tipped": Event(begins=tipped, says="A thing that stood was tilted by more than 60 degrees."),
    "hit": Event(
        begins=_violation(("collision",)),
        says="The body touched what it must not touch.",
    ),
    "off_road": Event(begins=_violation(("off_road",)), says="The car left the road or its arena."),
    "rule_broken": Event(
        begins=_violation(("ran_line", "failed_to_yield", "drove_on", "too_late")),
        says="A rule of the road was broken: a line was run, or a pedestrian not yielded to.",
    ),
    "limit": Event(
        begins=_violation(("velocity", "acceleration", "jerk", "joint_limit")),
        says="A limit of the body's motion was passed.",
    ),
    "stale_action": Event(
        begins=stale_action,
        says="Actions acted on later steps than they had been sent for.",
    ),
}
"""Kinds of events; what a task knows no name for is not counted as 0 there, but left out."""
