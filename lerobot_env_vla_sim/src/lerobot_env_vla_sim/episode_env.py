"""One simulation for LeRobot's loop, up to 0.5: it puts Gymnasium's own batch around several."""

from typing import Any

import gymnasium

from lerobot_env_vla_sim.scenes import Scenes
from vla_sim.envs.faces.single_env import VlaEnv
from vla_sim.records.episode import EpisodeSpec

ID = "lerobot_env_vla_sim/Task-v0"
"""Gymnasium's id of it, for whatever task its arguments name."""


class EpisodeEnv(VlaEnv):
    """`VlaEnv` in LeRobot's observation mode, with the scenes of `vla-sim bench`.

    Args:
        task_id: As `VlaEnv`.
        scenes: Which episode a seed stands for.
        settings: What else `VlaEnv` takes.

    Raises:
        UnknownName: If there is no such task or renderer.
        BadConfig: If an argument is out of range.
    """

    def __init__(self, task_id: str, *, scenes: Scenes, **settings: Any) -> None:
        super().__init__(
            task_id, obs_mode="lerobot", axis=scenes.axis, severity=scenes.severity, **settings
        )
        self.scenes = scenes

    def spec_of(self, seed: int) -> EpisodeSpec:
        """The benchmark's episode of a seed."""
        return self.scenes.spec(self.crank.task_id, seed)


def register() -> None:
    """Tell Gymnasium about it; a second call changes nothing.

    No wrapper is asked for: each hides `task_description`, where LeRobot reads the instruction.
    """
    if ID not in gymnasium.registry:
        gymnasium.register(
            id=ID,
            entry_point=f"{__name__}:EpisodeEnv",
            order_enforce=False,
            disable_env_checker=True,
        )
