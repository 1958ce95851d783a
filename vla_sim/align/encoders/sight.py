"""Sight: how a foreign vision model wants its pictures, read from its preprocessor's settings.

Legend: N pictures, H by W pixels as drawn, h by w pixels as wanted, C = 3 colours.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.encoders.hub import reading
from vla_sim.errors import BadConfig

_MODES = {0: "nearest", 2: "bilinear", 4: "bilinear", 5: "bilinear"}
"""{how PIL resamples: the nearest that torch has}; everything else is bicubic."""


class Sight(nn.Module):
    """Resizes and normalises in torch, on whichever device the pictures are.

    The whole picture is kept where the model's own preprocessor would cut out its middle: the cells
    of the map have to be those of the picture.
    """

    mean_C11: Tensor
    deviation_C11: Tensor

    def __init__(
        self,
        *,
        height: int,
        width: int,
        mean: tuple[float, float, float],
        deviation: tuple[float, float, float],
        scale: float = 1.0 / 255.0,
        mode: str = "bilinear",
        flips_colours: bool = False,
    ) -> None:
        """A sight.

        Args:
            height: Pixels that the model takes.
            width: Likewise.
            mean: Of the scaled colours, taken off.
            deviation: Of the scaled colours, divided by.
            scale: From [0, 255] to the range of the mean.
            mode: How torch resamples.
            flips_colours: The model takes blue first.
        """
        super().__init__()
        self.size = (height, width)
        self.scale = scale
        self.mode = mode
        self.flips_colours = flips_colours
        self.register_buffer("mean_C11", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer(
            "deviation_C11", torch.tensor(deviation).view(3, 1, 1), persistent=False
        )

    @classmethod
    def of(cls, name: str, image_px: int | None = None) -> "Sight":
        """The sight of a model.

        Args:
            name: A folder with preprocessor_config.json, or a name on the hub.
            image_px: Another size than its own; None for its own.

        Raises:
            BadConfig: If there are no such settings, or they do not say what is needed.
        """
        from transformers.image_processing_base import ImageProcessingMixin

        with reading(name, "preprocessor of", "preprocessor_config.json"):
            told, _ = ImageProcessingMixin.get_image_processor_dict(name)
        height, width = (image_px, image_px) if image_px else _size(told, name)
        mean, deviation = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        if told.get("do_normalize", True):
            mean = _three(told, "image_mean", name)
            deviation = _three(told, "image_std", name)
        rescales = told.get("do_rescale", True)
        mode = _MODES.get(int(told.get("resample", 2)), "bicubic")
        return cls(
            height=height,
            width=width,
            mean=mean,
            deviation=deviation,
            scale=float(told.get("rescale_factor", 1.0 / 255.0)) if rescales else 1.0,
            mode=mode,
            flips_colours=bool(told.get("do_flip_channel_order", False)),
        )

    def forward(self, image_NHWC: Tensor) -> Tensor:
        """What the model is shown, float32 (N, C, h, w), of uint8 pictures."""
        image_NCHW = image_NHWC.permute(0, 3, 1, 2).float()
        if tuple(image_NCHW.shape[2:]) != self.size:
            smooth: dict[str, Any] = (
                {} if self.mode == "nearest" else {"antialias": True, "align_corners": False}
            )
            image_NCHW = functional.interpolate(image_NCHW, self.size, mode=self.mode, **smooth)
        if self.flips_colours:
            image_NCHW = image_NCHW.flip(1)
        return (image_NCHW.clamp(0.0, 255.0) * self.scale - self.mean_C11) / self.deviation_C11


def _size(told: Mapping[str, Any], name: str) -> tuple[int, int]:
    """Height and width that a model is shown: after its crop, where it crops."""
    crops = told.get("do_center_crop") and told.get("crop_size")
    size = told["crop_size"] if crops else told.get("size")
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping):
        if {"height", "width"} <= size.keys():
            return int(size["height"]), int(size["width"])
        for edge in ("shortest_edge", "longest_edge"):
            if size.get(edge):
                return int(size[edge]), int(size[edge])
    raise BadConfig(
        f"the preprocessor_config.json of {name!r} says no size of pictures (size is {size!r}); "
        "give one: --vision.image-px"
    )


def _three(told: Mapping[str, Any], key: str, name: str) -> tuple[float, float, float]:
    values = told.get(key)
    if not isinstance(values, list) or len(values) != 3:
        raise BadConfig(
            f"the preprocessor_config.json of {name!r} has no {key} of three numbers: the model is "
            "not made for colour pictures, or the file is damaged"
        )
    return float(values[0]), float(values[1]), float(values[2])
