"""What users bring along: an object of their own, named "module:name" or "path/to/file.py:name".

The name says where the object lies, so every process finds it by itself, and a file that records
the name can be read again wherever the module is found. Where a file lies is this machine's affair:
`imported_as` leaves that out.
"""

import sys
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from vla_sim.errors import BadConfig, UnknownName


def is_foreign(name: str) -> bool:
    """Whether a name says where an object of the user's own lies."""
    place, colon, attribute = name.rpartition(":")
    if not colon or not all(part.isidentifier() for part in attribute.split(".")):
        return False
    return place.endswith(".py") or all(part.isidentifier() for part in place.split("."))


def load_foreign(name: str, kind: str) -> object:
    """The object that a name says the place of.

    A module is looked for as `import` would from the working directory; a file may lie anywhere,
    and its folder stays on the path, so that what it imports beside itself is found.

    Args:
        name: "module:name" or "path/to/file.py:name"; `name` may have dots.
        kind: What it is wanted for, for the errors: "recipe", "policy".

    Raises:
        BadConfig: If the name has another form, or the module cannot be imported.
        UnknownName: If the module does not hold the name.
    """
    module, _, attribute = imported_as(name, kind).partition(":")
    place = name.rpartition(":")[0]
    try:
        found: object = import_module(module)
    except SyntaxError as error:
        raise BadConfig(
            f"the {kind} {name!r} cannot be loaded: line {error.lineno} of {error.filename}: "
            f"{error.msg}"
        ) from error
    except ImportError as error:
        lies_elsewhere = error.name is not None and f"{module}.".startswith(f"{error.name}.")
        way = "; work from its folder, name its file, path/to/file.py:name, or set PYTHONPATH"
        raise BadConfig(
            f"the {kind} {name!r} cannot be loaded: {error}{way if lies_elsewhere else ''}"
        ) from error
    held = [
        key
        for key, value in vars(found).items()
        if not (key.startswith("_") or isinstance(value, ModuleType))
    ]
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UnknownName(f"{kind} in {place}", attribute, held)
        found = getattr(found, part)
    return found


def imported_as(name: str, kind: str) -> str:
    """The same name as "module:name", which names the same object wherever the module is found.

    Nothing is imported, but from here on this process and those that it starts find the module.

    Raises:
        BadConfig: If the name has another form, or a file is missing or cannot be imported.
    """
    if not is_foreign(name):
        raise BadConfig(f"{name!r} names no {kind}; write module:name or path/to/file.py:name")
    invalidate_caches()  # the file may be younger than the last import
    place, _, attribute = name.rpartition(":")
    if place.endswith(".py"):
        return f"{_module_of_file(Path(place), kind)}:{attribute}"
    _look_in(Path.cwd())
    return name


def _module_of_file(path: Path, kind: str) -> str:
    """The name under which a file can be imported, now and in processes that are started later."""
    file = path.expanduser().resolve()
    if not file.is_file():
        raise BadConfig(f"there is no file {path} to load a {kind} from")
    if not file.stem.isidentifier():
        raise BadConfig(f"{path} cannot be imported: name it in letters, digits and underscores")
    _look_in(file.parent)
    spec = find_spec(file.stem)
    if spec is None or spec.origin is None or Path(spec.origin).resolve() != file:
        raise BadConfig(f"another module is called {file.stem!r}; give {path} another name")
    return file.stem


def _look_in(folder: Path) -> None:
    # At the end: what users bring must not hide what is installed.
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
