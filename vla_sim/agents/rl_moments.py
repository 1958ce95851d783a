"""The moments of an optimiser as plain tensors, by name."""

from collections.abc import Mapping

from torch import Tensor
from torch.optim import Optimizer

OPTIMISER = "optimiser."
"""What names of moments begin with, and no weight's."""


def moments_of(optimiser: Optimizer, name: str = "") -> dict[str, Tensor]:
    """All that it remembers.

    Args:
        optimiser: Any of torch's.
        name: Of this one among several, with a dot: "actor.".
    """
    return {
        f"{OPTIMISER}{name}{place}.{what}": value
        for place, moments in optimiser.state_dict()["state"].items()
        for what, value in moments.items()
    }


def put_moments(optimiser: Optimizer, tensors: Mapping[str, Tensor], name: str = "") -> None:
    """Put back what `moments_of` gave; tensors of other names are passed over.

    Raises:
        RuntimeError, ValueError: If they are of other parameters, by torch.
    """
    head = OPTIMISER + name
    moments: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith(head):
            place, _, what = key.removeprefix(head).partition(".")
            moments.setdefault(int(place), {})[what] = value.clone()
    optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
