"""One simulation as a plain Gymnasium environment: the batch with n = 1."""

from typing import Any, NoReturn

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

from vla_sim.envs.axes import asked_shift
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.faces.making import (
    RENDER_MODES,
    checked_render_mode,
    limit_steps,
    metadata_of,
    with_horizon,
)
from vla_sim.envs.faces.observation_modes import Seen, make_mode, row_of
from vla_sim.envs.faces.reset_request import asked_of_one
from vla_sim.envs.faces.sensed_info import sensed_info
from vla_sim.envs.faces.spaces import action_space
from vla_sim.envs.faces.vector_env import step_info
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.errors import BadAction, NotCopyable, ResetNeeded
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.seed import checked_seed

_ONLY = np.zeros(1, dtype=np.int64)


class VlaEnv(gymnasium.Env[Any, Any]):
    """One episode at a time of one task; made by `gymnasium.make`.

    Args:
        task_id: One of the registered ids; or a task of your own, as "module:name" or
            "path/to/file.py:name".
        renderer: Name of the picture backend.
        image_size: Height and width of the pictures [px].
        axis: A domain axis along which all episodes leave the training distribution.
        severity: How far along it, 1 to 3; 0 where no axis is named.
        obs_mode: What observations look like, see `observation_modes`.
        max_episode_steps: Steps after which an episode is truncated, the task's horizon at most.
            `gymnasium.make` keeps this argument to itself and wraps a TimeLimit around.
        render_mode: "rgb_array" or None.

    Raises:
        UnknownName: If there is no such task, renderer, axis, observation mode or render mode.
        BadConfig: If an argument is out of range, or an axis has no severity.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": list(RENDER_MODES),
        "render_fps": 20,
    }

    def __init__(
        self,
        task_id: str,
        *,
        renderer: str = "raycast",
        image_size: int = 64,
        obs_mode: str = "native",
        axis: str = "",
        severity: int = 0,
        max_episode_steps: int | None = None,
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.render_mode = checked_render_mode(render_mode)
        self.shift = asked_shift(axis, severity)
        config = CrankConfig(renderer=renderer, image_size=image_size)
        self.crank = Crank(task_id, 1, crank_config_for(self.shift, config))
        limit_steps(self.crank, max_episode_steps)
        self.metadata = metadata_of(self.crank)
        self.mode = make_mode(obs_mode, self.crank)
        self.observation_space = self.mode.space
        self.action_space = action_space(self.crank.embodiment)
        self._spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """What this was made from; its `max_episode_steps` is where episodes are truncated."""
        return self._spec

    @spec.setter
    def spec(self, made_from: EnvSpec | None) -> None:
        self._spec = with_horizon(made_from, self.crank)

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
            seed: Determines the episode, and with it those that are started after it without a
                seed; a whole number from 0 to 2**63 - 1.
            options: {"spec": EpisodeSpec} starts exactly that episode.

        Raises:
            BadConfig: If seed or spec cannot be run here; nothing has moved then.
            UnknownName: If there is no such option.
        """
        spec = asked_of_one(options)
        if seed is not None:
            seed = checked_seed(seed)
        super().reset(seed=seed)
        if spec is None:
            if seed is None:
                seed = TRAIN_SEEDS_FROM + int(self.np_random.integers(2**40))
            spec = self.spec_of(seed)
        self.crank.start(_ONLY, [spec])
        return self._observe(), {"is_success": False, **self._told()}

    def step(self, action: NDArray[np.float32]) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """One control step.

        Raises:
            ResetNeeded: Before the first episode.
            BadAction: If the shape is wrong or a value is not finite; nothing has moved then.
        """
        self._check_started("step()")
        expected = self.action_space.shape
        if np.shape(action) != expected:
            raise BadAction(
                f"{self.task} wants an action of shape {expected}, not {np.shape(action)}"
            )
        result = self.crank.step(np.asarray(action)[None])
        info = {name: values[0].item() for name, values in step_info(result).items()}
        info |= self._told()
        return (
            self._observe(),
            float(result.reward[0]),
            bool(result.terminated[0]),
            bool(result.truncated[0]),
            info,
        )

    def spec_of(self, seed: int) -> EpisodeSpec:
        """The episode that a seed stands for here; what draws otherwise overrides it."""
        axis, severity = self.shift.axis, self.shift.severity
        return draw_spec(self.crank.task_id, seed, axis=axis, severity=severity)

    def render(self) -> NDArray[np.uint8] | None:
        """The camera's picture, uint8 (h, w, 3); None where the render mode is.

        Raises:
            ResetNeeded: Before the first episode.
        """
        if self.render_mode is None:
            return None
        self._check_started("render()")
        picture: NDArray[np.uint8] = self.crank.view.rgb(_ONLY)[0]
        return picture

    def __reduce__(self) -> NoReturn:
        """Refused: running physics has no copy.

        Raises:
            NotCopyable: Always.
        """
        raise NotCopyable(
            "an environment",
            "make another with the same arguments, give its reset the same seed or"
            " options={'spec': env.unwrapped.crank.specs[0]}, and repeat the actions: that gives"
            " the same episode to the last bit",
        )

    def _check_started(self, asked: str) -> None:
        if self.crank.specs[0] is None:
            raise ResetNeeded(asked)

    def _told(self) -> dict[str, Any]:
        sensed = {name: values[0] for name, values in sensed_info(self.crank, _ONLY).items()}
        return {"instruction": self.task_description, **sensed}

    def _observe(self) -> Seen:
        return row_of(self.mode.see(_ONLY), 0)
