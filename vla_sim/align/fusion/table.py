"""Every fusion by name. To add one: a file with a config that can `build`, and a line."""

from typing import TypeAlias

from vla_sim.align.fusion.codebook import CodebookConfig, FsqConfig
from vla_sim.align.fusion.cross_attention import CrossAttentionConfig
from vla_sim.align.fusion.film import FilmConfig
from vla_sim.align.fusion.gate import GateConfig
from vla_sim.align.fusion.late import LateConfig
from vla_sim.align.fusion.moe import MoeConfig
from vla_sim.align.fusion.poe import PoeConfig

FusionConfig: TypeAlias = (
    CrossAttentionConfig
    | LateConfig
    | FilmConfig
    | GateConfig
    | PoeConfig
    | MoeConfig
    | CodebookConfig
    | FsqConfig
)

FUSIONS: dict[str, FusionConfig] = {
    "cross-attention": CrossAttentionConfig(),
    "late": LateConfig(),
    "film": FilmConfig(),
    "gate": GateConfig(),
    "poe": PoeConfig(),
    "moe": MoeConfig(),
    "codebook": CodebookConfig(),
    "fsq": FsqConfig(),
}
"""Ready-made settings, and what a checkpoint calls their classes."""


def fusion_name(config: FusionConfig) -> str:
    """The name of a config's class in `FUSIONS`."""
    return next(name for name, made in FUSIONS.items() if type(made) is type(config))
