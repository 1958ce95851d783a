"""The table of tasks. To add one: write its file and its line here; tests follow by themselves."""

from collections.abc import Mapping
from typing import Protocol

from vla_sim.envs.robots.ur5e import UR5E_ARM
from vla_sim.envs.tasks.change_lane import ChangeLaneConfig
from vla_sim.envs.tasks.close_drawer import CloseDrawerConfig
from vla_sim.envs.tasks.drive_to_goal import DriveToGoalConfig
from vla_sim.envs.tasks.follow_lead import FollowLeadConfig
from vla_sim.envs.tasks.keep_lane import TIGHT_BEND, KeepLaneConfig
from vla_sim.envs.tasks.lift import LiftConfig
from vla_sim.envs.tasks.open_drawer import OpenDrawerConfig
from vla_sim.envs.tasks.overtake import OvertakeConfig
from vla_sim.envs.tasks.park import ParkConfig
from vla_sim.envs.tasks.pick_place import PickPlaceConfig
from vla_sim.envs.tasks.place_relative import PlaceRelativeConfig
from vla_sim.envs.tasks.press_button import PressButtonConfig
from vla_sim.envs.tasks.push_to_region import PushToRegionConfig
from vla_sim.envs.tasks.reach import ReachConfig
from vla_sim.envs.tasks.slalom import SlalomConfig
from vla_sim.envs.tasks.sort_by_colour import SortByColourConfig
from vla_sim.envs.tasks.stack import StackConfig
from vla_sim.envs.tasks.stop_at_line import StopAtLineConfig
from vla_sim.envs.tasks.trace_path import TracePathConfig
from vla_sim.envs.tasks.turn_at_intersection import TurnAtIntersectionConfig
from vla_sim.envs.tasks.turn_knob import TurnKnobConfig
from vla_sim.envs.tasks.yield_to_pedestrian import YieldToPedestrianConfig
from vla_sim.errors import BadConfig, RetiredName, UnknownName
from vla_sim.physics.engines import ENGINES
from vla_sim.protocols.task import Task


class TaskConfig(Protocol):
    """Settings that know how to build their task."""

    def build(self) -> Task:
        """The task with these settings."""
        ...


TASKS: Mapping[str, TaskConfig] = {
    "vla_sim/Reach-v1": ReachConfig(),
    "vla_sim/Lift-v1": LiftConfig(),
    "vla_sim/DriveToGoal-v1": DriveToGoalConfig(),
    "vla_sim/ChangeLane-v1": ChangeLaneConfig(),
    "vla_sim/TurnAtIntersection-v0": TurnAtIntersectionConfig(),
    "vla_sim/TurnAtIntersectionTee-v0": TurnAtIntersectionConfig(exits=("left", "right")),
    "vla_sim/Park-v0": ParkConfig(),
    "vla_sim/ParkOrdinals-v0": ParkConfig(n_bays=4, by_ordinal=True),
    "vla_sim/ParkTight-v0": ParkConfig(bay_width_m=2.9, n_bays=6),
    "vla_sim/Slalom-v0": SlalomConfig(),
    "vla_sim/SlalomClose-v0": SlalomConfig(spacing_m=(9.7, 10.1), swing_m=1.65),
    "vla_sim/SlalomCurved-v0": SlalomConfig(spacing_m=(11.0, 11.5), bow_m=(1.5, 3.0)),
    "vla_sim/DriveToGoalCluttered-v0": DriveToGoalConfig(
        n_pads=4,
        obstacle_radii_m=(0.8, 1.1, 0.6),
        obstacle_y=(-8.5, 8.5),
        obstacle_distance_m=6.3,
        horizon_s=18.0,
    ),
    "vla_sim/ChangeLaneDense-v0": ChangeLaneConfig(
        gap_m=(10.0, 14.0),
        vehicle_speed_mps=(9.8, 11.0),
        own_gap_m=(15.0, 20.0),
        own_speed_mps=(9.0, 10.0),
    ),
    "vla_sim/PressButton-v0": PressButtonConfig(),
    "vla_sim/PressButtonOrdinals-v0": PressButtonConfig(
        places=("leftmost", "second", "third", "rightmost")
    ),
    "vla_sim/OpenDrawer-v0": OpenDrawerConfig(),
    "vla_sim/OpenDrawerMany-v0": OpenDrawerConfig(n_drawers=4),
    "vla_sim/OpenDrawerSides-v0": OpenDrawerConfig(places=("left", "middle", "right")),
    "vla_sim/CloseDrawer-v0": CloseDrawerConfig(),
    "vla_sim/CloseDrawerMany-v0": CloseDrawerConfig(n_drawers=4),
    "vla_sim/CloseDrawerSides-v0": CloseDrawerConfig(places=("left", "middle", "right")),
    "vla_sim/TurnKnob-v0": TurnKnobConfig(),
    "vla_sim/TurnKnobSides-v0": TurnKnobConfig(places=("left", "right")),
    "vla_sim/TracePath-v0": TracePathConfig(),
    "vla_sim/TracePathCurvy-v0": TracePathConfig(
        n_links=12, swing_rad=(0.55, 0.75), waves=(1.1, 1.4), horizon_s=12.0
    ),
    "vla_sim/PickPlace-v0": PickPlaceConfig(),
    "vla_sim/PickPlaceMany-v0": PickPlaceConfig(n_objects=3, n_pads=3),
    "vla_sim/Stack-v0": StackConfig(),
    "vla_sim/StackMany-v0": StackConfig(n_objects=4),
    "vla_sim/PlaceRelative-v0": PlaceRelativeConfig(),
    "vla_sim/PlaceRelativeMany-v0": PlaceRelativeConfig(n_objects=4),
    "vla_sim/SortByColour-v0": SortByColourConfig(),
    "vla_sim/SortByColourMany-v0": SortByColourConfig(n_objects=5),
    "vla_sim/PushToRegion-v0": PushToRegionConfig(),
    "vla_sim/PushToRegionMany-v0": PushToRegionConfig(n_objects=3),
    "vla_sim/ReachRelations-v0": ReachConfig(descriptions="any"),
    "vla_sim/LiftRelations-v0": LiftConfig(descriptions="any"),
    "vla_sim/DriveToGoalRelations-v0": DriveToGoalConfig(descriptions="any"),
    "vla_sim/KeepLane-v0": KeepLaneConfig(),
    "vla_sim/KeepLaneTight-v0": KeepLaneConfig(line=TIGHT_BEND),
    "vla_sim/StopAtLine-v0": StopAtLineConfig(),
    "vla_sim/StopAtLineRank-v0": StopAtLineConfig(by_rank=True),
    "vla_sim/YieldToPedestrian-v0": YieldToPedestrianConfig(),
    "vla_sim/YieldToPedestrianTwo-v0": YieldToPedestrianConfig(n_pedestrians=2, horizon_s=30.0),
    "vla_sim/FollowLead-v0": FollowLeadConfig(),
    "vla_sim/FollowLeadThree-v0": FollowLeadConfig(
        n_lanes=3, vehicle_lanes=(0, 2), start_lanes=(1,)
    ),
    "vla_sim/Overtake-v0": OvertakeConfig(),
    "vla_sim/OvertakeTwo-v0": OvertakeConfig(
        vehicle_lanes=(2, 0), goals=((0, "right"), (1, "left"))
    ),
}
"""Gymnasium id to settings; the order is that of `StepTriples.task`."""

RETIRED: Mapping[str, str] = {
    "vla_sim/Reach-v0": "vla_sim/Reach-v1",
    "vla_sim/Lift-v0": "vla_sim/Lift-v1",
    "vla_sim/DriveToGoal-v0": "vla_sim/DriveToGoal-v1",
    "vla_sim/ChangeLane-v0": "vla_sim/ChangeLane-v1",
}
"""What is no longer made, and what replaces it: v0 had fewer words and one manner less."""

GUEST_TASKS: Mapping[str, TaskConfig] = {
    "vla_sim/ReachUR5e-v0": ReachConfig(robot=UR5E_ARM),
    "vla_sim/LiftUR5e-v0": LiftConfig(robot=UR5E_ARM),
}
"""Tasks for robots whose models come with an extra. Their settings do not need it, building does.
They are no part of the standard set, so triples of them are not stored."""

TASK_IDS: tuple[str, ...] = tuple(TASKS)

ENGINE_TASKS: Mapping[str, tuple[str, ...]] = {
    "pybullet": (
        "vla_sim/Reach-v1",
        "vla_sim/Lift-v1",
        "vla_sim/DriveToGoal-v1",
        "vla_sim/PushToRegion-v0",
    ),
}
"""The tasks that are declared to run on an engine, because their experts were measured there; an
engine that is not named here runs all of them."""


def check_engine(task_id: str, engine: str) -> None:
    """Let pass a task on an engine that it is declared for.

    Raises:
        UnknownName: If there is no such engine.
        BadConfig: If the task is not declared; the error lists those that are.
    """
    if engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    declared = ENGINE_TASKS.get(engine)
    if declared is not None and task_id not in declared:
        listed = ", ".join(declared)
        raise BadConfig(f"{task_id} is not declared to run on {engine}; there are {listed}")


def make_task(task_id: str) -> Task:
    """Build the task called `task_id`.

    Raises:
        UnknownName: If there is no such task.
        MissingExtra: If its robot's model is not installed.
    """
    if task_id in RETIRED:
        raise RetiredName("task", task_id, RETIRED[task_id])
    known = {**TASKS, **GUEST_TASKS}
    if task_id not in known:
        raise UnknownName("task", task_id, known)
    return known[task_id].build()
