"""Tool calls: meanings as a call of a function, the form in which language models act.

{"name": "lift", "arguments": {"object": {"colour": "red", "shape": "cube"}, "manner": "slowly"}}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vla_sim.envs.language.lexicon import (
    COLOURS,
    ORDINALS,
    PLACE_WORDS,
    RANK_PHRASES,
    SHAPES,
    SIDE_WORDS,
    SIZES,
    WAY_WORDS,
)
from vla_sim.envs.language.templates import INTENTS, TEMPLATES, slots_of, wants_place
from vla_sim.errors import NotUnderstood, UnknownName
from vla_sim.records.instruction import Meaning, Referent
from vla_sim.records.manner import MANNERS, Manner

Json = dict[str, Any]

_RANKS = (*RANK_PHRASES["en"], *ORDINALS)
_PLACES = tuple(PLACE_WORDS["en"])
_TABLES: Mapping[str, Sequence[str]] = {
    "colour": COLOURS,
    "shape": SHAPES,
    "size": SIZES,
    "relation": (*_RANKS, *_PLACES),
}
_MANNER: Mapping[str, Manner] = {name: name for name in MANNERS}


def tool_call(meaning: Meaning) -> Json:
    """The call that means the same; what is empty, and the manner normal, is left out.

    Raises:
        UnknownName: If the intent is in no table.
    """
    if meaning.intent_id not in INTENTS:
        raise UnknownName("intent", meaning.intent_id, INTENTS)
    parts = {"object": meaning.referent, "side": meaning.referent}
    parts |= {"target": meaning.target, "place": meaning.target, "way": meaning.target}
    arguments: Json = {}
    for name in _arguments(meaning.intent_id):
        part = parts[name]
        arguments[name] = part.relation if name in ("side", "way") else _told(part)
    if meaning.manner != "normal":
        arguments["manner"] = meaning.manner
    return {"name": meaning.intent_id, "arguments": arguments}


def tool_text(meaning: Meaning) -> str:
    """The call as JSON on one line.

    Raises:
        UnknownName: As in `tool_call`.
    """
    return json.dumps(tool_call(meaning), separators=(",", ":"))


def from_tool_call(call: str | Mapping[str, Any]) -> Meaning:
    """The meaning of a call, JSON text or read already.

    Raises:
        NotUnderstood: If it is no such call; the error names the part.
        UnknownName: If a part is in none of the tables; the error lists what there is.
    """
    if isinstance(call, str):
        try:
            call = json.loads(call)
        except json.JSONDecodeError as error:
            raise NotUnderstood(f"a tool call is JSON, and this is not: {error}") from None
    whole = _object(call, "the call", ("name", "arguments"), ("name",))
    intent_id = _text(whole["name"], "name", INTENTS)
    names = _arguments(intent_id)
    arguments = _object(whole.get("arguments", {}), intent_id, (*names, "manner"), names)
    referent = target = Referent()
    for name in names:
        path, value = f"{intent_id}.{name}", arguments[name]
        if name in ("side", "way"):
            part = Referent(relation=_text(value, path, _relations(name)))
        else:
            part = _referent(value, path, is_place=name == "place")
        if name in ("object", "side"):
            referent = part
        else:
            target = part
    manner = _text(arguments.get("manner", "normal"), f"{intent_id}.manner", MANNERS)
    return Meaning(intent_id=intent_id, referent=referent, target=target, manner=_MANNER[manner])


def tools() -> list[Json]:
    """All tools as JSON schemas of functions, as language models are told of them."""
    return [
        {
            "type": "function",
            "function": {
                "name": intent_id,
                "description": _description(intent_id),
                "parameters": {
                    "type": "object",
                    "properties": {
                        **{name: _schema(name) for name in _arguments(intent_id)},
                        "manner": {
                            "type": "string",
                            "enum": list(MANNERS),
                            "description": "How the motion must be; normal where none is given.",
                        },
                    },
                    "required": list(_arguments(intent_id)),
                    "additionalProperties": False,
                },
            },
        }
        for intent_id in INTENTS
    ]


def _arguments(intent_id: str) -> tuple[str, ...]:
    names = {"thing": "object", "target": "place" if wants_place(intent_id) else "target"}
    return tuple(names.get(slot, slot) for slot in slots_of(intent_id))


def _relations(name: str) -> tuple[str, ...]:
    return tuple((SIDE_WORDS if name == "side" else WAY_WORDS)["en"])


def _told(referent: Referent) -> Json:
    looks = {name: getattr(referent, name) for name in _TABLES}
    told: Json = {name: value for name, value in looks.items() if value}
    if referent.anchors:
        told["anchors"] = [_told(anchor) for anchor in referent.anchors]
    return told


def _referent(value: Any, path: str, *, is_place: bool = False) -> Referent:
    names = ("relation", "anchors") if is_place else (*_TABLES, "anchors")
    told = _object(value, path, names, ("relation",) if is_place else ())
    if not told:
        raise NotUnderstood(f"{path} is empty; say its colour, its shape or how it lies")
    parts = {
        name: _text(told[name], f"{path}.{name}", known)
        for name, known in _TABLES.items()
        if name in told
    }
    listed = told.get("anchors", [])
    if not isinstance(listed, list):
        raise NotUnderstood(f"{path}.anchors is {listed!r}; give a list of objects")
    relation = parts.get("relation", "")
    n = (2 if relation == "between" else 1) if relation in _PLACES else 0
    if len(listed) != n or (is_place and not n):
        raise NotUnderstood(
            f"{path} has {len(listed)} anchors and the relation {relation!r}; between has two, "
            f"{', '.join(_PLACES[:-1])} have one, others none"
        )
    if relation in SIDE_WORDS["en"] and len(parts) == 1:
        raise NotUnderstood(f"{path} is only {relation!r}; say its shape or colour too")
    anchors = []
    for k, anchor in enumerate(listed):
        looks = _object(anchor, f"{path}.anchors[{k}]", ("colour", "shape"), ())
        if not looks:
            raise NotUnderstood(f"{path}.anchors[{k}] is empty; say its colour or its shape")
        named = {n: _text(v, f"{path}.anchors[{k}].{n}", _TABLES[n]) for n, v in looks.items()}
        anchors.append(_plain(named))
    return replace(_plain(parts), anchors=tuple(anchors))


def _plain(parts: Mapping[str, str]) -> Referent:
    return Referent(
        colour=parts.get("colour", ""),
        shape=parts.get("shape", ""),
        size=parts.get("size", ""),
        relation=parts.get("relation", ""),
    )


def _object(
    value: Any, path: str, known: Sequence[str], required: Sequence[str]
) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise NotUnderstood(f"{path} is {value!r}; give an object with {', '.join(known)}")
    for name in value:
        if name not in known:
            raise UnknownName(f"argument of {path}", str(name), known)
    for name in required:
        if name not in value:
            raise NotUnderstood(f"{path} lacks {name!r}")
    return value


def _text(value: Any, path: str, known: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise NotUnderstood(f"{path} is {value!r}; give one of {', '.join(known)}")
    if value not in known:
        raise UnknownName(path, value, known)
    return value


def _schema(name: str) -> Json:
    if name in ("side", "way"):
        return {"type": "string", "enum": list(_relations(name))}
    looks = {n: {"type": "string", "enum": list(_TABLES[n])} for n in ("colour", "shape")}
    anchor = {"type": "object", "properties": looks, "additionalProperties": False}
    anchors: Json = {"type": "array", "items": anchor, "minItems": 1, "maxItems": 2}
    anchors["description"] = "What the relation counts from: two for between, else one."
    if name == "place":
        relation: Json = {"type": "string", "enum": list(_PLACES)}
        return {
            "type": "object",
            "properties": {"relation": relation, "anchors": anchors},
            "required": ["relation", "anchors"],
            "additionalProperties": False,
        }
    every = {n: {"type": "string", "enum": list(known)} for n, known in _TABLES.items()}
    return {
        "type": "object",
        "description": "A thing in sight; the words together must fit it alone.",
        "properties": {**every, "anchors": anchors},
        "minProperties": 1,
        "additionalProperties": False,
    }


def _description(intent_id: str) -> str:
    pattern = next(t for t in TEMPLATES if t.intent_id == intent_id).without_manner
    names = {"thing": "object", "target": "place" if wants_place(intent_id) else "target"}
    text = pattern.format_map({s: f"<{names.get(s, s)}>" for s in slots_of(intent_id)})
    return text[0].upper() + text[1:] + "."
