"""The layers of a foreign model by depth: what lies below them, they, and what follows."""

from collections.abc import Sequence

from torch import nn

from vla_sim.errors import BadConfig


class Stack:
    """A model's layers, lowest first, with the weights below and above them by name."""

    def __init__(
        self,
        *,
        model: str,
        below: Sequence[str],
        layers: Sequence[Sequence[str]],
        above: Sequence[str],
    ) -> None:
        self.model = model
        self.below = tuple(below)
        self.layers = tuple(map(tuple, layers))
        self.above = tuple(above)
        self._tails: dict[int, frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self.layers)

    def check(self, n: int | None) -> None:
        """Raise BadConfig where more layers are to learn than there are."""
        if n is not None and n > len(self):
            raise BadConfig(
                f"n_unfrozen is {n}, and {self.model!r} has {len(self)} layers; "
                f"use 1 to {len(self)}"
            )

    def tail(self, n: int | None) -> frozenset[str]:
        """Names of the weights of the top n layers and of what follows them.

        Args:
            n: How many; None, or all there are, for everything, what lies below included.
        """
        n = len(self) if n is None else n
        if n not in self._tails:
            names = {name for layer in self.layers[len(self) - n :] for name in layer}
            names |= {*self.above}
            names |= {*self.below} if n == len(self) else set()
            self._tails[n] = frozenset(names)
        return self._tails[n]


def stack_of(model: nn.Module, name: str) -> Stack:
    """The layers of a model: the largest list of modules that lies in no other.

    Args:
        model: The model.
        name: What it is called, for the error.

    Raises:
        BadConfig: If it has none.
    """
    lists = {n: m for n, m in model.named_modules() if isinstance(m, nn.ModuleList)}
    outer = [n for n in lists if not any(n.startswith(f"{other}.") for other in lists)]
    if not outer:
        raise BadConfig(
            f"{name!r} has no stack of layers that could be unfrozen by depth: say train 'frozen' "
            "or 'lora'"
        )
    largest = max(outer, key=lambda n: sum(p.numel() for p in lists[n].parameters()))
    weights = [n for n, _ in model.named_parameters()]
    layers = [
        [w for w in weights if w.startswith(f"{largest}.{k}.")] for k in range(len(lists[largest]))
    ]
    inside = [k for k, w in enumerate(weights) if w.startswith(f"{largest}.")]
    return Stack(
        model=name, below=weights[: inside[0]], layers=layers, above=weights[inside[-1] + 1 :]
    )
