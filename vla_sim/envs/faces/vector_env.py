"""The batch as a Gymnasium vector environment.

Autoreset is SAME_STEP: the step that ends an episode returns the next episode's first observation,
and the last one of the old episode in `info["final_obs"]`. No action is ever ignored.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank, CrankConfig, StepResult, crank_config_for
from vla_sim.envs.faces.observation_modes import Seen, make_mode, row_of, with_rows
from vla_sim.envs.faces.spaces import action_space
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.errors import BadConfig, UnknownName
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.shift import Shift


class VlaVectorEnv(VectorEnv[Seen, NDArray[np.float32], NDArray[Any]]):
    """n episodes of one task at once; made by `gymnasium.make_vec`.

    Args:
        task_id: One of the registered ids.
        num_envs: Number of simulations.
        renderer: Name of the picture backend.
        image_size: Height and width of the pictures [px].
        axis: A domain axis along which all episodes leave the training distribution.
        severity: How far along it, 0 (as in training) to 3.
        n_threads: Threads for physics and pictures.
        obs_mode: What observations look like, see `observation_modes`.
        render_mode: "rgb_array" or None.
    """

    def __init__(
        self,
        task_id: str,
        num_envs: int = 1,
        *,
        renderer: str = "raycast",
        image_size: int = 64,
        axis: str = "",
        severity: int = 0,
        n_threads: int = 1,
        obs_mode: str = "native",
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.shift = Shift(axis=axis, severity=severity)
        config = CrankConfig(renderer=renderer, image_size=image_size, n_threads=n_threads)
        self.crank = Crank(task_id, num_envs, crank_config_for(self.shift, config))
        body = self.crank.embodiment
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.metadata = {
            "autoreset_mode": AutoresetMode.SAME_STEP,
            "render_modes": ["rgb_array"],
            "render_fps": round(1 / body.control_dt_s),
        }
        self.mode = make_mode(obs_mode, self.crank)
        self.single_observation_space = self.mode.space
        self.single_action_space = action_space(body)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._all = np.arange(num_envs)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Seen, dict[str, Any]]:
        """Start one episode in every simulation.

        Args:
            seed: One seed (simulation i gets seed + i) or one per simulation.
            options: {"specs": [EpisodeSpec, ...]} starts exactly these episodes.
        """
        if isinstance(seed, int) or seed is None:
            super().reset(seed=seed)
            seeds = [None if seed is None else seed + k for k in range(self.num_envs)]
        else:
            super().reset(seed=next((s for s in seed if s is not None), None))
            seeds = list(seed)
        specs: Sequence[EpisodeSpec] = (options or {}).get("specs") or [
            self._spec(self._fresh_seed() if s is None else s) for s in seeds
        ]
        if len(specs) != self.num_envs:
            raise BadConfig(f"{len(specs)} episodes were given to {self.num_envs} simulations")
        self.crank.start(self._all, specs)
        success = np.zeros(self.num_envs, dtype=bool)
        return self.mode.see(self._all), self._batched({"is_success": success, **self._told()})

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Seen, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control step of every simulation; those that end are started anew."""
        result = self.crank.step(actions)
        done = result.terminated | result.truncated
        info = self._batched({**step_info(result), **self._told()})
        observations = self.mode.see(self._all)
        over = np.flatnonzero(done)
        if len(over):
            info["final_obs"] = np.full(self.num_envs, None, dtype=object)
            for slot in over:
                info["final_obs"][slot] = row_of(observations, int(slot))
            info["_final_obs"] = done
            info["final_info"] = {key: value for key, value in info.items() if "final" not in key}
            info["_final_info"] = done
            self.crank.start(over, [self._spec(self._fresh_seed()) for _ in over])
            observations = with_rows(observations, over, self.mode.see(over))
            info.update(self._batched(self._told()))
        return observations, result.reward, result.terminated, result.truncated, info

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One picture per simulation."""
        if self.render_mode != "rgb_array":
            return None
        return tuple(self.crank.view.rgb(self._all))

    def call(self, name: str) -> tuple[Any, ...]:
        """An attribute of every simulation, such as LeRobot's `task_description` and `task`.

        Raises:
            UnknownName: If there is no such attribute.
        """
        if name == "task_description":
            return tuple(self._told()["instruction"])
        shared = {"task": self.crank.task_id, "_max_episode_steps": self.crank.horizon_steps}
        if name not in shared:
            raise UnknownName("attribute", name, ("task_description", *shared))
        return (shared[name],) * self.num_envs

    def close_extras(self, **kwargs: Any) -> None:
        """Nothing to release: the batch goes with the object."""

    def _spec(self, seed: int) -> EpisodeSpec:
        axis, severity = self.shift.axis, self.shift.severity
        return draw_spec(self.crank.task_id, seed, axis=axis, severity=severity)

    def _fresh_seed(self) -> int:
        return TRAIN_SEEDS_FROM + int(self.np_random.integers(2**40))

    def _told(self) -> dict[str, NDArray[Any]]:
        shown = [i.text if i is not None else "" for i in self.crank.shown]
        return {"instruction": np.array(shown, dtype=object)}

    def _batched(self, info: dict[str, NDArray[Any]]) -> dict[str, Any]:
        present = np.ones(self.num_envs, dtype=bool)
        return info | {f"_{key}": present for key in info}


def step_info(result: StepResult) -> dict[str, NDArray[Any]]:
    """The named parts of a step, each of shape (n,)."""
    info: dict[str, NDArray[Any]] = {
        "is_success": result.success,
        "diverged": result.diverged,
    }
    info |= {f"reward/{name}": term for name, term in result.reward_terms.items()}
    info |= {f"violation/{name}": broken for name, broken in result.violations.items()}
    return info
