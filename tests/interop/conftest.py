"""LeRobot with torchvision's Python."""

from tests.interop import torchvision_operators

__all__ = ["torchvision_operators"]
