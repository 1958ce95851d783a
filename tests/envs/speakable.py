"""Strategies over everything that the grammar can say."""

from hypothesis import strategies as st

from vla_sim.envs.language.lexicon import (
    COLOURS,
    ORDINALS,
    PLACE_WORDS,
    RANK_PHRASES,
    RANKS,
    SHAPES,
    SIDE_WORDS,
    SIZES,
    WAY_WORDS,
)
from vla_sim.envs.language.templates import INTENTS, slots_of, wants_place
from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS

colours = st.sampled_from(("", *COLOURS))
shapes = st.sampled_from(("", *SHAPES))


@st.composite
def anchors(draw: st.DrawFn) -> Referent:
    colour = draw(colours)
    return Referent(colour=colour, shape=draw(shapes if colour else st.sampled_from(SHAPES)))


@st.composite
def places(draw: st.DrawFn) -> tuple[str, tuple[Referent, ...]]:
    relation = draw(st.sampled_from(tuple(PLACE_WORDS["en"])))
    n = 2 if relation == "between" else 1
    return relation, tuple(draw(anchors()) for _ in range(n))


@st.composite
def things(draw: st.DrawFn, placed: bool = True) -> Referent:
    colour, shape = draw(colours), draw(shapes)
    size = draw(st.sampled_from(("", *SIZES)))
    kind = draw(st.sampled_from(("plain", "rank", "placed") if placed else ("plain", "rank")))
    if kind == "placed":
        relation, by = draw(places())
        return Referent(colour=colour, shape=shape, size=size, relation=relation, anchors=by)
    is_named = bool(colour or shape or size)
    if kind == "rank" or not is_named:
        known = (*RANK_PHRASES["en"], *ORDINALS) if is_named else RANKS
        relation = draw(st.sampled_from(known))
        return Referent(colour=colour, shape=shape, size=size, relation=relation)
    return Referent(colour=colour, shape=shape, size=size)


@st.composite
def meanings(draw: st.DrawFn) -> Meaning:
    """Any meaning: anchors for one of referent and target, as codes have it."""
    intent_id = draw(st.sampled_from(INTENTS))
    slots = slots_of(intent_id)
    referent = target = Referent()
    if "target" in slots and wants_place(intent_id):
        relation, by = draw(places())
        target = Referent(relation=relation, anchors=by)
    elif "target" in slots:
        target = draw(things())
    elif "way" in slots:
        target = Referent(relation=draw(st.sampled_from(tuple(WAY_WORDS["en"]))))
    if "thing" in slots:
        referent = draw(things(placed=not target.anchors))
    elif "side" in slots:
        referent = Referent(relation=draw(st.sampled_from(tuple(SIDE_WORDS["en"]))))
    manner = draw(st.sampled_from(MANNERS))
    return Meaning(intent_id=intent_id, referent=referent, target=target, manner=manner)
