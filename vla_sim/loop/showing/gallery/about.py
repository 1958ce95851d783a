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
            "en": (
                "Bring the fingertips to a point just above the named object, touching nothing."
            ),
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
    "PushToRegion": About(
        wanted={
            "en": (
                "Push the named object over the table into the named region, without lifting it."
            ),
            "zh": "把指定物体沿桌面推进指定区域，不得拿起。",
        },
        success={
            "en": "The object rests in the region and was never lifted.",
            "zh": "物体静止在区域内，并且从未被拿起。",
        },
    ),
    "PickPlace": About(
        wanted={
            "en": "Put the named object on the named pad.",
            "zh": "把指定物体放到指定的垫子上。",
        },
        success={
            "en": "The object stands on that pad, released and at rest.",
            "zh": "物体放在该垫子上，已松手并静止。",
        },
    ),
    "Stack": About(
        wanted={
            "en": "Put the named object on top of another named one.",
            "zh": "把指定物体叠放到另一个指定物体上。",
        },
        success={
            "en": "It stands on the other one, released and at rest.",
            "zh": "它立在另一个物体上，已松手并静止。",
        },
    ),
    "PlaceRelative": About(
        wanted={
            "en": (
                "Put the named object to the left or right of another one, in front of it or "
                "behind it, as the camera sees it."
            ),
            "zh": "以相机视角为准，把指定物体放到另一个物体的左边、右边、前面或后面。",
        },
        success={
            "en": "It stands on that side, near enough, and the other one was not moved away.",
            "zh": "它放在那一侧且距离合适，另一个物体没有被挪开。",
        },
    ),
    "SortByColour": About(
        wanted={
            "en": "Put all things of the named colour into the named tray.",
            "zh": "把指定颜色的物体全部放进指定的托盘。",
        },
        success={
            "en": "All of them lie in that tray, released.",
            "zh": "它们全部在该托盘里，已松手。",
        },
    ),
    "OpenDrawer": About(
        wanted={
            "en": "Pull out the named drawer, and no other.",
            "zh": "拉开指定的抽屉，不动别的抽屉。",
        },
        success={
            "en": "That drawer is out far enough.",
            "zh": "该抽屉拉出的距离足够。",
        },
    ),
    "CloseDrawer": About(
        wanted={
            "en": "Push in the named drawer, and no other.",
            "zh": "关上指定的抽屉，不动别的抽屉。",
        },
        success={
            "en": "That drawer is in.",
            "zh": "该抽屉已经关上。",
        },
    ),
    "PressButton": About(
        wanted={
            "en": "Press the named button down, and no other.",
            "zh": "按下指定的按钮，不碰别的按钮。",
        },
        success={
            "en": "That button is down and no other is.",
            "zh": "该按钮处于按下状态，其他按钮都没有按下。",
        },
    ),
    "TurnKnob": About(
        wanted={
            "en": "Turn the named knob clockwise or anticlockwise, as said.",
            "zh": "按要求把指定旋钮顺时针或逆时针转动。",
        },
        success={
            "en": "That knob has turned far enough in that direction.",
            "zh": "该旋钮朝该方向转过了足够的角度。",
        },
    ),
    "TracePath": About(
        wanted={
            "en": "Lead the fingertips along the named line, beginning at the named end.",
            "zh": "让指尖从指定的一端出发，沿指定的线走完。",
        },
        success={
            "en": "Every point of the line was reached in order, low over the table.",
            "zh": "线上各点都按顺序到达，且指尖贴近桌面。",
        },
    ),
    "KeepLane": About(
        wanted={
            "en": "Drive along a winding road in the named lane, past the finish.",
            "zh": "在弯曲的道路上沿指定车道行驶，驶过终点。",
        },
        success={
            "en": "The car passes the finish and has kept to that lane before it.",
            "zh": "车驶过终点，并且在此之前一直保持在该车道内。",
        },
    ),
    "TurnAtIntersection": About(
        wanted={
            "en": "Leave the crossing to the named side.",
            "zh": "在路口驶向指定的方向。",
        },
        success={
            "en": "The car drives away in the right-hand lane of that exit, straight in it.",
            "zh": "车沿该出口的右侧车道驶离，车身摆正。",
        },
    ),
    "Park": About(
        wanted={
            "en": "Park nose first in the named free bay.",
            "zh": "车头朝里停进指定的空车位。",
        },
        success={
            "en": "The car stands still in the bay, straight in it, and has touched nobody.",
            "zh": "车静止在车位内，车身摆正，没有碰到别的车。",
        },
    ),
    "StopAtLine": About(
        wanted={
            "en": "Stop just before the named line.",
            "zh": "在指定的停止线前停下。",
        },
        success={
            "en": "The car rests with its front bumper close before the line and not over it.",
            "zh": "车静止，前保险杠紧靠停止线且没有越线。",
        },
    ),
    "YieldToPedestrian": About(
        wanted={
            "en": "Let the named pedestrian cross; then drive on, or wait there, as said.",
            "zh": "让指定的行人先过；然后按要求继续行驶，或者原地等待。",
        },
        success={
            "en": (
                "Told to go: the car is beyond the crosswalk and let the pedestrian pass. Told "
                "to wait: it stood before the crosswalk until the pedestrian was across, and "
                "still stands."
            ),
            "zh": (
                "要求通过时：车已驶过人行横道，并让行人先过。要求等待时：车停在人行横道前"
                "直到行人走完，并仍然停着。"
            ),
        },
    ),
    "FollowLead": About(
        wanted={
            "en": "Follow the named vehicle, close or at a distance, as said.",
            "zh": "按要求近距离或远距离跟随指定车辆。",
        },
        success={
            "en": (
                "The car is behind it in its lane, about as fast, with the time gap that was "
                "asked for."
            ),
            "zh": "车在同一车道内跟在其后，速度相近，车间时距符合要求。",
        },
    ),
    "Slalom": About(
        wanted={
            "en": "Weave through a row of cones, passing the first on the named side.",
            "zh": "绕行一排锥桶，第一个从指定的一侧通过。",
        },
        success={
            "en": "The car is beyond the last cone and passed each on its side.",
            "zh": "车驶过最后一个锥桶，并且每个锥桶都从正确的一侧通过。",
        },
    ),
    "Overtake": About(
        wanted={
            "en": "Pass the named vehicle on the named side and return to its lane.",
            "zh": "从指定的一侧超过指定车辆，再回到它的车道。",
        },
        success={
            "en": "The car is ahead of it in its lane by a safe gap, passed on that side.",
            "zh": "车从该侧超车后回到其车道，并与后车保持安全距离。",
        },
    ),
}
"""By the name of the task's class; variants share it."""
