"""What each setting of a run counts as in a folder that does not know it.

`first_defaults.txt` has a line for each, and a line does not change: what was done before there was
the setting. `python -m tests.recipes.first_defaults` adds lines for new settings and takes away
those of settings that are gone; it leaves all others as they are.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from vla_sim.cli.verbs import VERBS
from vla_sim.unsaid import unsaid

FILE = Path(__file__).with_suffix(".txt")


def noted() -> dict[str, str]:
    """{"module:Class.field": what it counts as}, from the file."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {key: said for key, _, said in (line.partition(" = ") for line in lines)}


def of_today() -> dict[str, str]:
    """The same from the code."""
    runs = {type(verb.settings(None)) for verb in VERBS.values() if verb.resumes}
    classes = dict.fromkeys(cls for run in runs for cls in _classes(run))
    return {
        f"{cls.__module__}:{cls.__qualname__}.{field.name}": _said(unsaid(cls, field.name))
        for cls in classes
        for field in fields(cls)
    }


def _classes(hint: Any) -> Iterator[Any]:
    """The configs that a type names, and those that their fields name."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
        for inner in get_type_hints(hint).values():
            yield from _classes(inner)
    for inner in get_args(hint):
        yield from _classes(inner)


def _said(value: Any) -> str:
    return json.dumps(_apart(value), ensure_ascii=False, default=repr)


def _apart(value: Any) -> Any:
    """A value; of a config its class, and what it sets otherwise than that."""
    if is_dataclass(value) and not isinstance(value, type):
        set_ = {field.name: getattr(value, field.name) for field in fields(value)}
        return {"class": type(value).__qualname__} | {
            name: _apart(held)
            for name, held in set_.items()
            if _said(held) != _said(unsaid(type(value), name))
        }
    if isinstance(value, Mapping):
        return {str(key): _apart(held) for key, held in value.items()}
    return str(value) if isinstance(value, Path) else value


def main() -> None:
    before, now = noted() if FILE.exists() else {}, of_today()
    lines = (f"{key} = {before.get(key, said)}\n" for key, said in sorted(now.items()))
    FILE.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
