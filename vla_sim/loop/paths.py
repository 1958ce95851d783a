"""Paths in settings: who writes them in Python may give words."""

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args


def with_paths(settings: Any) -> None:
    """Make paths of the words that stand where paths belong; for `__post_init__`."""
    for field in fields(settings):
        kinds, value = (field.type, *get_args(field.type)), getattr(settings, field.name)
        if Path not in kinds:
            continue
        if isinstance(value, str):
            object.__setattr__(settings, field.name, Path(value))
        elif isinstance(value, (tuple, list)):
            object.__setattr__(settings, field.name, tuple(map(Path, value)))
