"""Laws of reading: what was said is read as what was meant, and as nothing else."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.envs.speakable import meanings
from vla_sim.envs.faces.spaces import INSTRUCTION_BYTES
from vla_sim.envs.language.codes import decode, encode
from vla_sim.envs.language.grammar import SPLITS, say
from vla_sim.envs.language.lexicon import MANNER_SLOTS
from vla_sim.envs.language.phrases import slots
from vla_sim.envs.language.reader import parse, readings
from vla_sim.envs.language.templates import TEMPLATES, slots_of, wants_place
from vla_sim.envs.language.tool_call import from_tool_call, tool_call, tool_text, tools
from vla_sim.errors import NotUnderstood, UnknownName, VlaSimError
from vla_sim.records.instruction import LANGUAGES, Language, Meaning, Referent, Split
from vla_sim.records.manner import MANNERS

RED_CUBE = Referent(colour="red", shape="cube")


@given(
    meaning=meanings(),
    language=st.sampled_from(LANGUAGES),
    split=st.sampled_from(SPLITS),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=1000)
def test_what_is_said_reads_as_exactly_what_was_meant(
    meaning: Meaning, language: Language, split: Split, seed: int
) -> None:
    said = say(meaning, language=language, split=split, rng=np.random.default_rng(seed))
    assert readings(said.text) == {meaning}, said
    assert parse(f"  {said.text.upper()} ") == meaning
    assert len(said.text.encode()) <= INSTRUCTION_BYTES
    assert said.template_id not in said.text
    assert decode(encode(meaning)) == meaning


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_with_every_manner_reads_as_one_meaning(
    language: Language, manner: str
) -> None:
    """Anchors, ranks and plain things in turn, through all templates and words of manners."""
    shape = {"thing": RED_CUBE, "side": Referent(relation="left")}
    for template in (t for t in TEMPLATES if t.language == language):
        names = slots_of(template.intent_id)
        meaning = next(
            m
            for m in _examples(template.intent_id, names, shape)
            if set(slots(m, language)) == set(names)
        )
        words = {slot: choices[0] for slot, choices in slots(meaning, language).items()}
        texts = [template.without_manner.format_map(words)]
        if manner != "normal":
            table = MANNER_SLOTS[template.manner_slot][language]
            texts = [
                template.with_manner.format_map({**words, template.manner_slot: word})
                for name, many in table.items()
                if name == manner
                for word in many
            ]
        for text in texts:
            (read,) = readings(text)
            assert (read.intent_id, read.manner) == (template.intent_id, manner), text
            assert (read.referent, read.target) == (meaning.referent, meaning.target), text


def _examples(intent_id: str, names: tuple[str, ...], of: dict[str, Referent]) -> list[Meaning]:
    referent = of["thing"] if "thing" in names else of.get("side" if "side" in names else "")
    place = Referent(relation="left_of", anchors=(Referent(colour="blue", shape="ball"),))
    named = place if wants_place(intent_id) else Referent(colour="green", shape="disc")
    ways = [Referent(relation=name) for name in ("clockwise", "left", "close")]
    return [
        Meaning(intent_id=intent_id, referent=referent or Referent(), target=target)
        for target in (Referent(), named, *ways)
    ]


def test_what_cannot_be_read_is_told_with_an_example() -> None:
    assert readings("make me a sandwich") == frozenset()
    with pytest.raises(NotUnderstood, match=r"the grammar says, for example, '.*red"):
        parse("make me a sandwich")
    for text in ("", "pick up the", "pick up the  red cube", "pick up the left of the red cube"):
        assert readings(text) == frozenset(), text


def test_a_phrase_is_read_with_all_it_says() -> None:
    blue_ball = Referent(colour="blue", shape="ball")
    green_disc = Referent(colour="green", shape="disc")
    between = Referent(
        colour="red",
        shape="cube",
        size="large",
        relation="between",
        anchors=(blue_ball, green_disc),
    )
    for text in (
        "pick up the large red cube between the blue ball and the green circle",
        "拿起蓝色球和绿色圆圈之间的红色大方块",
    ):
        assert parse(text) == Meaning(intent_id="lift", referent=between)
    second = Meaning(intent_id="lift", referent=Referent(shape="button", relation="second"))
    assert parse("pick up the second button from the left") == second
    assert parse("拿起左起第二个按钮") == parse("拿起从左数第二个按钮") == second
    line = Meaning(intent_id="reach", referent=Referent(shape="line", relation="second"))
    assert parse("hover over the second line") == parse("悬停在第二条线上面") == line


@given(meaning=meanings())
@settings(max_examples=500)
def test_a_tool_call_comes_back_as_its_meaning(meaning: Meaning) -> None:
    assert from_tool_call(tool_call(meaning)) == meaning
    assert from_tool_call(tool_text(meaning)) == meaning
    assert len(tool_text(meaning)) <= INSTRUCTION_BYTES


@given(meaning=meanings())
@settings(max_examples=200)
def test_a_tool_call_keeps_to_its_schema(meaning: Meaning) -> None:
    call = tool_call(meaning)
    (tool,) = (t["function"] for t in tools() if t["function"]["name"] == call["name"])
    _check(call["arguments"], tool["parameters"])


def _check(value: object, schema: dict[str, object]) -> None:
    """The part of JSON Schema that tools use."""
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, dict):
        assert isinstance(value, dict)
        assert set(value) <= set(properties)
        required = schema.get("required", [])
        assert isinstance(required, list) and set(required) <= set(value)
        for name, part in value.items():
            _check(part, properties[name])
    elif isinstance(items, dict):
        assert isinstance(value, list) and 1 <= len(value) <= 2
        for part in value:
            _check(part, items)
    else:
        choices = schema["enum"]
        assert isinstance(choices, list) and value in choices


def test_tools_are_plain_json() -> None:
    assert json.loads(json.dumps(tools())) == tools()
    lift = Meaning(intent_id="lift", referent=RED_CUBE, manner="slowly")
    assert tool_call(lift) == {
        "name": "lift",
        "arguments": {"object": {"colour": "red", "shape": "cube"}, "manner": "slowly"},
    }


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        ("lift the cube", NotUnderstood, "is JSON"),
        ("[1]", NotUnderstood, "the call is .* name, arguments"),
        ({"name": "fly", "arguments": {}}, UnknownName, "no name 'fly'; there are .*'lift'"),
        ({"name": "lift"}, NotUnderstood, "lift lacks 'object'"),
        ({"name": "lift", "arguments": {"object": {}}}, NotUnderstood, "lift.object is empty"),
        ({"name": "lift", "arguments": {"object": "cube"}}, NotUnderstood, "lift.object is 'cube'"),
        (
            {"name": "lift", "arguments": {"object": {"colour": "pink"}}},
            UnknownName,
            "no lift.object.colour 'pink'; there are 'blue'",
        ),
        (
            {"name": "lift", "arguments": {"object": {"color": "red"}}},
            UnknownName,
            "no argument of lift.object 'color'",
        ),
        (
            {"name": "lift", "arguments": {"object": {"shape": "cube"}, "manner": "fast"}},
            UnknownName,
            "no lift.manner 'fast'",
        ),
        (
            {"name": "lift", "arguments": {"object": {"shape": "cube", "relation": "behind"}}},
            NotUnderstood,
            "lift.object has 0 anchors",
        ),
        ({"name": "lift", "arguments": {"object": {"colour": 3}}}, NotUnderstood, "colour is 3"),
        ({"name": "change_lane", "arguments": {"side": "up"}}, UnknownName, "'left'"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(
    call: str | dict[str, object], error: type[VlaSimError], told: str
) -> None:
    with pytest.raises(error, match=told):
        from_tool_call(call)
