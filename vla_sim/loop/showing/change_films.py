"""Films of the same scenes before and after practice, those that changed first.

Both policies are run again from the rows of their results and held to them, to the last bit: a film
of anything else cannot come out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vla_sim.errors import BadConfig, DamagedFile, RenderBackendError, RunFolderError, UnknownName
from vla_sim.eval.report.change import Change, Pair, SceneFilm
from vla_sim.eval.report.pictures import thinned
from vla_sim.loop.benching.rig import crank_of
from vla_sim.loop.choice import Choice
from vla_sim.loop.showing.film_frames import side_by_side
from vla_sim.loop.showing.result_films import Replayed, replayed
from vla_sim.loop.showing.showcase import ShowcaseConfig
from vla_sim.records.episode_row import EpisodeRow

_NOT_AGAIN = (BadConfig, DamagedFile, RenderBackendError, RunFolderError, UnknownName)
"""Why an episode cannot be run again here: the numbers of a report stand without its film."""


@dataclass(frozen=True, kw_only=True)
class Acted:
    """Who acted in a result.

    Attributes:
        said: As the result says it.
        place: Where that policy lies in the run folder, wherever the folder was moved to.
    """

    said: str
    place: Path

    @property
    def choice(self) -> Choice:
        """The policy with its switches, as it is found now.

        Raises:
            BadConfig: If it does not take the switches that the result names.
        """
        return Choice.again(self.said, str(self.place))


def scene_films(change: Change, before: Acted, after: Acted, shown: ShowcaseConfig) -> Change:
    """A change with films of some of its scenes, or with why there are none."""
    chosen = chosen_pairs(change.pairs, shown.n_scenes)
    if not chosen:
        return change
    try:
        sides = [
            _run_again(acted, [pair[k] for pair in chosen])
            for k, acted in enumerate((before, after))
        ]
    except _NOT_AGAIN as error:
        return replace(change, not_filmed=str(error))
    films = tuple(
        SceneFilm(
            place=change.after.index(pair[1]),
            pair=pair,
            frames=thinned(side_by_side([was.pictures, now.pictures]), shown.frame_every),
            frame_s=now.episode.control_dt_s * shown.frame_every,
        )
        for pair, was, now in zip(chosen, *sides, strict=True)
    )
    return replace(change, films=films)


def chosen_pairs(pairs: Sequence[Pair], n: int) -> list[Pair]:
    """Which scenes to film: those that fail now, those that succeed now, and then the others.

    Of the first two kinds one each in turn, tasks in turn within a kind; then scenes that fail
    both times, and those that succeed both times.
    """
    kinds: dict[tuple[bool, bool], list[Pair]] = {}
    for pair in _tasks_in_turn(pairs):
        was, now = pair
        kinds.setdefault((was.success_at_end, now.success_at_end), []).append(pair)
    lost, gained = kinds.get((True, False), []), kinds.get((False, True), [])
    longest = max(len(lost), len(gained))
    changed = [kind[k] for k in range(longest) for kind in (lost, gained) if k < len(kind)]
    return [*changed, *kinds.get((False, False), []), *kinds.get((True, True), [])][:n]


def _tasks_in_turn(pairs: Sequence[Pair]) -> list[Pair]:
    by_task: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_task.setdefault(pair[0].spec.task_id, []).append(pair)
    longest = max(map(len, by_task.values()), default=0)
    return [found[k] for k in range(longest) for found in by_task.values() if k < len(found)]


def _run_again(acted: Acted, rows: Sequence[EpisodeRow]) -> list[Replayed]:
    """The episodes, under the shield that they were measured under, held to their rows.

    Raises:
        DamagedFile: If one does not come out as it was measured.
    """
    choice = acted.choice
    made = replayed(choice, rows, crank_of(rows[0], choice.shield))
    for row, one in zip(rows, made, strict=True):
        if one.differing:
            raise DamagedFile(
                f"{acted.place} does not act as it was measured, seed {row.spec.seed}: "
                f"{', '.join(one.differing)} differ"
            )
    return made
