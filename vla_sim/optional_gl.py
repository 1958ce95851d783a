"""Optional GL: mujoco can be imported whatever MUJOCO_GL says.

mujoco chooses its GL when it is imported, and where MUJOCO_GL names one that does not load (or none
that it knows) its import fails, and with it everything that never wanted a picture by GL. With this
finder in place only that choice fails, and only where it is used. Our own GL renderer chooses for
itself, later, and says what to install.
"""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_CHOICE = "mujoco.rendering.classic.gl_context"
_FAILURES = (RuntimeError, ImportError, AttributeError, OSError, TypeError)
"""MuJoCo's own refusal, and what PyOpenGL makes of a missing library."""


class OptionalGl(MetaPathFinder):
    """Finds mujoco's choice of a GL, and loads it by `_Optional`; leaves all else to others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder`."""
        if fullname != _CHOICE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Optional(spec.loader.name, spec.loader.path)
        return spec


class _Optional(SourceFileLoader):
    """Loads the module; where that fails, its GL context raises what went wrong when it is made."""

    def exec_module(self, module: ModuleType) -> None:
        platform = os.environ.get("PYOPENGL_PLATFORM")
        try:
            super().exec_module(module)
        except _FAILURES as error:
            vars(module)["GLContext"] = _missing(error)
            if platform is None:  # mujoco.osmesa sets it, and another backend would trip over it
                os.environ.pop("PYOPENGL_PLATFORM", None)


def _missing(reason: Exception) -> type:
    class GLContext:
        """Stands where mujoco found no GL."""

        def __init__(self, *_: object) -> None:
            asked = os.environ.get("MUJOCO_GL", "")
            raise ImportError(f"the GL that MUJOCO_GL={asked!r} names does not load: {reason}")

    return GLContext


def make_gl_optional() -> None:
    """Put the finder in place, once."""
    if not any(isinstance(finder, OptionalGl) for finder in sys.meta_path):
        sys.meta_path.insert(0, OptionalGl())
