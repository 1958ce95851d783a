"""Conditions: listed episodes from their file, and their words as the scenes here have them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from vla_sim.disk.written import when_written
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.errors import BadConfig
from vla_sim.eval.condition import Condition
from vla_sim.eval.condition_file import read_conditions
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.shift import Shift


def conditions_in(path: Path) -> tuple[Condition, ...]:
    """The condition set in a file, which is read once while it stays as it is.

    Raises:
        As `read_conditions`.
    """
    return _read(path, when_written(path))


@lru_cache(maxsize=4)
def _read(path: Path, written: tuple[int, ...]) -> tuple[Condition, ...]:
    del written
    return read_conditions(path)


def tasks_in(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Ids of their tasks, in an order that does not depend on that of the list."""
    return tuple(sorted({condition.spec.task_id for condition in conditions}))


def conditions_of(specs: Sequence[EpisodeSpec], base: CrankConfig) -> list[Condition]:
    """Planned episodes with their instructions; nothing is simulated.

    Args:
        specs: Of any tasks and axes.
        base: The crank in training conditions.
    """
    words = dict(_words(specs, base))
    return [Condition(spec=spec, instruction=words[spec]) for spec in specs]


def require_chains(plan: Mapping[str, Sequence[EpisodeSpec]], base: CrankConfig) -> None:
    """See that each scene has a chain of as many instructions as are asked in it.

    Args:
        plan: Episodes by task, along any axes.
        base: The crank in training conditions.

    Raises:
        BadConfig: If one has not.
    """
    chains = [spec for specs in plan.values() for spec in specs if spec.n_instructions > 1]
    for _ in _words(chains, base):
        pass


def require_words(conditions: Sequence[Condition], base: CrankConfig, *, source: Path) -> None:
    """See that every episode is about what its list says it is about.

    Raises:
        BadConfig: If a scene here asks for it in other words: the list was edited, or written by a
            version with another grammar or other tasks.
    """
    said = dict(_words([condition.spec for condition in conditions], base))
    for condition in conditions:
        here = said[condition.spec]
        if here != condition.instruction:
            spec = condition.spec
            raise BadConfig(
                f"{source}, {spec.task_id} seed {spec.seed} (arm {spec.arm}): the instruction is "
                f"{condition.instruction!r} there, and {here!r} follows from the seed here"
            )


def _words(specs: Sequence[EpisodeSpec], base: CrankConfig) -> Iterator[tuple[EpisodeSpec, str]]:
    groups: dict[tuple[str, Shift], list[EpisodeSpec]] = {}
    for spec in specs:
        groups.setdefault((spec.task_id, spec.shift), []).append(spec)
    for (task_id, shift), mine in groups.items():
        crank = Crank(task_id, 1, crank_config_for(shift, base))
        for spec in mine:
            yield spec, crank.words(spec)[0].text
