"""How kernels are compiled, all of them: without the GIL, IEEE arithmetic, no own threads."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., object])


OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
"""No fast-math: sums keep their order, so that a picture is the same on every machine that has IEEE
floats. Numpy's error model, because a ray parallel to a face divides by zero on purpose."""


def kernel(function: Kernel) -> Kernel:
    """Compile a part of a kernel, which Python cannot call: wrappers take a third of the time."""
    wrapped: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(Kernel, njit(**OPTIONS, **wrapped)(function))


def entry(function: Kernel) -> Kernel:
    """Compile a kernel that Python calls, and keep the machine code on disk if that is possible."""
    try:
        return cast(Kernel, njit(**OPTIONS, cache=True)(function))
    except RuntimeError:  # numba's, where none of its folders can be written
        _say_that_nothing_is_kept()
        return cast(Kernel, njit(**OPTIONS)(function))


@functools.cache
def _say_that_nothing_is_kept() -> None:
    """Once in a process, not once for every kernel."""
    warnings.warn(
        "numba has no folder to keep machine code in, so every process compiles anew, which can "
        "take minutes; set NUMBA_CACHE_DIR to a folder that you may write to",
        RuntimeWarning,
        stacklevel=3,
    )
