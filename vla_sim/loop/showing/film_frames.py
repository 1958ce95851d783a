"""Film frames: pictures with a caption below, and several films beside each other."""

import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vla_sim.envs.language.grammar import say
from vla_sim.loop.showing.film_timeline import BAR_PX, shield_bars
from vla_sim.records.episode import Episode
from vla_sim.records.instruction import Instruction

Pictures = NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_INK, _PAPER = (32, 36, 44), (255, 255, 255)
_GOOD, _BAD = (28, 120, 62), (176, 42, 48)
_BORDER_PX = 4
_FONT_FOLDERS = ("/usr/share/fonts", "~/.fonts", "~/.local/share/fonts", "/System/Library/Fonts")
_CHINESE_FONTS = ("*CJK*", "wqy-*", "*SourceHan*", "PingFang*", "DroidSansFallback*", "*uming*")


def captioned(
    pictures: Pictures, episode: Episode, alarms: Mapping[str, float] | None = None
) -> Pictures:
    """Pictures with a caption below.

    Args:
        pictures: (t, h, w, 3)
        episode: Its instruction is below each, and its outcome below the last; under a shield, a
            bar says when it acted.
        alarms: {what is said: from when on [s]}, below the instruction.
    """
    raised = sorted((alarms or {}).items(), key=lambda alarm: alarm[1])
    t, h, w, _ = pictures.shape
    text_px = max(11, w // 18)
    lines = _lines(episode, w, text_px)
    strip_px = round(text_px * 1.35 * (len(lines) + 1 + len(raised))) + 8
    strip_px += 0 if episode.shield_change is None else BAR_PX
    framed = np.empty((t, h + strip_px, w, 3), dtype=np.uint8)
    framed[:, :h] = pictures
    acted = None if episode.shield_change is None else episode.shield_change > 0.0
    good = episode.success_at_end
    ended = "done" if good else "diverged" if episode.diverged else "not done"
    for k in range(t):
        now_s = k * episode.control_dt_s
        last = k == t - 1
        note, colour = (f", {ended}", _GOOD if good else _BAD) if last else ("", _INK)
        notes = [(f"{now_s:.1f} s{note}", colour)]
        notes += [(f"{at:.1f} s: {said}", _BAD) for said, at in raised if at <= now_s]
        if acted is not None and k > 0 and acted[min(k, len(acted)) - 1]:
            notes[0] = (f"{notes[0][0]}, shield", notes[0][1])
        framed[k, h:] = _strip(lines, notes, w, strip_px, text_px)
    if acted is not None:
        framed[:, -BAR_PX:] = shield_bars(acted, t, w)
    return framed


def written(text: str, width_px: int, height_px: int, text_px: int) -> Pictures:
    """Text on paper, wrapped, as a picture (h, w, 3); what does not fit is cut off."""
    image = Image.new("RGB", (width_px, height_px), _PAPER)
    draw = ImageDraw.Draw(image)
    font = None if text.isascii() else _chinese_font(text_px)
    for k, line in enumerate(_wrapped(text, width_px, text_px)):
        place = (6, 4 + round(k * text_px * 1.35))
        draw.text(place, line, fill=_INK, font=font or _font(text_px))
    return np.asarray(image)


def spoken(said: Instruction, seed: int, text_px: int) -> str:
    """The instruction's text; where no font here can draw it the same in English, which it says."""
    if said.language == "en" or not said.template_id or _chinese_font(text_px) is not None:
        return said.text  # without a template there are no words that have a parallel
    rng = np.random.default_rng(seed)
    english = say(said.meaning, language="en", split=said.split, rng=rng).text
    return f"(no {said.language} font; in English) {english}"


def side_by_side(films: Sequence[Pictures]) -> Pictures:
    """One film of several, in rows of at most four; those that end early show their last frame."""
    t = max(len(film) for film in films)
    h, w = max(film.shape[1] for film in films), films[0].shape[2]
    n_columns = min(len(films), 4)
    n_rows = -(-len(films) // n_columns)
    pitch_h, pitch_w = h + _BORDER_PX, w + _BORDER_PX
    shape = (t, n_rows * pitch_h - _BORDER_PX, n_columns * pitch_w - _BORDER_PX, 3)
    whole = np.full(shape, 255, dtype=np.uint8)
    for k, film in enumerate(films):
        row, column = divmod(k, n_columns)
        y, x = row * pitch_h, column * pitch_w
        shown = film[np.minimum(np.arange(t), len(film) - 1)]
        whole[:, y : y + film.shape[1], x : x + w] = shown
    return whole


def _lines(episode: Episode, width_px: int, text_px: int) -> list[str]:
    text = spoken(episode.shown, episode.spec.seed, text_px)
    told = [episode.spec.arm.replace("_", " ")] if episode.spec.arm != "correct" else []
    if (n := episode.spec.n_instructions) > 1:
        told.append(f"1 of {n}")
    if told:
        text = f"({', '.join(told)}) {text}"
    return _wrapped(text, width_px, text_px)


def _wrapped(text: str, width_px: int, text_px: int) -> list[str]:
    per_line = max(8, int(width_px / (text_px * (0.5 if text.isascii() else 1.0))))
    return textwrap.wrap(text, per_line) or [""]


def _strip(
    lines: list[str], notes: list[tuple[str, tuple[int, int, int]]], w: int, h: int, text_px: int
) -> Pictures:
    """The caption, uint8 (h, w, 3): lines, and then notes in their colours."""
    image = Image.new("RGB", (w, h), _PAPER)
    draw = ImageDraw.Draw(image)
    chinese = _chinese_font(text_px)
    for k, (line, colour) in enumerate([*((line, _INK) for line in lines), *notes]):
        font = _font(text_px) if line.isascii() or chinese is None else chinese
        draw.text((6, 4 + round(k * text_px * 1.35)), line, fill=colour, font=font)
    return np.asarray(image)


@cache
def _font(size_px: int) -> Font:
    return ImageFont.load_default(size=size_px)


@cache
def _chinese_font(size_px: int) -> Font | None:
    """A font of this machine with Chinese characters, if there is one."""
    for folder in _FONT_FOLDERS:
        for pattern in _CHINESE_FONTS:
            for path in sorted(Path(folder).expanduser().glob(f"**/{pattern}.[to]t[cf]")):
                try:
                    return ImageFont.truetype(str(path), size_px)
                except OSError:
                    continue
    return None
