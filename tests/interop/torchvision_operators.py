"""Torchvision's Python where its compiled part does not fit a torch for CPUs.

Its wheels are made for GPUs. What LeRobot takes of it (backbones, layers, crops) is Python, but it
wants two compiled operators of box detection declared before it can be imported. Nothing here runs
them, and where the compiled part loads nothing is declared.
"""

import ctypes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

_NAMES = ("nms", "qnms")


def _compiled_part_loads() -> bool:
    found = find_spec("torchvision")
    assert found is not None and found.origin is not None, "`make test-lerobot` installs it"
    try:
        ctypes.CDLL(str(next(Path(found.origin).parent.glob("_C*.so"))))
    except (OSError, StopIteration):
        return False
    return True


if not _compiled_part_loads():
    made: Any = torch.library.Library  # torch types nothing of it
    DECLARED = made("torchvision", "DEF")
    for name in _NAMES:
        DECLARED.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
