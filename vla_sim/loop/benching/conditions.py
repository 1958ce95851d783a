"""Conditions: the words of listed episodes, as the scenes here have them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.errors import BadConfig
from vla_sim.eval.condition import Condition
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.shift import Shift


def conditions_of(specs: Sequence[EpisodeSpec], base: CrankConfig) -> list[Condition]:
    """Planned episodes with their instructions; nothing is simulated.

    Args:
        specs: Of any tasks and axes.
        base: The crank in training conditions.
    """
    words = dict(_words(specs, base))
    return [Condition(spec=spec, instruction=words[spec]) for spec in specs]


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


def _words(
    specs: Sequence[EpisodeSpec], base: CrankConfig
) -> Iterator[tuple[EpisodeSpec, str]]:
    groups: dict[tuple[str, Shift], list[EpisodeSpec]] = {}
    for spec in specs:
        groups.setdefault((spec.task_id, spec.shift), []).append(spec)
    for (task_id, shift), mine in groups.items():
        crank = Crank(task_id, 1, crank_config_for(shift, base))
        for spec in mine:
            yield spec, crank.words(spec)[0].text
