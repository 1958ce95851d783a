"""Settings as compiled kernels read them: by name, like everybody else."""

from collections import namedtuple
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def settings_type(name: str, config: "type[DataclassInstance]", module: str) -> Any:
    """A named tuple type with the fields of a config of numbers.

    Args:
        name: Its name, equal to that of the module's variable that holds it.
        config: A dataclass whose fields are all float.
        module: `__name__` of that module: compiled code is kept on disk under the type's name.
    """
    return namedtuple(name, [field.name for field in fields(config)], module=module)


def settings_of(kind: Any, config: "DataclassInstance") -> Any:
    """The values of a config as a named tuple of type `kind`."""
    return kind(*(float(value) for value in astuple(config)))
