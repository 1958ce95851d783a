"""Manners of the car: what an adverb asks of its motion, for each kind of driving."""

from dataclasses import replace
from functools import partial

from vla_sim.records.manner import Manner, MannerProfile

_STILL_M_S = 0.2
_lengthwise = partial(MannerProfile, motion_group="longitudinal", still_speed=_STILL_M_S)
_planar = partial(MannerProfile, motion_group="planar", still_speed=_STILL_M_S)

CAR_MANNERS: dict[Manner, MannerProfile] = {
    "normal": _lengthwise(
        velocity=2.8,
        acceleration=1.6,
        jerk=4.0,
        typical_speed_band=(1.6, 3.0),
        peak_acceleration=2.4,
        peak_jerk=8.0,
    ),
    "slowly": _lengthwise(
        velocity=1.9,
        acceleration=1.0,
        jerk=2.5,
        typical_speed_band=(1.0, 2.1),
        peak_acceleration=1.6,
        peak_jerk=6.0,
    ),
    "quickly": _lengthwise(
        velocity=7.0,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(1.6, 7.2),
        peak_acceleration=4.05,
        peak_jerk=12.0,
    ),
    "smoothly": _lengthwise(
        velocity=2.8,
        acceleration=0.9,
        jerk=1.2,
        typical_speed_band=(1.4, 3.0),
        peak_acceleration=1.2,
        peak_jerk=2.0,
    ),
    "gently": _lengthwise(
        velocity=2.2,
        acceleration=0.7,
        jerk=1.0,
        typical_speed_band=(1.1, 2.4),
        peak_acceleration=1.0,
        peak_jerk=1.8,
    ),
}
"""For driving some 20 m from rest, around obstacles, and stopping there."""

STREET_MANNERS: dict[Manner, MannerProfile] = {
    "normal": replace(CAR_MANNERS["normal"], velocity=4.5, typical_speed_band=(3.0, 4.8)),
    "slowly": replace(CAR_MANNERS["slowly"], velocity=3.0, typical_speed_band=(2.0, 3.2)),
    "quickly": replace(CAR_MANNERS["quickly"], typical_speed_band=(3.6, 7.2)),
    "smoothly": replace(CAR_MANNERS["smoothly"], velocity=4.5, typical_speed_band=(2.4, 4.8)),
    "gently": replace(CAR_MANNERS["gently"], velocity=3.6, typical_speed_band=(2.0, 3.8)),
}
"""For driving through bends at the pace of a side street, otherwise as above."""

ROAD_MANNERS: dict[Manner, MannerProfile] = {
    "normal": _planar(
        velocity=8.0,
        acceleration=2.0,
        jerk=4.0,
        typical_speed_band=(7.0, 9.0),
        peak_acceleration=3.0,
        peak_jerk=8.0,
    ),
    "slowly": _planar(
        velocity=6.0,
        acceleration=1.5,
        jerk=3.0,
        typical_speed_band=(5.0, 7.2),
        peak_acceleration=2.4,
        peak_jerk=6.0,
    ),
    "quickly": _planar(
        velocity=10.5,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(8.8, 11.5),
        peak_acceleration=4.05,
        peak_jerk=12.0,
    ),
    "smoothly": _planar(
        velocity=8.0,
        acceleration=1.0,
        jerk=1.2,
        typical_speed_band=(7.0, 9.0),
        peak_acceleration=1.3,
        peak_jerk=2.4,
    ),
    "gently": _planar(
        velocity=7.0,
        acceleration=0.9,
        jerk=1.0,
        typical_speed_band=(6.0, 8.0),
        peak_acceleration=1.2,
        peak_jerk=2.2,
    ),
}
"""For driving along a road at speed: sideways acceleration and jerk count too."""

TOWN_MANNERS: dict[Manner, MannerProfile] = {
    "normal": _planar(
        velocity=5.0,
        acceleration=1.8,
        jerk=4.0,
        typical_speed_band=(2.8, 5.4),
        peak_acceleration=2.7,
        peak_jerk=8.0,
    ),
    "slowly": _planar(
        velocity=3.4,
        acceleration=1.2,
        jerk=3.0,
        typical_speed_band=(1.8, 3.8),
        peak_acceleration=2.0,
        peak_jerk=6.0,
    ),
    "quickly": _planar(
        velocity=7.0,
        acceleration=2.4,
        jerk=6.0,
        typical_speed_band=(3.2, 7.4),
        peak_acceleration=4.05,
        peak_jerk=12.0,
    ),
    "smoothly": _planar(
        velocity=5.0,
        acceleration=0.9,
        jerk=1.2,
        typical_speed_band=(2.2, 5.4),
        peak_acceleration=1.3,
        peak_jerk=2.4,
    ),
    "gently": _planar(
        velocity=4.2,
        acceleration=0.8,
        jerk=1.0,
        typical_speed_band=(2.0, 4.6),
        peak_acceleration=1.1,
        peak_jerk=2.0,
    ),
}
"""For driving along a road in town, up to where one has to stop."""

FOLLOWING_MANNERS: dict[Manner, MannerProfile] = {
    "normal": replace(ROAD_MANNERS["normal"], velocity=7.2, typical_speed_band=(3.4, 7.6)),
    "slowly": replace(ROAD_MANNERS["slowly"], typical_speed_band=(3.2, 6.4)),
    "quickly": replace(ROAD_MANNERS["quickly"], typical_speed_band=(3.4, 11.0)),
    "smoothly": replace(ROAD_MANNERS["smoothly"], velocity=7.2, typical_speed_band=(3.4, 7.6)),
    "gently": replace(ROAD_MANNERS["gently"], velocity=6.6, typical_speed_band=(3.4, 7.0)),
}
"""For closing up to somebody slower: how fast it goes most of the time is the leader's affair."""
