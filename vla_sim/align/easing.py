"""Easing: a value as it is, of whose gradient only a share goes back to what made it."""

from torch import Tensor


def eased(value: Tensor, share: float) -> Tensor:
    """The same value to the last bit.

    Args:
        value: Any shape.
        share: Of the gradient, in (0, 1]; 1 gives back the very tensor.
    """
    if share == 1.0 or not value.requires_grad:
        return value
    still = value.detach()
    # The difference is 0 exactly, and its gradient is 1.
    return still + share * (value - still)
