from dataclasses import dataclass
from enum import StrEnum

class FeatureType(StrEnum):
    STATE = "STATE"
    VISUAL = "VISUAL"
    ENV = "ENV"
    ACTION = "ACTION"

@dataclass
class PolicyFeature:
    type: FeatureType
    shape: tuple[int, ...]
