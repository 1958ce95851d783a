"""Our batch as stable-baselines3 sees it: n slots over the tasks of a practice, and no process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from vla_sim.agents.progress import shaped
from vla_sim.agents.rl_batch import BatchVecEnv
from vla_sim.agents.rl_bounds import Bounds, BoundsConfig
from vla_sim.agents.rl_flight import Flight, FlightState
from vla_sim.agents.rl_hand import DirectHand, Hand
from vla_sim.agents.rl_manner import MannerWatch
from vla_sim.agents.rl_priced import OWED
from vla_sim.agents.rl_reward import RewardConfig
from vla_sim.agents.rl_roster import Roster
from vla_sim.agents.rl_sight import Observer, Potential, Seen, put_rows, row_of
from vla_sim.agents.rl_turn import Turn, take_turn
from vla_sim.envs.crank import Crank
from vla_sim.envs.crankshaft import Crankshaft
from vla_sim.envs.faces.reset_request import asked_of_one, seeds_of
from vla_sim.envs.faces.spaces import action_space
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import first_training_seed
from vla_sim.errors import BadConfig, ResetNeeded
from vla_sim.ranges import whole, within
from vla_sim.records.episode import EpisodeSpec
from vla_sim.records.manner import MANNER


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


class SlotVecEnv(BatchVecEnv):
    """A `VecEnv` over the slots of one crank, or of several of one robot.

    A slot whose episode ends starts the next one in the same step, of the task that the roster
    says; the old one's last observation is `info["terminal_observation"]`. A decision lasts
    `action_repeat` control steps, see `take_turn`.

    Attributes:
        shaft: The cranks.
        roster: Which task is next.
        bounds: What violations cost, in each of the tasks.
        manners: Who watches the manner; None where it is not bounded.
        n_begun: Episodes begun with fresh seeds so far, which is also the next training seed's
            place in its block; set it to go on with a training.
        flight: The episodes that are under way.
    """

    def __init__(
        self,
        crank: Crank | Sequence[Crank],
        observer: Observer,
        config: SlotsConfig | None = None,
        *,
        block: int = 0,
        hand: Hand | None = None,
        reward: RewardConfig | None = None,
        potential: Potential | None = None,
        bounds: BoundsConfig | None = None,
        roster: Roster | None = None,
    ) -> None:
        """Take over a crank, or one for each of several tasks.

        Args:
            crank: Where to act.
            observer: What is seen of it.
            config: Settings.
            block: Which block of training seeds the episodes come from.
            hand: How a decision becomes actions; None: it is the action.
            reward: What is paid.
            potential: What shapes the reward, with the weight that `reward` says.
            bounds: What violations cost, in each task for itself; None for nothing.
            roster: Which task is next; None for one with the usual settings.

        Raises:
            BadConfig: If the cranks have different robots.
        """
        self.shaft = Crankshaft([crank] if isinstance(crank, Crank) else crank)
        self.observer = observer
        self.config = config or SlotsConfig()
        self.block = block
        self.hand = hand or DirectHand()
        self.reward = reward or RewardConfig()
        self.potential = potential
        each = bounds or BoundsConfig()
        self.bounds = [Bounds(each, self.shaft.n) for _ in self.shaft.cranks]
        self.manners = MannerWatch(self.shaft) if MANNER in each.most else None
        self.roster = roster or Roster(self.shaft.task_ids)
        self.n_begun = 0
        self._is_begun = self._is_checked = False
        self.render_mode = "rgb_array"
        n, body = self.shaft.n, self.shaft.embodiment
        self._all = np.arange(n)
        self._actions = np.zeros((n, body.n_act), dtype=np.float32)
        self.flight = Flight(n, body.n_act)
        self._potential = np.zeros(n, dtype=np.float32)
        space = observer.space(body, self.shaft.config.image_size)
        super().__init__(n, space, action_space(body))

    @property
    def crank(self) -> Crank:
        """The crank, where there is one task."""
        (crank,) = self.shaft.cranks
        return crank

    @property
    def n_ended(self) -> int:
        """Episodes ended so far."""
        return sum(self.roster.n_ended)

    @property
    def prices(self) -> NDArray[np.float64]:
        """What violations cost now, (tasks, bounds)."""
        return np.array([list(bounds.price.values()) for bounds in self.bounds], dtype=np.float64)

    def check(self) -> None:
        """See that each task has what reward and bounds name, before any training.

        The first reset does so too, where nobody has asked before.

        Raises:
            UnknownName: If one has no such reward term or violation.
        """
        if self._is_checked or not (self.reward.terms or self.bounds[0].config.most):
            return
        for task_id, bounds in zip(self.shaft.task_ids, self.bounds, strict=True):
            self.shaft.start(self._all, [draw_spec(task_id, k) for k in range(self.num_envs)])
            result = self.shaft.step(np.zeros_like(self._actions))
            self.reward.check_terms(result.reward_terms, task_id)
            bounds.check({*result.violations, MANNER}, task_id)
        self._is_checked = True

    def reset(self) -> VecEnvObs:
        """Begin an episode in every slot: as `set_options()` and `seed()` said, else a fresh one.

        Raises:
            BadConfig: If an episode that was set cannot be run here.
            UnknownName: As `check`.
        """
        self.check()
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
        # A return that fell with a price would tell nothing of what was done.
        unpriced = reward + (turn.owed * self.prices).sum(axis=(1, 2))
        self.flight.note(self._actions, unpriced, turn.n_steps)
        infos: list[dict[str, Any]] = [
            {"TimeLimit.truncated": cut, "is_success": done_well}
            for cut, done_well in zip(turn.truncated.tolist(), turn.success.tolist(), strict=True)
        ]
        if self.bounds[0].config.most:
            for info, owed in zip(infos, turn.owed, strict=True):
                info[OWED] = owed
        ended = np.flatnonzero(turn.over)
        for slot in ended.tolist():
            infos[slot]["terminal_observation"] = row_of(seen, slot)
            infos[slot]["episode"] = told = self.flight.told(slot)
            task_id = self.shaft.task_ids[self.shaft.place[slot]]
            self.roster.end(task_id, success=infos[slot]["is_success"], paid=told["r"])
        for place, bounds in enumerate(self.bounds):
            bounds.end(ended[self.shaft.place[ended] == place])
        if len(ended):
            self._begin(ended, [None] * len(ended), [None] * len(ended))
            put_rows(seen, ended, self._see(ended))
        return seen, reward.astype(np.float32), turn.over, infos

    def fly_again(self, state: FlightState) -> VecEnvObs:
        """Bring the slots to where they were, by the same decisions in the same scenes.

        Episodes are determined by their scenes and what was done in them, so that nothing else of
        them has to be kept.

        Returns:
            What the agent saw last.

        Raises:
            DamagedFile: If there are other slots or other actions.
            UnknownName: As `check`.
        """
        self.check()
        self.flight.check(state)
        places = zip(state.place.tolist(), state.seed.tolist(), strict=True)
        specs = [draw_spec(self.shaft.task_ids[place], seed) for place, seed in places]
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
                put_rows(seen, late, self._see(late))
        self.flight.load(state)
        return seen

    def _turn(self, decided: NDArray[np.float32]) -> Turn:
        """Run a decision in all slots; nothing begins."""
        return take_turn(
            self.shaft,
            self.hand.actions(self._all, decided, self.config.action_repeat),
            reward=self.reward,
            bounds=self.bounds,
            gamma=self.config.gamma,
            manners=self.manners,
        )

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """One picture per slot.

        Raises:
            ResetNeeded: Before the first episodes.
        """
        self._check_started("render()")
        images: list[NDArray[np.uint8] | None] = [None] * self.num_envs
        for crank, slots in self.shaft.parts(self._all):
            for slot, image in zip(slots.tolist(), crank.view.rgb(slots), strict=True):
                images[slot] = image
        return images

    def _check_started(self, asked: str) -> None:
        if not self._is_begun:
            raise ResetNeeded(asked)

    def _begin(
        self,
        slots: NDArray[np.int64],
        seeds: Sequence[int | None],
        given: Sequence[EpisodeSpec | None],
    ) -> None:
        specs = [
            spec or draw_spec(self.roster.next(), self._seed(seed))
            for seed, spec in zip(seeds, given, strict=True)
        ]
        self.shaft.start(slots, specs)
        self._is_begun = True
        self.hand.begin(slots)
        for bounds in self.bounds:
            bounds.begin(slots)
        if self.manners is not None:
            self.manners.begin(slots)
        if self.potential is not None:
            self.potential.reset(slots)
        self.flight.begin(slots, self.shaft.place[slots], self.shaft.seed(slots))

    def _seed(self, given: int | None) -> int:
        if given is not None:
            return given
        self.n_begun += 1
        return first_training_seed(self.block) + self.n_begun - 1

    def _see(self, slots: NDArray[np.int64]) -> Seen:
        told = self.shaft.told(slots)
        if self.potential is not None:
            self._potential[slots] = self.potential.potential(told)
        return self.observer.see(told)
