"""Cross-attention: words looked the picture over already; the state is what came of it."""

from dataclasses import dataclass

from torch import Tensor

from vla_sim.align.fusion.fusion import Fusion, FusionSizes, Moment, perceptron


@dataclass(frozen=True, kw_only=True)
class CrossAttentionConfig:
    """Settings of CrossAttention."""

    def build(self, sizes: FusionSizes) -> "CrossAttention":
        """The fusion with these settings."""
        return CrossAttention(sizes)


class CrossAttention(Fusion):
    """An MLP on what the grounded attention found and the decoder was told."""

    def __init__(self, sizes: FusionSizes) -> None:
        super().__init__()
        self.mlp = perceptron(sizes.n_state, sizes.hidden, sizes.n_embed)

    def forward(self, moment: Moment) -> Tensor:
        """See `Fusion`."""
        out_BGE: Tensor = self.mlp(moment.state_BGX)
        return out_BGE
