"""All recipes, by the verb that takes them."""

from collections.abc import Callable, Mapping
from typing import Any

from vla_sim.recipes import collect

RECIPES: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "collect": collect.RECIPES,
}
"""{verb: {recipe: what makes its settings}}. To add a recipe: its function and its line."""
