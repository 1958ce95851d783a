"""Torchvision where it is not installed, since it pins torch: LeRobot needs one function of it."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import torch


class ToTensor:
    """A picture (h, w, 3) as float32 (3, h, w) in [0, 1], like torchvision's."""

    def __call__(self, picture: Any) -> torch.Tensor:
        pixels = torch.from_numpy(np.array(picture, dtype=np.uint8))
        return pixels.permute(2, 0, 1).contiguous().float() / 255.0


def stand_in(name: str, **contents: Any) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(contents)
    sys.modules[name] = module
    return module


if find_spec("torchvision") is None:
    import_module("datasets")  # which looks for torchvision too, and is right to find none
    functional = stand_in("torchvision.transforms.v2.functional")
    v2 = stand_in("torchvision.transforms.v2", Transform=torch.nn.Module, functional=functional)
    cropping = stand_in("torchvision.transforms.functional")
    transforms = stand_in(
        "torchvision.transforms", v2=v2, functional=cropping, ToTensor=ToTensor, __path__=[]
    )
    stand_in("torchvision", transforms=transforms, __path__=[])
