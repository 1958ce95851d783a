"""All recipes, by the verb that takes them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

from vla_sim.errors import UnknownName

MODULES: Mapping[str, tuple[str, str]] = {
    "collect": ("vla_sim.recipes.collect", "RECIPES"),
    "align": ("vla_sim.recipes.align", "RECIPES"),
    "bench": ("vla_sim.recipes.bench", "RECIPES"),
    "compare": ("vla_sim.recipes.results", "COMPARES"),
    "protocol freeze": ("vla_sim.recipes.protocol", "FREEZES"),
    "protocol conditions": ("vla_sim.recipes.protocol", "LISTS"),
    "merge": ("vla_sim.recipes.results", "MERGES"),
    "across": ("vla_sim.recipes.results", "ACROSSES"),
    "power": ("vla_sim.recipes.results", "POWERS"),
    "detect": ("vla_sim.recipes.detect", "RECIPES"),
    "gap": ("vla_sim.recipes.gap", "RECIPES"),
    "finetune": ("vla_sim.recipes.finetune", "RECIPES"),
    "study": ("vla_sim.recipes.study", "RECIPES"),
    "serve": ("vla_sim.recipes.serve", "RECIPES"),
    "replay": ("vla_sim.recipes.replay", "RECIPES"),
    "report": ("vla_sim.recipes.demo", "REPORTS"),
    "demo": ("vla_sim.recipes.demo", "DEMOS"),
}
"""{verb: where its table of recipes lies}. By name, so that one verb's recipes do not load what
another's need (torch takes seconds)."""
ON_SUITES = ("collect", "align", "gap")
"""Verbs whose default runs on the tasks of a suite too, under the suite's name."""


def recipes_of(verb: str) -> Mapping[str, Callable[[], Any]]:
    """The recipes of a verb: {name: what makes its settings}.

    Raises:
        UnknownName: If the verb takes none.
    """
    if verb not in MODULES:
        raise UnknownName("verb with recipes", verb, MODULES)
    module, table = MODULES[verb]
    recipes: Mapping[str, Callable[[], Any]] = getattr(import_module(module), table)
    if verb not in ON_SUITES:
        return recipes
    # Here, because reports and finetunings need no suites.
    from vla_sim.envs.suites import LISTS_OF_TASKS, tasks_of

    engines = recipes["default"]().engines if verb == "gap" else ()
    suites = [name for name in LISTS_OF_TASKS if tasks_of([name], engines=engines)]
    # A suite that has a recipe of its own keeps it.
    others = {name: _on_suite(recipes["default"], name) for name in suites if name not in recipes}
    return {**recipes, **others}


def _on_suite(default: Callable[[], Any], name: str) -> Callable[[], Any]:
    """The recipe of a suite, with a line that `list` and `--help` show."""
    from vla_sim.envs.suites import about

    def recipe() -> Any:
        return replace(default(), tasks=(name,))

    recipe.__doc__ = f"The default, on a suite. {about(name)}"
    return recipe
