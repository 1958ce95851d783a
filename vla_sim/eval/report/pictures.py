"""Pictures as text that an HTML file can hold."""

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]

MAX_FRAMES = 150
"""Longer films are thinned out; they keep their duration."""
MIN_SIDE_PX = 192
"""Smaller pictures are enlarged, so that a screen does not smear them."""

# Black to violet to orange to pale yellow: dark where nothing is attended to, readable in grey.
_HEAT = np.array(
    [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], dtype=np.float64
)


def png_uri(picture: Bytes) -> str:
    """A picture (h, w, 3) as a data URI."""
    file = BytesIO()
    _enlarged(picture).save(file, format="PNG", optimize=True)
    return _uri("image/png", file)


def stored_uri(kind: str, content: bytes) -> str:
    """A picture as it lies on disk, e.g. of the kind "image/gif", as a data URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def film_uri(frames: Bytes, frame_s: float) -> str:
    """Frames (T, h, w, 3), `frame_s` seconds apart, as the data URI of an endless animation."""
    stride = -(-len(frames) // MAX_FRAMES)
    shown = [_enlarged(frame) for frame in thinned(frames, stride)]
    duration_ms = max(round(1000 * frame_s * stride), 20)
    durations = [duration_ms] * len(shown)
    durations[-1] += 900  # rest on the outcome before it starts again
    file = BytesIO()
    shown[0].save(
        file,
        format="WEBP",
        save_all=True,
        append_images=shown[1:],
        duration=durations,
        loop=0,
        quality=82,
        method=2,
    )
    return _uri("image/webp", file)


def thinned(frames: Bytes, every: int) -> Bytes:
    """Every so many frames, and the last, which says what came of it."""
    chosen = np.unique(np.append(np.arange(0, len(frames), every), len(frames) - 1))
    return np.take(frames, chosen, axis=0)


def stills(frames: Bytes, n: int) -> list[str]:
    """`n` evenly spaced frames, the first and the last among them, as data URIs."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, n).round().astype(int))
    return [png_uri(frames[i]) for i in chosen]


def overlay(picture: Bytes, attention: NDArray[np.floating]) -> Bytes:
    """The picture (h, w, 3) with attention (gh, gw) glowing over it.

    The largest value glows fully; no attention at all leaves the picture dim.
    """
    heat = np.nan_to_num(np.asarray(attention, dtype=np.float64), nan=0.0).clip(min=0.0)
    heat = heat / heat.max() if heat.max() > 0 else heat
    size = (picture.shape[1], picture.shape[0])
    grey = Image.fromarray((255 * heat).round().astype(np.uint8))
    level = (
        np.asarray(grey.resize(size, Image.Resampling.BICUBIC), dtype=np.float64) / 255
    )  # (h, w)
    stops = np.linspace(0.0, 1.0, len(_HEAT))
    colour = np.stack([np.interp(level, stops, _HEAT[:, c]) for c in range(3)], axis=-1)
    share = (0.25 + 0.5 * level)[..., None]
    blended = (1.0 - share) * picture + share * colour
    return np.asarray(blended.round().clip(0, 255), dtype=np.uint8)


def _enlarged(picture: Bytes) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(picture))
    factor = -(-MIN_SIDE_PX // min(image.size))
    if factor <= 1:
        return image
    size = (image.width * factor, image.height * factor)
    return image.resize(size, Image.Resampling.BICUBIC)


def _uri(kind: str, file: BytesIO) -> str:
    return stored_uri(kind, file.getvalue())
