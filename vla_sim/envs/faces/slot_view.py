"""One simulation of a batch, as an environment that can be asked but not turned."""

from typing import Any, NoReturn

import gymnasium
import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.errors import BadConfig, ResetNeeded


class SlotView(gymnasium.Env[Any, Any]):
    """What tools read of `envs[i]`: its instruction, its task, its picture.

    It holds nothing of its own but what `set_attr` put there.
    """

    def __init__(self, batch: VectorEnv[Any, Any, Any], crank: Crank, slot: int) -> None:
        self._batch = batch
        self._crank = crank
        self._slot = slot
        self.metadata = batch.metadata
        self.render_mode = batch.render_mode
        self.observation_space = batch.single_observation_space
        self.action_space = batch.single_action_space

    @property
    def task_description(self) -> str:
        """The instruction of the present episode."""
        shown = self._crank.shown[self._slot]
        return "" if shown is None else shown.text

    @property
    def task(self) -> str:
        """Id of the task."""
        return self._crank.task_id

    @property
    def _max_episode_steps(self) -> int:
        """The horizon, under the name that LeRobot reads."""
        return self._crank.horizon_steps

    def render(self) -> NDArray[np.uint8] | None:
        """The camera's picture, uint8 (h, w, 3).

        Raises:
            ResetNeeded: Before the first episode.
        """
        if self.render_mode is None:
            return None
        if self._crank.specs[self._slot] is None:
            raise ResetNeeded("render()")
        picture: NDArray[np.uint8] = self._crank.view.rgb(np.array([self._slot]))[0]
        return picture

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> NoReturn:
        """Refused: the batch restarts its simulations.

        Raises:
            BadConfig: Always.
        """
        raise BadConfig(
            f"simulation {self._slot} restarts with its batch: call the batch's"
            " reset(options={'reset_mask': ...})"
        )

    def step(self, action: Any) -> NoReturn:
        """Refused: all simulations of a batch turn together.

        Raises:
            BadConfig: Always.
        """
        raise BadConfig(f"simulation {self._slot} turns with its batch: call the batch's step()")
