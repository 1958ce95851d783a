"""All recipes, by the verb that takes them."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from vla_sim.errors import UnknownName

MODULES: Mapping[str, tuple[str, str]] = {
    "collect": ("vla_sim.recipes.collect", "RECIPES"),
    "align": ("vla_sim.recipes.align", "RECIPES"),
    "bench": ("vla_sim.recipes.bench", "RECIPES"),
    "gap": ("vla_sim.recipes.gap", "RECIPES"),
    "finetune": ("vla_sim.recipes.finetune", "RECIPES"),
    "report": ("vla_sim.recipes.demo", "REPORTS"),
    "demo": ("vla_sim.recipes.demo", "DEMOS"),
}
"""{verb: where its table of recipes lies}. By name, so that one verb's recipes do not load what
another's need (torch takes seconds)."""


def recipes_of(verb: str) -> Mapping[str, Callable[[], Any]]:
    """The recipes of a verb: {name: what makes its settings}.

    Raises:
        UnknownName: If the verb takes none.
    """
    if verb not in MODULES:
        raise UnknownName("verb with recipes", verb, MODULES)
    module, table = MODULES[verb]
    recipes: Mapping[str, Callable[[], Any]] = getattr(import_module(module), table)
    return recipes
