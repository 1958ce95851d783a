"""Sheet of axes: one seed of a task along every domain axis, at every severity."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.controls import POLICIES
from vla_sim.disk.outlet import check_outlet
from vla_sim.envs.axes import AXES
from vla_sim.envs.axes.axis import Shown
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.rollout import run_all
from vla_sim.envs.task_names import task_id_of
from vla_sim.errors import VlaSimError
from vla_sim.loop.showing.film import FilmRun
from vla_sim.loop.showing.film_file import save_still
from vla_sim.loop.showing.film_frames import spoken, written
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.shift import SEVERITIES

Picture = NDArray[np.uint8]
_GAP_PX = 3
_LABEL_PX = 96
_TEXT_PX = 13


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A place in the sheet, and the episode that it shows."""

    row: int
    severity: int
    spec: EpisodeSpec


def film_axes(config: FilmRun) -> None:
    """Draw the sheet, and write it to `config.path`.

    A cell shows the start of the episode, the end of the expert's (for what moves otherwise), or
    what is said. A cell that cannot be made here says why.

    Raises:
        RunFolderError: If the file cannot be written.
    """
    check_outlet(config.path)
    task_id = task_id_of(config.task)
    base = replace(config.crank, image_size=config.size)
    cells: dict[CrankConfig, list[_Cell]] = {}
    for row, axis in enumerate(AXES):
        for severity in SEVERITIES:
            spec = draw_spec(
                task_id,
                config.seed,
                manner=config.manner,
                language=config.language,
                axis=axis,
                severity=severity,
            )
            able = crank_config_for(spec.shift, base)
            cells.setdefault(able, []).append(_Cell(row=row, severity=severity, spec=spec))
    sheet = _paper(config.size)
    for able, mine in cells.items():
        try:
            pictures = _pictures(task_id, able, mine)
        except VlaSimError as error:  # no GL here, or no such engine
            pictures = [written(str(error), config.size, config.size, 9)] * len(mine)
        for cell, picture in zip(mine, pictures, strict=True):
            y, x = _corner(cell.row, cell.severity, config.size)
            sheet[y : y + len(picture), x : x + config.size] = picture
    save_still(config.path, sheet)


def _pictures(task_id: str, config: CrankConfig, cells: list[_Cell]) -> list[Picture]:
    """One picture per cell; all cells can be shown by one crank."""
    crank = Crank(task_id, len(cells), config)
    slots = np.arange(len(cells))
    crank.start(slots, [cell.spec for cell in cells])
    first = crank.observe(slots).images[crank.task.camera.name]
    made = [np.array(picture) for picture in first]
    names = list(AXES)
    moving = [k for k, cell in enumerate(cells) if AXES[names[cell.row]].shown == "end"]
    for k, cell in enumerate(cells):
        said = crank.shown[k]
        if AXES[names[cell.row]].shown == "words" and said is not None:
            text = f"{said.language}, {said.split}: {spoken(said, cell.spec.seed, _TEXT_PX)}"
            made[k] = written(
                text.replace("_", " "), config.image_size, _height("words", config.image_size), 13
            )
    if moving:
        expert = POLICIES["expert"](task_id, crank.task)
        ended = run_all(crank, expert, [cells[k].spec for k in moving], keep_images=True)
        for k, episode in zip(moving, ended, strict=True):
            assert episode.images is not None
            made[k] = _ended(episode.images[-1], episode.n_steps * episode.control_dt_s)
    return made


def _ended(picture: Picture, time_s: float) -> Picture:
    """The last picture of an episode with its duration below."""
    height, width, _ = picture.shape
    strip = written(f"end, {time_s:.2f} s", width, 22, 12)
    return np.concatenate([picture[: height - 22], strip])


def _height(shown: Shown, size: int) -> int:
    """Of a cell: words need less than pictures."""
    return size // 2 if shown == "words" else size


def _corner(row: int, severity: int, size: int) -> tuple[int, int]:
    """Upper left pixel of a cell: y, x."""
    above = [_height(axis.shown, size) + _GAP_PX for axis in list(AXES.values())[:row]]
    return _TEXT_PX * 2 + sum(above), _LABEL_PX + severity * (size + _GAP_PX)


def _paper(size: int) -> Picture:
    """The empty sheet with the names of its rows and columns."""
    height, _ = _corner(len(AXES), 0, size)
    _, width = _corner(0, len(SEVERITIES), size)
    sheet = np.full((height, width, 3), 255, dtype=np.uint8)
    for severity in SEVERITIES:
        _, x = _corner(0, severity, size)
        label = written(f"severity {severity}", size, 2 * _TEXT_PX, _TEXT_PX)
        sheet[: 2 * _TEXT_PX, x : x + size] = label
    for row, name in enumerate(AXES):
        y, _ = _corner(row, 0, size)
        label = written(name.replace("_", " "), _LABEL_PX, 3 * _TEXT_PX, _TEXT_PX)
        sheet[y : y + 3 * _TEXT_PX, :_LABEL_PX] = label
    return sheet
