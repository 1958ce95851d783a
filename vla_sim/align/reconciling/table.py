"""Every reconciler by name. To add one: a file with a config that can `build`, and a line."""

from typing import TypeAlias

from vla_sim.align.reconciling.conflict_free import ConflictFreeConfig
from vla_sim.align.reconciling.fixed import FixedConfig
from vla_sim.align.reconciling.gradnorm import GradNormConfig
from vla_sim.align.reconciling.pcgrad import PcgradConfig
from vla_sim.align.reconciling.uncertainty import UncertaintyConfig

ReconcilingConfig: TypeAlias = (
    FixedConfig | PcgradConfig | ConflictFreeConfig | GradNormConfig | UncertaintyConfig
)

RECONCILERS: dict[str, ReconcilingConfig] = {
    "fixed": FixedConfig(),
    "pcgrad": PcgradConfig(),
    "conflict-free": ConflictFreeConfig(),
    "gradnorm": GradNormConfig(),
    "uncertainty": UncertaintyConfig(),
}
"""Ready-made settings."""


def reconciler_name(config: ReconcilingConfig) -> str:
    """The name of a config's class in `RECONCILERS`."""
    return next(name for name, made in RECONCILERS.items() if type(made) is type(config))
