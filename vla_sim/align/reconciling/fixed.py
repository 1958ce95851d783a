"""Fixed: the weights that were given, and one backward of their sum."""

from dataclasses import dataclass

from vla_sim.align.reconciling.reconciler import Groups, Reconciler, ReconcilerConfig


@dataclass(frozen=True, kw_only=True)
class FixedConfig(ReconcilerConfig):
    """Settings of fixed weights. Well chosen ones are hard to beat, see arXiv 2201.04122."""

    watch_every: int | None = None

    @property
    def needs_shared(self) -> bool:
        """See `ReconcilerConfig`."""
        return bool(self.priority)

    def build(self, groups: Groups) -> Reconciler:
        """See `ReconcilerConfig`."""
        return Reconciler(self, groups)
