"""A device that is not there: which tensors would be made on another one than the model's.

On a machine without a GPU all tensors are in one place, and a `torch.zeros(3)` that forgot its
device goes unnoticed. Here tensors have colours. What is made without a device, or comes from
numpy, is of the host; what is sent to HERE or made there is of the device, and so are weights.
Where both meet in one operation, a GPU would refuse, and so does this. Reading a value off the
device, which makes a GPU wait, is counted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

HERE = torch.device("cpu:0")
"""Stands for the device; "cpu", without a number, is the host."""
READS = ("item", "tolist", "__bool__", "__float__", "__int__", "__index__", "is_nonzero")
COPIES = ("cpu", "numpy", "__array__")


class Elsewhere(TorchFunctionMode):
    """Follows the colours of all tensors, as Python sees them, until the block ends."""

    def __init__(self) -> None:
        super().__init__()
        self.host: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self.reads: list[str] = []

    def __torch_function__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Refuse what a GPU would refuse, and colour what comes out."""
        told = dict(kwargs or {})
        name = getattr(func, "__name__", str(func))
        if name == "__get__":
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        given = _tensors((args, told))
        here = [t for t in given if t not in self.host]
        if name == "device":
            return HERE if here else torch.device("cpu")
        if name == "__get__" or name in ("shape", "dtype", "grad", "requires_grad", "is_leaf"):
            return func(*args, **told)
        if here and name in COPIES:
            raise AssertionError(f"{name}() copies a tensor of the device to the host")
        if here and name in READS:
            self.reads.append(name)
        alone = [t for t in given if t in self.host and t.ndim > 0]
        if name in ("to", "copy_", "set_state", "manual_seed"):
            return self._sent(func, args, told)
        if here and alone:
            shapes = [tuple(t.shape) for t in alone]
            raise AssertionError(
                f"{name} is given tensors of the host, {shapes}, and of the device"
            )
        out = func(*args, **told)
        is_made = not given or name in ("as_tensor", "tensor", "from_numpy")
        where = told.get("device")
        on_host = not here and not (is_made and where is not None and where == HERE)
        if on_host and name not in ("new_zeros", "new_ones"):
            for tensor in _tensors(out):
                self.host[tensor] = True
        return out

    def _sent(self, func: Any, args: tuple[Any, ...], told: dict[str, Any]) -> Any:
        """What is sent somewhere, as a tensor of its own: `to` gives back the same where it can."""
        places = [a for a in (*args[1:], *told.values()) if isinstance(a, torch.device | str)]
        likes = [a for a in args[1:] if isinstance(a, Tensor)]
        places += [torch.device("cpu") if like in self.host else HERE for like in likes]
        out = func(*args, **told)
        if not isinstance(out, Tensor):
            return out
        was_host = args[0] in self.host
        if places and torch.device(places[0]) == HERE:
            return out.view_as(out) if not was_host else torch.Tensor.detach(out).clone()
        if places and not was_host:
            raise AssertionError("to() copies a tensor of the device to the host")
        if was_host:
            self.host[out] = True
        return out


def _tensors(value: Any) -> list[Tensor]:
    """All tensors in nested tuples, lists and mappings."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        return _tensors(tuple(value.values()))
    if isinstance(value, tuple | list):
        return [tensor for item in value for tensor in _tensors(item)]
    return []
