"""How this room's kernels are compiled: without the GIL, IEEE arithmetic, no own threads."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def kernel(function: Kernel) -> Kernel:
    """Compile a part of a kernel.

    No fast-math: sums keep their order, so that a picture is the same on every machine that has
    IEEE floats. Numpy's error model, because a ray parallel to a face divides by zero on purpose.
    """
    return cast(Kernel, njit(nogil=True, error_model="numpy")(function))


def entry(function: Kernel) -> Kernel:
    """Compile a kernel that Python calls, and keep the machine code on disk."""
    return cast(Kernel, njit(nogil=True, error_model="numpy", cache=True)(function))
