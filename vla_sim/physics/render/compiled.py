"""How this room's kernels are compiled: without the GIL, IEEE arithmetic, no own threads."""

import warnings
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
    """Compile a kernel that Python calls, and keep the machine code on disk if that is possible."""
    try:
        return cast(Kernel, njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError as error:
        warnings.warn(
            f"numba has no folder to keep machine code in, every process compiles anew ({error});"
            " set NUMBA_CACHE_DIR to a folder that you may write to",
            RuntimeWarning,
            stacklevel=2,
        )
        return kernel(function)
