"""MuJoCo Menagerie models that are on this machine already: found, never fetched."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from vla_sim.errors import BadConfig

_SENTINEL = ".complete"
"""What the package mujoco-menagerie writes into a model's folder when the model is whole."""


def menagerie_path(name: str, environment: Mapping[str, str] | None = None) -> Path:
    """The folder of a Menagerie model, e.g. "universal_robots_ur5e".

    It is looked for where the package mujoco-menagerie looks: in MENAGERIE_ROOT, a clone of the
    Menagerie, where that is set; else in the package's cache.

    Args:
        name: The model's folder in the Menagerie.
        environment: Environment variables; this process's where None.

    Returns:
        The folder that holds its MJCF.

    Raises:
        BadConfig: If it is not there; the error says where it was looked for, what there is, and
            how to get it. Nothing is downloaded.
    """
    env = os.environ if environment is None else environment
    root = env.get("MENAGERIE_ROOT")
    if root:
        place = Path(root)
        found = {p.name: p for p in _folders(place) if any(p.glob("*.xml"))}
    else:
        place = _cache(env) / "models"
        whole = [p for p in _folders(place) if (p / _SENTINEL).is_file()]
        # Of several versions of a model the last one that was fetched.
        whole.sort(key=lambda p: p.stat().st_mtime)
        found = {re.sub(r"-[0-9a-f]{16}$", "", p.name): p for p in whole}
    if name not in found:
        there = ", ".join(sorted(found)) or "none"
        raise BadConfig(
            f"no Menagerie model {name!r} in {place}; there are: {there}. Set MENAGERIE_ROOT to a"
            " clone of MuJoCo Menagerie, or, with a network, fetch the model once:"
            f" pip install mujoco-menagerie; python -m mujoco_menagerie prefetch {name}"
        )
    return found[name]


def _folders(place: Path) -> list[Path]:
    return sorted(p for p in place.iterdir() if p.is_dir()) if place.is_dir() else []


def _cache(env: Mapping[str, str]) -> Path:
    """Where the package keeps what it fetched."""
    if env.get("MENAGERIE_CACHE_DIR"):
        return Path(env["MENAGERIE_CACHE_DIR"])
    if sys.platform == "win32":
        local = env.get("LOCALAPPDATA") or Path.home() / "AppData/Local"
        return Path(local) / "mujoco_menagerie" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/mujoco_menagerie"
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mujoco_menagerie"
