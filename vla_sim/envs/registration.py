"""Gymnasium ids. Entry points are strings: registering imports no physics."""

import gymnasium

IDS = (
    "vla_sim/Reach-v1",
    "vla_sim/Lift-v1",
    "vla_sim/DriveToGoal-v1",
    "vla_sim/ChangeLane-v1",
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


def register_all() -> None:
    """Tell Gymnasium about every task; a second call changes nothing."""
    for task_id in IDS:
        if task_id not in gymnasium.registry:
            gymnasium.register(
                id=task_id,
                entry_point="vla_sim.envs.single_env:VlaEnv",
                vector_entry_point="vla_sim.envs.vector_env:VlaVectorEnv",
                kwargs={"task_id": task_id},
                order_enforce=True,
            )
