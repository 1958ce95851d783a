"""LeRobot without its torchvision."""

from tests.interop import torchvision_stand_in

__all__ = ["torchvision_stand_in"]
