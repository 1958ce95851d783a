"""Protocols by name: every benchmark can be frozen under its own."""

from collections.abc import Callable, Mapping

from vla_sim.loop.benching.freezing import FreezeRun
from vla_sim.loop.benching.listing import ListRun
from vla_sim.recipes.bench import RECIPES


def frozen(name: str) -> FreezeRun:
    """The benchmark of a recipe, under the recipe's name."""
    bench = RECIPES[name]()
    return FreezeRun(
        name=name,
        tasks=bench.tasks,
        episodes=bench.episodes,
        arms=bench.arms,
        languages=bench.languages,
        gallery=bench.gallery,
        axis=bench.axis,
        severity=bench.severity,
        n_instructions=bench.n_instructions,
        suite=bench.suite,
        first_seed=bench.first_seed,
        crank=bench.crank,
    )


def conditions() -> ListRun:
    """All episodes of what is named."""
    return ListRun()


def _recipe(name: str) -> Callable[[], FreezeRun]:
    """The recipe of a benchmark, with the line that its own says."""

    def recipe() -> FreezeRun:
        return frozen(name)

    recipe.__doc__ = RECIPES[name].__doc__
    return recipe


FREEZES: Mapping[str, Callable[[], FreezeRun]] = {name: _recipe(name) for name in RECIPES}
LISTS: Mapping[str, Callable[[], ListRun]] = {"default": conditions}
