"""What each task is about, in both languages: the prose of the gallery.

Numbers are not here: they are read from the settings and printed beside the prose.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vla_sim.records.instruction import Language


@dataclass(frozen=True, kw_only=True)
class About:
    """One task in prose."""

    wanted: Mapping[Language, str]
    """What is asked for."""
    success: Mapping[Language, str]
    """When it counts as done."""


ABOUT: Mapping[str, About] = {
    "Reach": About(
        wanted={
            "en": "Bring the fingertips to a point just above the named object, touching nothing.",
            "zh": "把指尖移到指定物体正上方的一点，什么也不碰。",
        },
        success={
            "en": "The fingertips stay near that point.",
            "zh": "指尖停在该点附近。",
        },
    ),
    "Lift": About(
        wanted={
            "en": "Pick the named object up from the table.",
            "zh": "把指定物体从桌上拿起来。",
        },
        success={
            "en": "The object's lowest point is well above the table.",
            "zh": "物体的最低点明显高于桌面。",
        },
    ),
    "DriveToGoal": About(
        wanted={
            "en": "Drive around the posts and stop on the named pad.",
            "zh": "绕开立柱，把车停在指定的标记上。",
        },
        success={
            "en": "The car's centre is on the pad and the car is nearly at rest.",
            "zh": "车的中心在标记上，车几乎静止。",
        },
    ),
    "ChangeLane": About(
        wanted={
            "en": "Move into the lane that was named, by its side or by the vehicle in it.",
            "zh": "变到指定的车道：按左右说，或按车道里的车辆说。",
        },
        success={
            "en": "The car is in the middle of that lane and straight in it.",
            "zh": "车位于该车道中央，车身摆正。",
        },
    ),
}
"""By the name of the task's class; variants share it."""
