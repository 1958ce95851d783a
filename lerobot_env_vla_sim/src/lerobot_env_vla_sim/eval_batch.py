"""The batch as LeRobot's loop turns it, from 0.6 on: every simulation runs one episode and waits.

LeRobot goes on until the last episode of the batch is over and looks at the first end of each. A
batch that restarts by itself would draw scenes that nobody counts, and an episode whose condition
holds for a moment would be taken for a success: that loop reads `is_success` at any step.
"""

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from lerobot_env_vla_sim.scenes import Scenes
from vla_sim.envs.faces.observation_modes import Seen
from vla_sim.envs.faces.reset_request import Seeds
from vla_sim.envs.faces.vector_env import VlaVectorEnv, step_info
from vla_sim.errors import ResetNeeded
from vla_sim.records.episode import EpisodeSpec

NEW_ROLLOUT = "lerobot_new_rollout"
"""What LeRobot puts into the options of a reset. Here every reset begins new episodes."""


class EvalBatch(VlaVectorEnv):
    """n episodes of one task, begun together and each run once.

    A simulation whose episode is over stands still: its actions count as zero, its reward is 0, it
    stays `terminated` or `truncated`, and `is_success` stays what it was at the episode's end.

    Args:
        task_id: As `VlaVectorEnv`.
        num_envs: Number of simulations.
        scenes: Which episode a seed stands for.
        settings: What else `VlaVectorEnv` takes.

    Raises:
        UnknownName: If there is no such task or renderer.
        BadConfig: If an argument is out of range.
    """

    def __init__(self, task_id: str, num_envs: int, *, scenes: Scenes, **settings: Any) -> None:
        super().__init__(
            task_id,
            num_envs,
            obs_mode="lerobot",
            axis=scenes.axis,
            severity=scenes.severity,
            **settings,
        )
        self.scenes = scenes
        self.metadata = {**self.metadata, "autoreset_mode": AutoresetMode.DISABLED}
        self._terminated = np.zeros(num_envs, dtype=bool)
        self._truncated = np.zeros(num_envs, dtype=bool)
        self._succeeded = np.zeros(num_envs, dtype=bool)

    def spec_of(self, seed: int) -> EpisodeSpec:
        """The benchmark's episode of a seed."""
        return self.scenes.spec(self.crank.task_id, seed)

    def reset(
        self, *, seed: Seeds = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, dict[str, Any]]:
        """Start an episode in every simulation, or in those that a mask chooses.

        Args:
            seed: As `VlaVectorEnv.reset`.
            options: As `VlaVectorEnv.reset`; LeRobot's own is passed over.

        Raises:
            BadConfig: If seeds, specs or mask cannot be run here; nothing has moved then.
            UnknownName: If there is no such option.
            ResetNeeded: If a mask leaves a simulation without its first episode.
        """
        ours = {name: asked for name, asked in (options or {}).items() if name != NEW_ROLLOUT}
        seen, info = super().reset(seed=seed, options=ours)
        started = info["_is_success"]
        for latched in (self._terminated, self._truncated, self._succeeded):
            latched[started] = False
        return seen, info

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Seen, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control step of every simulation whose episode is not over.

        Raises:
            ResetNeeded: Before the first episodes.
            BadAction: If the shape is wrong or a value is not finite; nothing has moved then.
        """
        if any(spec is None for spec in self.crank.specs):
            raise ResetNeeded("step()")
        over = self._terminated | self._truncated
        self.crank.checked(actions)
        result = self.crank.step(np.where(over[:, None], np.float32(0), actions))
        self._terminated |= result.terminated & ~over
        self._truncated |= result.truncated & ~over
        ended = (self._terminated | self._truncated) & ~over
        self._succeeded |= result.success & ended
        info: dict[str, Any] = step_info(result) | {"is_success": self._succeeded.copy()}
        info |= {f"_{name}": np.ones_like(over) for name in info}
        if ended.any():  # where LeRobot up to 0.5 looks
            info["final_info"] = {"is_success": self._succeeded & ended}
            info["_final_info"] = ended
        return (
            self.mode.see(np.arange(self.num_envs)),
            np.where(over, 0.0, result.reward),
            self._terminated.copy(),
            self._truncated.copy(),
            info,
        )
