"""One simulation as a plain Gymnasium environment: the batch with n = 1."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.faces.observation_modes import Seen, make_mode, row_of
from vla_sim.envs.faces.spaces import action_space
from vla_sim.envs.faces.vector_env import step_info
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.shift import Shift

_ONLY = np.zeros(1, dtype=np.int64)


class VlaEnv(gymnasium.Env[Any, Any]):
    """One episode at a time of one task; made by `gymnasium.make`.

    Args:
        task_id: One of the registered ids.
        renderer: Name of the picture backend.
        image_size: Height and width of the pictures [px].
        axis: A domain axis along which all episodes leave the training distribution.
        severity: How far along it, 0 (as in training) to 3.
        render_mode: "rgb_array" or None.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        task_id: str,
        *,
        renderer: str = "raycast",
        image_size: int = 64,
        obs_mode: str = "native",
        axis: str = "",
        severity: int = 0,
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.shift = Shift(axis=axis, severity=severity)
        config = CrankConfig(renderer=renderer, image_size=image_size)
        self.crank = Crank(task_id, 1, crank_config_for(self.shift, config))
        body = self.crank.embodiment
        self.render_mode = render_mode
        self.metadata = {**type(self).metadata, "render_fps": round(1 / body.control_dt_s)}
        self.mode = make_mode(obs_mode, self.crank)
        self.observation_space = self.mode.space
        self.action_space = action_space(body)

    @property
    def task_description(self) -> str:
        """The instruction of the present episode."""
        shown = self.crank.shown[0]
        return "" if shown is None else shown.text

    @property
    def task(self) -> str:
        """Id of the task."""
        return self.crank.task_id

    @property
    def _max_episode_steps(self) -> int:
        """The horizon, under the name that LeRobot reads."""
        return self.crank.horizon_steps

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Determines the episode.
            options: {"spec": EpisodeSpec} starts exactly that episode.
        """
        super().reset(seed=seed)
        if seed is None:
            seed = TRAIN_SEEDS_FROM + int(self.np_random.integers(2**40))
        spec: EpisodeSpec = (options or {}).get("spec") or draw_spec(
            self.crank.task_id, seed, axis=self.shift.axis, severity=self.shift.severity
        )
        self.crank.start(_ONLY, [spec])
        return self._observe(), {"is_success": False, "instruction": self.task_description}

    def step(self, action: NDArray[np.float32]) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """One control step."""
        result = self.crank.step(np.asarray(action)[None])
        info = {name: values[0].item() for name, values in step_info(result).items()}
        info["instruction"] = self.task_description
        return (
            self._observe(),
            float(result.reward[0]),
            bool(result.terminated[0]),
            bool(result.truncated[0]),
            info,
        )

    def render(self) -> NDArray[np.uint8] | None:
        """The camera's picture."""
        return self.crank.view.rgb(_ONLY)[0] if self.render_mode == "rgb_array" else None

    def _observe(self) -> Seen:
        return row_of(self.mode.see(_ONLY), 0)
