"""Our batch as stable-baselines3 sees it: one crank, n slots, no process per environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from vla_sim.envs.crank import Crank
from vla_sim.envs.faces.reset_request import asked_of_one, seeds_of
from vla_sim.envs.faces.spaces import action_space
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import first_training_seed
from vla_sim.errors import BadConfig, NotCopyable, ResetNeeded
from vla_sim.ranges import whole, within
from vla_sim.records.embodiment import Embodiment
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.observation import PolicyInput

Seen = NDArray[Any] | dict[str, NDArray[Any]]


class Observer(Protocol):
    """What of a simulation an agent gets to see, as arrays."""

    def space(self, body: Embodiment, image_size: int) -> spaces.Space[Any]:
        """The space of one simulation's observation."""
        ...

    def see(self, told: PolicyInput) -> Seen:
        """Observations of m simulations, arrays of shape (m, ...) that the caller may keep."""
        ...


@dataclass(frozen=True, kw_only=True)
class SlotsConfig:
    """Settings of SlotVecEnv."""

    action_repeat: int = 2
    """Control steps that one action lasts."""
    gamma: float = 0.95
    """Discount per action. The reward is scaled by 1 - gamma, so that returns lie in [0, 1]."""

    def __post_init__(self) -> None:
        whole(1, action_repeat=self.action_repeat)
        within(0, 0.9999, gamma=self.gamma)


class SlotVecEnv(VecEnv):
    """A `VecEnv` over the slots of one crank.

    A slot whose episode ends starts the next one in the same step; the old one's last observation
    is `info["terminal_observation"]`. An action lasts `action_repeat` control steps. A slot that
    ends within them runs on unseen to the end of them: what happens there is not rewarded.

    The reward of an action is (1 - gamma) times the mean of the task's over its control steps. An
    episode that ends in success earns 1 more, which is what standing on the goal for ever would
    earn: with less, whoever is paid at every step gains by putting success off.

    Attributes:
        n_begun: Episodes begun with fresh seeds so far, which is also the next training seed's
            place in its block; set it to go on with a training.
        n_ended: Episodes ended so far.
    """

    def __init__(
        self,
        crank: Crank,
        observer: Observer,
        config: SlotsConfig | None = None,
        *,
        block: int = 0,
    ) -> None:
        """Take over a crank.

        Args:
            crank: Where to act.
            observer: What is seen of it.
            config: Settings.
            block: Which block of training seeds the episodes come from.
        """
        self.crank = crank
        self.observer = observer
        self.config = config or SlotsConfig()
        self.block = block
        self.n_begun = 0
        self.n_ended = 0
        self.render_mode = "rgb_array"
        self._all = np.arange(crank.n)
        self._actions = np.zeros((crank.n, crank.embodiment.n_act), dtype=np.float32)
        self._return = np.zeros(crank.n)
        self._length = np.zeros(crank.n, dtype=np.int64)
        super().__init__(
            crank.n,
            observer.space(crank.embodiment, crank.config.image_size),
            action_space(crank.embodiment),
        )

    def reset(self) -> VecEnvObs:
        """Begin an episode in every slot: as `set_options()` and `seed()` said, else a fresh one.

        Raises:
            BadConfig: If an episode that was set cannot be run here.
        """
        self._begin(self._all, self._seeds, [asked_of_one(each) for each in self._options])
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return self._see(self._all)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Determine the episodes of the next reset: slot i gets seed + i, and fresh seeds for None.

        Raises:
            BadConfig: If it is no whole number, or out of range.
        """
        self._seeds = seeds_of(seed, self.num_envs)
        return self._seeds

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Choose the episodes of the next reset: {"spec": EpisodeSpec}, for all slots or for each.

        Raises:
            BadConfig: If there is not one for each slot, or "spec" is no EpisodeSpec.
            UnknownName: If there is no such option.
        """
        each = options if isinstance(options, list) else [options or {}] * self.num_envs
        if len(each) != self.num_envs:
            raise BadConfig(f"{len(each)} options were given to {self.num_envs} slots")
        for asked in each:
            asked_of_one(asked)
        self._options = each

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = np.asarray(actions, dtype=np.float32)

    def step_wait(self) -> VecEnvStepReturn:
        """Run the actions; observations, rewards, dones and infos as SB3 wants them.

        Raises:
            ResetNeeded: Before the first episodes.
            BadAction: If the shape is wrong or a value is not finite.
        """
        self._check_started("step()")
        n, repeat = self.num_envs, self.config.action_repeat
        over = np.zeros(n, dtype=bool)
        truncated = np.zeros(n, dtype=bool)
        success = np.zeros(n, dtype=bool)
        reward = np.zeros(n)
        for _ in range(repeat):
            result = self.crank.step(self._actions)
            live = ~over
            reward += np.where(live, result.reward, 0.0) * (1.0 - self.config.gamma) / repeat
            reward += live & result.terminated & result.success
            success = np.where(live, result.success, success)
            truncated |= live & result.truncated & ~result.terminated
            over |= result.terminated | result.truncated
            self._length += live
        self._return += reward
        seen = self._see(self._all)
        infos: list[dict[str, Any]] = [
            {"TimeLimit.truncated": cut, "is_success": done_well}
            for cut, done_well in zip(truncated.tolist(), success.tolist(), strict=True)
        ]
        ended = np.flatnonzero(over)
        for slot in ended.tolist():
            infos[slot]["terminal_observation"] = _row(seen, slot)
            infos[slot]["episode"] = {
                "r": float(self._return[slot]),
                "l": int(self._length[slot]),
            }
        self.n_ended += len(ended)
        if len(ended):
            self._begin(ended, [None] * len(ended), [None] * len(ended))
            _put(seen, ended, self._see(ended))
        return seen, reward.astype(np.float32), over, infos

    def close(self) -> None:
        """Nothing to release: the batch goes with the object."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of the batch, once per slot asked for."""
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refused: slots share one batch and have no attributes of their own."""
        raise BadConfig(f"slots have no attribute {attr_name!r} of their own; set it on the batch")

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: VecEnvIndices = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Refused: slots share one batch and have no methods of their own."""
        raise BadConfig(f"slots have no method {method_name!r} of their own; call the batch's")

    def env_is_wrapped(
        self,
        wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]],
        indices: VecEnvIndices = None,
    ) -> list[bool]:
        """No slot is wrapped; episodes are counted here, as a Monitor would."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """One picture per slot.

        Raises:
            ResetNeeded: Before the first episodes.
        """
        self._check_started("render()")
        return list(self.crank.view.rgb(self._all))

    def __reduce__(self) -> NoReturn:
        """Refused: running physics has no copy.

        Raises:
            NotCopyable: Always.
        """
        raise NotCopyable(
            "a batch of slots",
            "make another, SlotVecEnv(Crank(task_id, n), observer, config), and give it the same"
            " seeds: that gives the same episodes to the last bit",
        )

    def _check_started(self, asked: str) -> None:
        if any(spec is None for spec in self.crank.specs):
            raise ResetNeeded(asked)

    def _begin(
        self,
        slots: NDArray[np.int64],
        seeds: Sequence[int | None],
        given: Sequence[EpisodeSpec | None],
    ) -> None:
        specs = [
            spec or draw_spec(self.crank.task_id, self._seed(seed))
            for seed, spec in zip(seeds, given, strict=True)
        ]
        self.crank.start(slots, specs)
        self._return[slots] = 0.0
        self._length[slots] = 0

    def _seed(self, given: int | None) -> int:
        if given is not None:
            return given
        self.n_begun += 1
        return first_training_seed(self.block) + self.n_begun - 1

    def _see(self, slots: NDArray[np.int64]) -> Seen:
        return self.observer.see(self.crank.told(slots, self.crank.observe(slots)))


def _row(seen: Seen, slot: int) -> Seen:
    if isinstance(seen, Mapping):
        return {name: values[slot].copy() for name, values in seen.items()}
    return np.array(seen[slot])


def _put(seen: Seen, slots: NDArray[np.int64], fresh: Seen) -> None:
    if isinstance(seen, Mapping) and isinstance(fresh, Mapping):
        for name, values in seen.items():
            values[slots] = fresh[name]
    else:
        assert not isinstance(seen, Mapping) and not isinstance(fresh, Mapping)
        seen[slots] = fresh
