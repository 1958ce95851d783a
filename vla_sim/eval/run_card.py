"""Run card: what has to be known to get the same number again."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vla_sim import version as own_version
from vla_sim.envs.tasks import settings_of
from vla_sim.eval.protocol import OWN_TASK, Protocol
from vla_sim.foreign import is_foreign
from vla_sim.physics.cores import usable_cores

PACKAGES = (
    "vla-sim",
    "numpy",
    "scipy",
    "mujoco",
    "numba",
    "gymnasium",
    "torch",
    "transformers",
    "stable-baselines3",
    "ruckig",
    "pyarrow",
    "pillow",
)
THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "LP_NUM_THREADS",
)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Where an object lies in this process, as Python writes it."""


def run_card(
    *, protocol: Protocol, seed: int | None = None, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Versions, machine, commit, threads and protocol as lines of text; imports nothing heavy.

    Tasks of the user's own are in it with their settings, since no version of ours tells those.

    Args:
        protocol: How the numbers beside this card were measured.
        seed: Seed of training, where there was one.
        extra: More lines, e.g. {"renderer/self_test": "ok"}; they win over ours.
    """
    listed = f"as the condition set {protocol.conditions} lists them"
    counted = f"{protocol.seeds.start} to {protocol.seeds.stop - 1} a task and arm"
    card = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": str(usable_cores()),
        "commit": commit(Path(own_version.__file__).parent) or "not in its git tree",
        "renderer": protocol.renderer,
        "engine": protocol.engine,
        "seeds/evaluation": listed if protocol.conditions else counted,
    }
    if seed is not None:
        card["seeds/training"] = str(seed)
    for package in PACKAGES:
        try:
            card[f"version/{package}"] = version(package)
        except PackageNotFoundError:
            card[f"version/{package}"] = "not installed"
    for name in THREAD_SETTINGS:
        card[f"threads/{name}"] = os.environ.get(name, "not set")
    card |= own_task_lines(protocol.tasks)
    if "torch" in sys.modules:
        card["threads/torch"] = str(sys.modules["torch"].get_num_threads())
    return {**card, **protocol.card, **(extra or {})}


def own_task_lines(task_ids: Iterable[str]) -> dict[str, str]:
    """{"task/<id>": its settings} of the tasks that are the user's own."""
    own = filter(is_foreign, task_ids)
    return {f"{OWN_TASK}{task_id}": _said(settings_of(task_id)) for task_id in own}


def _said(settings: object) -> str:
    kind = type(settings)
    return _text(settings) if is_dataclass(settings) else f"{kind.__module__}:{kind.__qualname__}"


def _text(value: object) -> str:
    """A value as every process writes it: no function by its place in memory, no set at random."""
    if is_dataclass(value) and not isinstance(value, type):
        held = (f"{f.name}={_text(getattr(value, f.name))}" for f in fields(value) if f.repr)
        return f"{type(value).__qualname__}({', '.join(held)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(k)}: {_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_text, value))})"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(_text, value)))}}}"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    return _ADDRESS.sub("", repr(value))


def commit(package: Path) -> str | None:
    """The commit that the package's own source tree is at, "+ changes" if its files differ.

    None outside a git tree, without git, or when the tree around the package is someone else's,
    as it is for a package installed into a virtual environment inside another project.
    """
    top = _git(package, "rev-parse", "--show-toplevel")
    head = _git(package, "rev-parse", "HEAD")
    if top is None or head is None or Path(top).resolve() != package.resolve().parent:
        return None
    return f"{head} + changes" if _git(package, "status", "--porcelain", "--", ".") else head


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
