"""Any vision model of `transformers` as picture tower, from a local folder or the hub.

Legend: N pictures, T tokens, Y by X places of a map, C channels.
"""

import inspect
from dataclasses import dataclass
from math import isqrt
from typing import Any

from torch import Tensor, nn

from vla_sim.align.encoders.base import Base
from vla_sim.align.encoders.foreign_vision import ForeignVision, ForeignVisionConfig
from vla_sim.align.encoders.hub import load_model
from vla_sim.align.encoders.sight import Sight
from vla_sim.errors import BadConfig

_INTERPOLATES = "interpolate_pos_encoding"


@dataclass(frozen=True, kw_only=True)
class HuggingFaceVisionConfig(ForeignVisionConfig):
    """Settings of a picture tower on a model of `transformers`."""

    name: str = ""
    """A local folder or a hub id: ViT, SigLIP, CLIP, DINOv2, Swin, ResNet, ConvNeXt, MobileNet."""

    def build(self) -> ForeignVision:
        """The tower with these settings.

        Raises:
            BadConfig: If there is no such model, it sees no pictures, or gives no maps of them.
        """
        loaded = load_model(self.name, "vision")
        own = Sight.of(self.name)
        sight = Sight.of(self.name, self.image_px) if self.image_px else own
        maps = _Maps(loaded.model, self.name, interpolates=sight.size != own.size)
        drawn = {f"model.{weight}" for weight in loaded.drawn}
        return ForeignVision(self, Base(self, maps, name=self.name, drawn=drawn), sight)


class _Maps(nn.Module):
    """A model of `transformers` as a function from pictures to maps, coarsest and deepest last."""

    def __init__(self, model: nn.Module, name: str, *, interpolates: bool) -> None:
        super().__init__()
        self.model = model
        self.name = name
        self.patch = _two(getattr(model.config, "patch_size", 1))
        self.more: dict[str, Any] = {}
        if interpolates and _INTERPOLATES in inspect.signature(model.forward).parameters:
            self.more[_INTERPOLATES] = True

    def forward(self, pixel_NCHW: Tensor) -> list[Tensor]:
        """Maps (N, C, Y, X)."""
        try:
            out = self.model(pixel_values=pixel_NCHW, output_hidden_states=True, **self.more)
        except (TypeError, ValueError) as error:
            said = str(error).partition("\n")[0]
            raise BadConfig(
                f"the model {self.name!r} cannot be shown pictures of "
                f"{tuple(pixel_NCHW.shape[2:])} px alone: {said}"
            ) from error
        last = getattr(out, "last_hidden_state", None)
        if not isinstance(last, Tensor):
            raise BadConfig(f"the model {self.name!r} gives no features of the places of a picture")
        earlier = list(getattr(out, "hidden_states", None) or ())
        return [self._map(hidden, pixel_NCHW) for hidden in (*earlier, last)]

    def _map(self, hidden: Tensor, pixel_NCHW: Tensor) -> Tensor:
        if hidden.ndim == 4:
            return hidden
        n_tokens = hidden.shape[1]
        rows, columns = (
            side // patch for side, patch in zip(pixel_NCHW.shape[2:], self.patch, strict=True)
        )
        if rows * columns > n_tokens:  # it merges patches on its way, as Swin does
            rows = columns = isqrt(n_tokens)
            if rows * columns != n_tokens:
                raise BadConfig(
                    f"the model {self.name!r} gives {n_tokens} tokens of a picture of "
                    f"{tuple(pixel_NCHW.shape[2:])} px, which are no grid"
                )
        # Tokens that stand for no place (of the class, registers) come first.
        patch_NTC = hidden[:, n_tokens - rows * columns :]
        return patch_NTC.transpose(1, 2).reshape(len(hidden), -1, rows, columns)


def _two(side: Any) -> tuple[int, int]:
    return (int(side), int(side)) if isinstance(side, int) else (int(side[0]), int(side[1]))
