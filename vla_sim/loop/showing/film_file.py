"""Film file: frames to an animated picture, or stills to one picture."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vla_sim.disk.atomic import replace_file
from vla_sim.errors import BadConfig, RunFolderError, UnknownName

FORMATS: tuple[str, ...] = (".webp", ".gif", ".png")
_N_STILLS = 6
_GAP_PX = 4
_LAST_FRAME_S = 1.5
"""How long the outcome stays before the film begins anew."""
_GIF_TICK_S = 0.02
"""Browsers slow shorter frames down."""


def check_format(path: Path) -> None:
    """See that a path says how it is to be written.

    Raises:
        BadConfig: If its name has no ending, as a folder's.
        UnknownName: If that is no format for films.
    """
    if not path.suffix:
        endings = ", ".join(map(repr, FORMATS))
        raise BadConfig(f"{path} has no ending that says how to write a film; use {endings}")
    if path.suffix.lower() not in FORMATS:
        raise UnknownName("film format", path.suffix, FORMATS)


def save_film(
    path: Path,
    film: NDArray[np.uint8],
    strips: Sequence[NDArray[np.uint8]],
    *,
    period_s: float,
) -> None:
    """Write a film.

    Args:
        path: Its suffix is one of FORMATS.
        film: uint8 (t, h, w, 3), for an animation.
        strips: The episodes' own frames, for stills: one row each.
        period_s: Time from frame to frame.

    Raises:
        RunFolderError: If the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind == ".png":
        save_still(path, stills(strips))
    else:
        _replace(path, partial(_animate, film=film, period_s=period_s, kind=kind))


def save_still(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write one picture (h, w, 3) as a PNG.

    Raises:
        RunFolderError: If the file cannot be written.
    """
    image = Image.fromarray(picture)
    _replace(path, partial(image.save, format="PNG", optimize=True))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, and put it there once it is whole."""
    try:
        replace_file(path, write)
    except RunFolderError as error:
        raise RunFolderError(f"{error}; give another --out") from None


def stills(strips: Sequence[NDArray[np.uint8]], n_stills: int = _N_STILLS) -> NDArray[np.uint8]:
    """Evenly spaced frames of each film in a row, the first and last among them."""
    rows = []
    height = max(strip.shape[1] for strip in strips)
    for strip in strips:
        chosen = strip[np.linspace(0, len(strip) - 1, n_stills).round().astype(int)]
        margin = ((0, 0), (0, height - strip.shape[1]), (0, _GAP_PX), (0, 0))
        rows.append(np.concatenate(list(np.pad(chosen, margin, constant_values=255)), axis=1))
    return np.concatenate(rows, axis=0)[:, :-_GAP_PX]


def _animate(path: Path, film: NDArray[np.uint8], period_s: float, kind: str) -> None:
    step = max(1, round(_GIF_TICK_S / period_s)) if kind == ".gif" else 1
    chosen = np.unique(np.append(np.arange(0, len(film), step), len(film) - 1))
    frames = [Image.fromarray(film[k]) for k in chosen]
    durations_ms = [round(1000 * period_s * step)] * (len(frames) - 1) + [
        round(1000 * _LAST_FRAME_S)
    ]
    if kind == ".gif":
        # One palette for all frames: colours do not flicker, and the file stays small.
        palette = frames[len(frames) // 2].quantize(colors=255, dither=Image.Dither.NONE)
        frames = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    settings = {} if kind == ".gif" else {"quality": 80, "method": 2}
    frames[0].save(
        path,
        format="GIF" if kind == ".gif" else "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=durations_ms,
        loop=0,
        **settings,
    )
