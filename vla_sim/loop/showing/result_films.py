"""Films of a result: episodes that are worth a look, run again from their rows, and a sheet.

An episode follows from its plan and its policy, so nothing of a film has to be kept while it is
measured; that it came out the same again is checked against its row, to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.replay import ReplayPolicy
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.rollout import run_all
from vla_sim.errors import DamagedFile
from vla_sim.eval.columns import differing
from vla_sim.eval.rows import row_of
from vla_sim.loop.choice import Choice
from vla_sim.loop.evaluation import bodies
from vla_sim.loop.outsiders import tolerated
from vla_sim.loop.policies import policy_of
from vla_sim.loop.showing.film_file import save_film, save_still, stills
from vla_sim.loop.showing.film_frames import captioned
from vla_sim.records.episode import Episode
from vla_sim.records.episode_row import EpisodeRow

FILMS, SHEET = "films", "sheet.png"
"""The folder of a result's films, and the picture with all of them in it."""
SIZE_PX = 192
"""Height and width of their pictures; the policy sees its own."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """An episode that was run again.

    Attributes:
        episode: As the policy acted in it.
        pictures: The same, seen larger: uint8 (t, h, w, 3).
        differing: Columns in which its row is not the one of the result; empty if it is, to the
            last bit.
    """

    episode: Episode
    pictures: NDArray[np.uint8]
    differing: tuple[str, ...]


def chosen_places(rows: Sequence[EpisodeRow], n: int) -> list[int]:
    """Which rows to film: failures first, each kind and task in turn, then successes by task."""
    order: list[int] = []
    for succeeded in (False, True):
        groups: dict[tuple[str, str], list[int]] = {}
        for place, row in enumerate(rows):
            if row.success_at_end == succeeded:
                groups.setdefault((row.failure, row.spec.task_id), []).append(place)
        lists = [groups[key] for key in sorted(groups)]
        longest = max(map(len, lists), default=0)
        order += [group[k] for k in range(longest) for group in lists if k < len(group)]
    return order[:n]


def replayed(
    choice: Choice, rows: Sequence[EpisodeRow], crank: CrankConfig, *, size_px: int = SIZE_PX
) -> list[Replayed]:
    """Run the episodes of rows again, and look at them.

    Args:
        choice: Who acted.
        rows: Of any tasks.
        crank: What they ran on.
        size_px: Height and width of the pictures.
    """
    made: dict[int, Replayed] = {}
    for task_id in dict.fromkeys(row.spec.task_id for row in rows):
        mine = [k for k, row in enumerate(rows) if row.spec.task_id == task_id]
        plan = [rows[k].spec for k in mine]
        # One slot: an episode that is replayed is known by its seed, which arms share.
        small = Crank(task_id, 1, crank)
        large = Crank(task_id, 1, replace(crank, image_size=size_px))
        body = bodies([task_id])[task_id]
        actor = tolerated(policy_of(choice, small), choice)
        for k, spec in zip(mine, plan, strict=True):
            (acted,) = run_all(small, actor, [spec])
            (seen,) = run_all(large, ReplayPolicy([acted]), [spec], keep_images=True)
            assert seen.images is not None
            made[k] = Replayed(
                episode=acted,
                pictures=captioned(seen.images, acted),
                differing=differing(rows[k], row_of(acted, body)),
            )
    return [made[k] for k in range(len(rows))]


def film_result(
    folder: Path, rows: Sequence[EpisodeRow], n: int, choice: Choice, crank: CrankConfig
) -> list[Path]:
    """Film `n` episodes of a result into its folder, with a sheet of stills.

    Raises:
        DamagedFile: If an episode does not come out as it was measured.
        RunFolderError: If a file cannot be written.
    """
    places = chosen_places(rows, n)
    made = replayed(choice, [rows[k] for k in places], crank)
    for place, one in zip(places, made, strict=True):
        require_same_row(place, one)
    paths = []
    for place, one in zip(places, made, strict=True):
        path = folder / FILMS / f"{place:05d}.gif"
        period_s = one.episode.control_dt_s
        save_film(path, one.pictures, [one.pictures], period_s=period_s)
        paths.append(path)
    save_still(folder / FILMS / SHEET, stills([one.pictures for one in made]))
    return paths


def require_same_row(place: int, one: Replayed) -> None:
    """See that an episode came out as it was measured.

    Raises:
        DamagedFile: If not, with the columns that differ.
    """
    if one.differing:
        raise DamagedFile(
            f"episode {place} did not come out as it was measured: {', '.join(one.differing)} "
            "differ; the policy, its weights, or this package are not those of the result"
        )


def place_of(film: Path) -> int:
    """The place of a film's row, from its name.

    Raises:
        DamagedFile: If the name says none.
    """
    if not film.stem.isdecimal():
        raise DamagedFile(f"{film} is no film of an episode: its name is no number")
    return int(film.stem)
