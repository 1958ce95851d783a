"""Pictures to a map of cell features, small enough to train on one CPU core.

Legend: N pictures, H by W pixels, S = GRID * GRID cells in row-major order, C channels.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_sim.align.encoders.tower import VisionTower
from vla_sim.errors import BadConfig
from vla_sim.ranges import whole
from vla_sim.records.triple import GRID

N_CELLS = GRID * GRID


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 natively; where it does not, bfloat16 is slower."""
    return bool(torch.backends.cpu.get_cpu_capability() == "AVX512") and bool(
        torch.cpu._is_avx512_bf16_supported()
    )


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """Settings of VisionEncoder."""

    image_px: int = 64
    width: int = 48
    """Channels at 16 x 16 cells."""
    deep_width: int = 96
    """Channels at 8 x 8 cells, where a convolution sees twice as far for a quarter of the cost."""
    n_deep: int = 1
    """Residual 3 x 3 convolutions at 8 x 8 cells."""
    n_out: int = 64
    """Channels of the feature map."""
    bf16: bool | None = None
    """Convolve in bfloat16; None asks the CPU."""

    def __post_init__(self) -> None:
        whole(1, width=self.width, deep_width=self.deep_width, n_out=self.n_out)
        whole(0, n_deep=self.n_deep)
        if self.image_px % GRID or self.image_px < GRID:
            raise BadConfig(f"image_px is {self.image_px}; it must be a multiple of {GRID}")

    def build(self) -> "VisionEncoder":
        """The encoder with these settings."""
        return VisionEncoder(self)


class VisionEncoder(VisionTower):
    """Patches, one convolution at 16 x 16, a detour over 8 x 8, and a learned position per cell.

    The detour gives each cell a wide view at little cost; the shortcut around it keeps the fine
    position that grounding needs.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patch = config.image_px // GRID
        self.bf16 = cpu_has_bf16() if config.bf16 is None else config.bf16
        width, deep = config.width, config.deep_width
        self.stem = nn.Linear(3 * self.patch**2, width)
        self.position = nn.Parameter(torch.randn(N_CELLS, width) * 0.1)
        self.near = nn.Conv2d(width, width, 3, padding=1)
        self.down = nn.Linear(4 * width, deep)
        self.deep = nn.ModuleList(nn.Conv2d(deep, deep, 3, padding=1) for _ in range(config.n_deep))
        self.up = nn.Linear(deep, width)
        self.out = nn.Linear(width, config.n_out)
        for layer in (self.near, *self.deep):
            weight = cast(nn.Conv2d, layer).weight
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, image_NHWC: Tensor) -> Tensor:
        """Features of each cell.

        Args:
            image_NHWC: uint8 pictures, shape (N, H, W, 3).

        Returns:
            float32, shape (N, S, C).

        Raises:
            BadConfig: If the pictures have another size than the encoder was built for.
        """
        px = self.config.image_px
        if image_NHWC.shape[1:] != (px, px, 3):
            raise BadConfig(
                f"pictures of shape {tuple(image_NHWC.shape[1:])}; the encoder was built for"
                f" ({px}, {px}, 3): render at that size, --crank.image-size {px}"
            )
        with torch.autocast(image_NHWC.device.type, torch.bfloat16, enabled=self.bf16):
            out_NSC: Tensor = self._convolve(image_NHWC)
        return out_NSC.float()

    def _convolve(self, image_NHWC: Tensor) -> Tensor:
        n, patch = len(image_NHWC), self.patch
        # Convolutions whose windows do not overlap, as matrix products: oneDNN is slow at these.
        pixels_NSX = _blocks(image_NHWC, patch)
        dtype = torch.bfloat16 if self.bf16 else torch.float32
        pixels_NSX = pixels_NSX.to(dtype).sub_(127.5).mul_(1.0 / 64.0)
        cells_NSC = functional.relu(self.stem(pixels_NSX) + self.position.to(dtype))
        cells_NYXC = cells_NSC.view(n, GRID, GRID, -1)
        near_NYXC = _convolved(self.near, cells_NYXC)
        half = GRID // 2
        deep_NYXC = functional.relu(self.down(_blocks(near_NYXC, 2))).view(n, half, half, -1)
        for layer in self.deep:
            deep_NYXC = deep_NYXC + _convolved(layer, deep_NYXC)
        far_NCYX = functional.interpolate(self.up(deep_NYXC).permute(0, 3, 1, 2), scale_factor=2.0)
        both_NYXC = functional.relu(cells_NYXC + near_NYXC + far_NCYX.permute(0, 2, 3, 1))
        return functional.relu(self.out(both_NYXC.view(n, N_CELLS, -1)))


def _blocks(picture_NYXC: Tensor, side: int) -> Tensor:
    """Square blocks of neighbouring pixels, each flattened, shape (N, blocks, side * side * C)."""
    n, height, width, channels = picture_NYXC.shape
    rows, columns = height // side, width // side
    split = picture_NYXC.view(n, rows, side, columns, side, channels)
    return split.transpose(2, 3).reshape(n, rows * columns, side * side * channels)


def _convolved(layer: nn.Module, map_NYXC: Tensor) -> Tensor:
    """Convolution and ReLU; the permuted views are channels_last, so nothing is moved."""
    out_NCYX: Tensor = functional.relu(layer(map_NYXC.permute(0, 3, 1, 2)))
    return out_NCYX.permute(0, 2, 3, 1)
