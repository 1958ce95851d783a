"""The batch as a Gymnasium vector environment.

Autoreset is SAME_STEP: the step that ends an episode returns the next episode's first observation,
and the last one of the old episode in `info["final_obs"]`. No action is ever ignored.
"""

from typing import Any, NoReturn

import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from vla_sim.envs.axes import asked_shift
from vla_sim.envs.crank import Crank, CrankConfig, crank_config_for
from vla_sim.envs.faces.making import checked_render_mode, limit_steps, metadata_of, with_horizon
from vla_sim.envs.faces.observation_modes import Seen, make_mode, row_of, with_rows
from vla_sim.envs.faces.reset_request import Seeds, asked_of_batch
from vla_sim.envs.faces.sensed_info import sensed_info
from vla_sim.envs.faces.slot_view import SlotView
from vla_sim.envs.faces.spaces import action_space
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.step_result import StepResult
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.errors import BadConfig, NotCopyable, ResetNeeded, UnknownAttribute
from vla_sim.ranges import whole
from vla_sim.records.episode import EpisodeSpec


class VlaVectorEnv(VectorEnv[Seen, NDArray[np.float32], NDArray[Any]]):
    """n episodes of one task at once; made by `gymnasium.make_vec`.

    Args:
        task_id: One of the registered ids; or a task of your own, as "module:name" or
            "path/to/file.py:name".
        num_envs: Number of simulations.
        renderer: Name of the picture backend.
        image_size: Height and width of the pictures [px].
        axis: A domain axis along which all episodes leave the training distribution.
        severity: How far along it, 1 to 3; 0 where no axis is named.
        n_threads: Threads for physics and pictures.
        obs_mode: What observations look like, see `observation_modes`.
        max_episode_steps: Steps after which an episode is truncated, in a chain those of each
            instruction; the task's horizon at most.
        render_mode: "rgb_array" or None.

    Attributes:
        envs: A view of each simulation, for tools that look at `envs[i]`.

    Raises:
        UnknownName: If there is no such task, renderer, axis, observation mode or render mode.
        BadConfig: If an argument is out of range, or an axis has no severity.
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
        max_episode_steps: int | None = None,
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.render_mode = checked_render_mode(render_mode)
        self.shift = asked_shift(axis, severity)
        whole(1, None, num_envs=num_envs)
        config = CrankConfig(renderer=renderer, image_size=image_size, n_threads=n_threads)
        self.crank = Crank(task_id, num_envs, crank_config_for(self.shift, config))
        limit_steps(self.crank, max_episode_steps)
        self.num_envs = num_envs
        self.metadata = {
            "autoreset_mode": AutoresetMode.SAME_STEP,
            **metadata_of(self.crank),
        }
        self.mode = make_mode(obs_mode, self.crank)
        self.single_observation_space = self.mode.space
        self.single_action_space = action_space(self.crank.embodiment)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._all = np.arange(num_envs)
        self._spec: EnvSpec | None = None
        self.envs = tuple(SlotView(self, self.crank, slot) for slot in range(num_envs))
        self._fixed = frozenset(dir(self.envs[0]))

    @property
    def spec(self) -> EnvSpec | None:
        """What this was made from; its `max_episode_steps` is where episodes are truncated."""
        return self._spec

    @spec.setter
    def spec(self, made_from: EnvSpec | None) -> None:
        self._spec = with_horizon(made_from, self.crank)
        for view in self.envs:
            view.spec = self._spec

    def reset(
        self,
        *,
        seed: Seeds = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Seen, dict[str, Any]]:
        """Start one episode in every simulation, or in those that a mask chooses.

        Args:
            seed: One seed (simulation i gets seed + i) or one per simulation; whole numbers from 0
                to 2**63 - 1. The first that is given also determines the seeds of all episodes
                that start without one.
            options: {"specs": [EpisodeSpec, ...]} starts exactly these episodes, one per
                simulation. {"reset_mask": bools (n,)} starts only the simulations that it chooses
                and leaves the others where they are; of seeds and specs, theirs are used.

        Returns:
            Observations of all simulations, and infos of those that were started.

        Raises:
            BadConfig: If seeds, specs or mask cannot be run here; nothing has moved then.
            UnknownName: If there is no such option.
            ResetNeeded: If a mask leaves a simulation without its first episode.
        """
        asked = asked_of_batch(seed, options, self.num_envs)
        started = np.zeros(self.num_envs, dtype=bool)
        started[asked.slots] = True
        if not all(started | self._has_episode()):
            raise ResetNeeded("reset() with a mask")
        super().reset(seed=asked.first_seed)
        specs = asked.specs or [
            self.spec_of(self._fresh_seed() if s is None else s) for s in asked.seeds
        ]
        self.crank.start(asked.slots, specs)
        success = np.zeros(self.num_envs, dtype=bool)
        info = {"is_success": success, **self._told()}
        return self.mode.see(self._all), self._batched(info, started)

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Seen, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One control step of every simulation; those that end are started anew.

        Raises:
            ResetNeeded: Before the first episodes.
            BadAction: If the shape is wrong or a value is not finite; nothing has moved then.
        """
        self._check_started("step()")
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
            final = {key: value for key, value in info.items() if "final" not in key}
            # Who does not look at the mask is to take no moment of another episode for its end.
            info["final_info"] = final | {"is_success": result.success & done}
            info["_final_info"] = done
            self.crank.start(over, [self.spec_of(self._fresh_seed()) for _ in over])
            observations = with_rows(observations, over, self.mode.see(over))
            info.update(self._batched(self._told()))
        return observations, result.reward, result.terminated, result.truncated, info

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One picture per simulation, uint8 (h, w, 3) each; None where the render mode is.

        Raises:
            ResetNeeded: Before the first episodes.
        """
        if self.render_mode is None:
            return None
        self._check_started("render()")
        return tuple(self.crank.view.rgb(self._all))

    def spec_of(self, seed: int) -> EpisodeSpec:
        """The episode that a seed stands for here; what draws otherwise overrides it."""
        axis, severity = self.shift.axis, self.shift.severity
        return draw_spec(self.crank.task_id, seed, axis=axis, severity=severity)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """What an attribute or a method of every simulation says, see `SlotView`.

        Raises:
            UnknownAttribute: If there is none of that name; it is an AttributeError too.
        """
        if not hasattr(SlotView, name) and not all(hasattr(view, name) for view in self.envs):
            own = {**vars(SlotView), **vars(self.envs[0])}
            raise UnknownAttribute("attribute", name, (k for k in own if not k.startswith("_")))
        if name == "render" and not args and not kwargs:
            return self.render() or (None,) * self.num_envs  # all pictures at once
        asked = (getattr(view, name) for view in self.envs)
        return tuple(each(*args, **kwargs) if callable(each) else each for each in asked)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute of every simulation, such as `task_description`; see `call`.

        Raises:
            UnknownAttribute: If there is none of that name; it is an AttributeError too.
        """
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Note something of your own on every simulation, for `get_attr` to find.

        Args:
            name: A name that simulations do not have by themselves.
            values: A list or tuple with one value per simulation, or one value for all.

        Raises:
            BadConfig: If the batch determines that attribute, or the values are not one each.
        """
        if name in self._fixed:
            raise BadConfig(f"{name!r} is the batch's and cannot be set on its simulations")
        each = values if isinstance(values, list | tuple) else [values] * self.num_envs
        if len(each) != self.num_envs:
            raise BadConfig(f"{len(each)} values were given to {self.num_envs} simulations")
        for view, value in zip(self.envs, each, strict=True):
            setattr(view, name, value)

    def __reduce__(self) -> NoReturn:
        """Refused: running physics has no copy.

        Raises:
            NotCopyable: Always.
        """
        raise NotCopyable(
            "a batch of environments",
            "make another with the same arguments, give its reset the same seeds or"
            " options={'specs': envs.crank.specs}, and repeat the actions: that gives the same"
            " episodes to the last bit",
        )

    def close_extras(self, **kwargs: Any) -> None:
        """Nothing to release: the batch goes with the object."""

    def _fresh_seed(self) -> int:
        return TRAIN_SEEDS_FROM + int(self.np_random.integers(2**40))

    def _told(self) -> dict[str, NDArray[Any]]:
        shown = [i.text if i is not None else "" for i in self.crank.shown]
        told = {"instruction": np.array(shown, dtype=object)}
        return {**told, **sensed_info(self.crank, self._all)}

    def _has_episode(self) -> NDArray[np.bool_]:
        return np.array([spec is not None for spec in self.crank.specs])

    def _check_started(self, asked: str) -> None:
        if not self._has_episode().all():
            raise ResetNeeded(asked)

    def _batched(
        self, info: dict[str, NDArray[Any]], present: NDArray[np.bool_] | None = None
    ) -> dict[str, Any]:
        if present is None:
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
