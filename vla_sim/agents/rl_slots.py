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

from vla_sim.agents.progress import shaped
from vla_sim.agents.rl_bounds import Bounds, BoundsConfig
from vla_sim.agents.rl_flight import Flight, FlightState
from vla_sim.agents.rl_hand import DirectHand, Hand
from vla_sim.agents.rl_reward import RewardConfig, step_reward
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


class Potential(Protocol):
    """How far an episode has come, from what is seen of it; it remembers row by row."""

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`."""
        ...

    def potential(self, told: PolicyInput) -> NDArray[np.float32]:
        """(m,), one number for each row."""
        ...


@dataclass(frozen=True, kw_only=True)
class SlotsConfig:
    """Settings of SlotVecEnv."""

    action_repeat: int = 2
    """Control steps from one decision to the next."""
    gamma: float = 0.995
    """Discount per control step; that of a decision is its power of `action_repeat`."""

    def __post_init__(self) -> None:
        whole(1, action_repeat=self.action_repeat)
        within(0, 0.9999, gamma=self.gamma)

    @property
    def discount(self) -> float:
        """From one decision to the next: what a learner has to discount by."""
        return float(self.gamma**self.action_repeat)


class SlotVecEnv(VecEnv):
    """A `VecEnv` over the slots of one crank.

    A slot whose episode ends starts the next one in the same step; the old one's last observation
    is `info["terminal_observation"]`. A decision lasts `action_repeat` control steps; its reward is
    theirs, each discounted by `gamma` from the one before. A slot that ends within them runs on
    unseen to the end of them: what happens there is not rewarded.

    Attributes:
        n_begun: Episodes begun with fresh seeds so far, which is also the next training seed's
            place in its block; set it to go on with a training.
        n_ended: Episodes ended so far.
        flight: The episodes that are under way.
    """

    def __init__(
        self,
        crank: Crank,
        observer: Observer,
        config: SlotsConfig | None = None,
        *,
        block: int = 0,
        hand: Hand | None = None,
        reward: RewardConfig | None = None,
        potential: Potential | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """Take over a crank.

        Args:
            crank: Where to act.
            observer: What is seen of it.
            config: Settings.
            block: Which block of training seeds the episodes come from.
            hand: How a decision becomes actions; None: it is the action.
            reward: What is paid.
            potential: What shapes the reward, with the weight that `reward` says.
            bounds: What violations cost; None for nothing.
        """
        self.crank = crank
        self.observer = observer
        self.config = config or SlotsConfig()
        self.block = block
        self.hand = hand or DirectHand()
        self.reward = reward or RewardConfig()
        self.potential = potential
        self.bounds = bounds or Bounds(BoundsConfig(), crank.n)
        self.n_begun = 0
        self.n_ended = 0
        self.render_mode = "rgb_array"
        self._all = np.arange(crank.n)
        self._actions = np.zeros((crank.n, crank.embodiment.n_act), dtype=np.float32)
        self.flight = Flight(crank.n, crank.embodiment.n_act)
        self._potential = np.zeros(crank.n, dtype=np.float32)
        super().__init__(
            crank.n,
            observer.space(crank.embodiment, crank.config.image_size),
            action_space(crank.embodiment),
        )

    def check(self) -> None:
        """See that the task has what reward and bounds name, before any training.

        Raises:
            UnknownName: If it has no such reward term or violation.
        """
        if not (self.reward.terms or self.bounds.config.most):
            return
        task_id = self.crank.task_id
        self.crank.start(self._all, [draw_spec(task_id, k) for k in range(self.num_envs)])
        result = self.crank.step(np.zeros_like(self._actions))
        self.reward.check_terms(result.reward_terms, task_id)
        self.bounds.check(result.violations, task_id)

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
        before = self._potential.copy()
        turn = self._turn(self._actions)
        seen = self._see(self._all)
        reward = turn.reward
        if self.potential is not None:
            reward = shaped(
                reward,
                before,
                self._potential,
                turn.over & ~turn.truncated,
                discount=self.config.discount,
                weight=self.reward.shaping,
            )
        self.flight.note(self._actions, reward, turn.n_steps)
        infos: list[dict[str, Any]] = [
            {"TimeLimit.truncated": cut, "is_success": done_well}
            for cut, done_well in zip(turn.truncated.tolist(), turn.success.tolist(), strict=True)
        ]
        ended = np.flatnonzero(turn.over)
        for slot in ended.tolist():
            infos[slot]["terminal_observation"] = _row(seen, slot)
            infos[slot]["episode"] = self.flight.told(slot)
        self.n_ended += len(ended)
        self.bounds.end(ended)
        if len(ended):
            self._begin(ended, [None] * len(ended), [None] * len(ended))
            _put(seen, ended, self._see(ended))
        return seen, reward.astype(np.float32), turn.over, infos

    def fly_again(self, state: FlightState) -> VecEnvObs:
        """Bring the slots to where they were, by the same decisions in the same scenes.

        Episodes are determined by their scenes and what was done in them, so that nothing else of
        them has to be kept.

        Returns:
            What the agent saw last.

        Raises:
            DamagedFile: If there are other slots or other actions.
        """
        self.flight.check(state)
        specs = [draw_spec(self.crank.task_id, seed) for seed in state.seed.tolist()]
        none: list[int | None] = [None] * self.num_envs
        self._begin(self._all, none, specs)
        seen = self._see(self._all)
        for t in range(state.longest):
            self._turn(state.decision(t))
            seen = self._see(self._all)
            # Who has decided less often begins later, so that all arrive together.
            late = np.flatnonzero(state.count == state.longest - t - 1)
            if len(late):
                self._begin(late, none[: len(late)], [specs[slot] for slot in late])
                _put(seen, late, self._see(late))
        self.flight.load(state)
        return seen

    def _turn(self, decided: NDArray[np.float32]) -> "_Turn":
        """Run a decision in all slots; nothing begins."""
        n, gamma = self.num_envs, self.config.gamma
        over = np.zeros(n, dtype=bool)
        truncated = np.zeros(n, dtype=bool)
        success = np.zeros(n, dtype=bool)
        reward = np.zeros(n)
        n_steps = np.zeros(n, dtype=np.int64)
        actions = self.hand.actions(self._all, decided, self.config.action_repeat)
        for k in range(self.config.action_repeat):
            result = self.crank.step(actions[:, k])
            live = ~over
            paid = step_reward(result, self.reward, gamma=gamma)
            paid -= self.bounds.due(result.violations, live)
            reward += np.where(live, gamma**k * paid, 0.0)
            success = np.where(live, result.success, success)
            truncated |= live & result.truncated & ~result.terminated
            over |= result.terminated | result.truncated
            n_steps += live
        return _Turn(
            over=over, truncated=truncated, success=success, reward=reward, n_steps=n_steps
        )

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
        self.hand.begin(slots)
        self.bounds.begin(slots)
        if self.potential is not None:
            self.potential.reset(slots)
        self.flight.begin(slots, self.crank.seed[slots])

    def _seed(self, given: int | None) -> int:
        if given is not None:
            return given
        self.n_begun += 1
        return first_training_seed(self.block) + self.n_begun - 1

    def _see(self, slots: NDArray[np.int64]) -> Seen:
        told = self.crank.told(slots, self.crank.observe(slots))
        if self.potential is not None:
            self._potential[slots] = self.potential.potential(told)
        return self.observer.see(told)


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """What a decision brought, n rows; `n_steps` counts control steps until the episode's end."""

    over: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    success: NDArray[np.bool_]
    reward: NDArray[np.float64]
    n_steps: NDArray[np.int64]


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
