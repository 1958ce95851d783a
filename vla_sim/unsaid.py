"""Unsaid: what a setting counts as where settings were written down before there was one.

A run folder, a checkpoint or a cell of a study outlives the code that wrote it, and does not know
the settings that came since. Each of them counts as what was done before it: that is its default,
by the rule of this house that a new setting changes nothing until it is set, and otherwise what
`CHANGED_DEFAULTS` says.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

CHANGED_DEFAULTS: Mapping[str, object] = {
    "vla_sim.agents.rl_bounds:BoundsConfig.excess": 0.0,
    "vla_sim.agents.rl_bounds:BoundsConfig.rate": 0.5,
    "vla_sim.loop.rl.rl_run:FinetuneRun.online_episodes": 100,
}
"""{"module:Class.field": what means "as before"}, of settings whose default means something else.

A setting is listed if its default did something new when it came, or has moved since. Values are
plain: numbers, words, None.
"""


def unsaid(cls: type, name: str) -> Any:
    """What a setting of a config counts as where it was not said.

    Args:
        cls: The class of the config.
        name: Of the setting, which may be a parent's.

    Returns:
        The value; `dataclasses.MISSING` where only the one who wrote the settings could say it.
    """
    for owner in cls.__mro__:
        key = f"{owner.__module__}:{owner.__qualname__}.{name}"
        if key in CHANGED_DEFAULTS:
            return CHANGED_DEFAULTS[key]
    (field,) = (field for field in fields(cls) if field.name == name)
    return field.default if field.default_factory is MISSING else field.default_factory()


def completed(cls: type, said: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a config, those that were not said among them.

    Args:
        cls: Its class.
        said: Those that were.

    Returns:
        By name; one that nothing stands for is missing still.
    """
    later = {field.name: unsaid(cls, field.name) for field in fields(cls) if field.name not in said}
    return {**said, **{name: value for name, value in later.items() if value is not MISSING}}
