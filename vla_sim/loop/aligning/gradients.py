"""The history of gradients: a row for each update on which somebody looked at them."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from vla_sim.align.objective import LossReport

GRADIENTS = "gradients.jsonl"


def gradient_rows(losses: Sequence[LossReport], *, n_before: int) -> Iterator[dict[str, Any]]:
    """Rows of some updates: how many were made, and what was seen, see `GradientLook`.

    Args:
        losses: Of updates one after the other.
        n_before: Updates that were made before them.
    """
    for step, loss in enumerate(losses, start=n_before + 1):
        if loss.gradients is not None:
            yield {"step": step, **asdict(loss.gradients)}
