"""Shift: along which domain axis, and how far, an episode leaves what training sees."""

from dataclasses import dataclass

from vla_sim.errors import BadConfig

MAX_SEVERITY = 3
SEVERITIES: tuple[int, ...] = tuple(range(MAX_SEVERITY + 1))
"""0 is the training distribution."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One domain axis and how far along it.

    Raises:
        BadConfig: If the severity is out of range, or there is one without an axis.
    """

    axis: str = ""
    """A name in `envs.axes.AXES`; empty for none."""
    severity: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.severity, bool | float) or self.severity not in SEVERITIES:
            raise BadConfig(
                f"severity {self.severity} of axis {self.axis!r}; use 0 (as in training) to"
                f" {MAX_SEVERITY}"
            )
        if self.severity and not self.axis:
            raise BadConfig(f"severity {self.severity} of no axis; name one, `vla-sim list axes`")

    @property
    def is_training(self) -> bool:
        """Nothing is changed."""
        return self.severity == 0


NO_SHIFT = Shift()
"""As in training."""
