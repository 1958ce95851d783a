"""Laws of referring: what is said of a thing is true of it, and of nothing else in sight."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_sim.envs.language.describe import PLAIN_RAD, describe, kind_of
from vla_sim.envs.language.resolve import resolve
from vla_sim.envs.language.viewpoint import Thing, Viewpoint
from vla_sim.records.instruction import Referent

VIEW = Viewpoint(right_m=0.0, away_m=-0.6, gap_m=0.04)
PADS = Viewpoint(right_m=0.0, away_m=-0.6, gap_m=0.04, noun="pad")

spots = st.tuples(st.floats(-0.25, 0.25, allow_nan=False), st.floats(-0.15, 0.15, allow_nan=False))


@st.composite
def scenes(draw: st.DrawFn, shapes: tuple[str, ...] = ("cube", "ball")) -> list[Thing]:
    n = draw(st.integers(2, 5))
    return [
        Thing(
            colour=draw(st.sampled_from(("red", "blue", "green"))),
            shape=draw(st.sampled_from(shapes)),
            size=draw(st.sampled_from(("small", "large"))),
            right_m=right,
            away_m=away,
        )
        for right, away in draw(st.lists(spots, min_size=n, max_size=n, unique=True))
    ]


@given(things=scenes())
@settings(max_examples=300)
def test_a_hearer_finds_what_the_speaker_meant(things: list[Thing]) -> None:
    for k in range(len(things)):
        for referent in describe(things, k, VIEW):
            assert resolve(referent, things, VIEW) == (k,), referent.key


@given(things=scenes(("disc", "square")))
@settings(max_examples=100)
def test_pads_are_called_pads_where_their_shape_does_not_matter(things: list[Thing]) -> None:
    for k in range(len(things)):
        for referent in describe(things, k, PADS):
            assert referent.shape
            assert all(anchor.shape for anchor in referent.anchors)
            assert resolve(referent, things, PADS) == (k,)


@given(things=scenes())
@settings(max_examples=300)
def test_what_is_said_is_plainly_so(things: list[Thing]) -> None:
    """Every relation, checked from the numbers anew; they round otherwise than the speaker's."""
    gap_m = VIEW.gap_m - 1e-9
    for k, thing in enumerate(things):
        for referent in describe(things, k, VIEW):
            assert thing.fits(referent)
            rivals = [t for t in things if t is not thing and t.fits(referent)]
            if referent.relation in ("leftmost", "left"):
                assert all(t.right_m - thing.right_m >= gap_m for t in rivals)
            elif referent.relation in ("rightmost", "right"):
                assert all(thing.right_m - t.right_m >= gap_m for t in rivals)
            elif referent.relation == "nearest":
                assert all(t.away_m - thing.away_m >= gap_m for t in rivals)
            elif referent.relation == "second":
                assert sum(t.right_m < thing.right_m for t in rivals) == 1
            elif referent.relation == "left_of":
                (anchor,) = (t for t in things if t.fits(referent.anchors[0]))
                angle = math.atan2(anchor.away_m - thing.away_m, anchor.right_m - thing.right_m)
                assert abs(angle) <= PLAIN_RAD + 1e-9
            if referent.relation and not referent.anchors:
                assert rivals, "a rank among one"


@given(things=scenes(), data=st.data())
@settings(max_examples=100)
def test_every_phrase_survives_a_small_push(things: list[Thing], data: st.DataObject) -> None:
    """The hearer may see each thing a centimetre off and still finds it."""
    at = st.floats(-0.007, 0.007)
    seen = [
        Thing(
            colour=t.colour,
            shape=t.shape,
            size=t.size,
            right_m=t.right_m + data.draw(at),
            away_m=t.away_m + data.draw(at),
        )
        for t in things
    ]
    for k in range(len(things)):
        for referent in describe(things, k, VIEW):
            if not referent.anchors:
                assert resolve(referent, seen, VIEW) == (k,), referent.key


def test_each_kind_of_phrase_is_met() -> None:
    row = [
        Thing(colour=c, shape=s, size=z, right_m=x, away_m=0.0)
        for c, s, z, x in (
            ("red", "cube", "small", -0.2),
            ("blue", "ball", "large", 0.0),
            ("red", "cube", "large", 0.2),
        )
    ]
    told = {r for k in range(3) for r in describe(row, k, VIEW)}
    assert Referent(shape="cube", size="small") in told
    assert Referent(relation="middle") not in told, "a middle without a noun is a side"
    assert Referent(relation="second") in told
    assert Referent(shape="cube", relation="left") in told
    blue_ball = Referent(colour="blue", shape="ball")
    assert Referent(shape="cube", relation="right_of", anchors=(blue_ball,)) in told
    assert blue_ball in told
    assert Referent(colour="red", shape="cube") not in told
    assert not any(r.relation == "between" for r in told), "neither cube has a name of its own"
    assert Counter(map(kind_of, told)).keys() == {"looks", "size", "rank", "place"}


def test_twins_side_by_side_have_no_name() -> None:
    twin = Thing(colour="red", shape="cube", right_m=0.0, away_m=0.0)
    near = Thing(colour="red", shape="cube", right_m=0.03, away_m=0.03)
    assert describe([twin, near], 0, VIEW) == ()
    with pytest.raises(IndexError):
        describe([twin], 1, VIEW)
