"""The one stepping loop: collection, evaluation and demonstrations all turn it.

Finished slots are refilled from an explicit plan, so every planned episode is run and counted, long
ones like short ones.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.acting import Acting
from vla_sim.envs.crank import Crank
from vla_sim.envs.recorder import Recorder
from vla_sim.envs.step_result import StepResult
from vla_sim.protocols.teacher import Actor
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.observation import Observation


class Rollout:
    """Runs a plan of episodes with one policy, or teacher, in the slots of one crank."""

    def __init__(
        self,
        crank: Crank,
        policy: Actor,
        plan: Iterable[EpisodeSpec],
        *,
        keep_images: bool = False,
        in_step: bool = False,
    ) -> None:
        """Begin the first episodes.

        Args:
            crank: Where they run.
            policy: Who acts.
            plan: What is run, endless or not.
            keep_images: Keep what the task's camera sees.
            in_step: Let episodes begin together only, so that all slots want their chunks in the
                same steps: a policy is then asked seldom, and for many. Otherwise a slot is
                refilled at once. What happens in an episode is the same.
        """
        self.crank = crank
        self._acting = Acting(policy, crank)
        self.keep_images = keep_images
        self._in_step = in_step
        self._n_turns = 0
        self._plan = enumerate(plan)
        self._place = np.full(crank.n, -1, dtype=np.int64)  # which planned episode a slot runs
        shape = (crank.n, self._acting.n_action_steps, crank.embodiment.n_act)
        self._chunks = np.zeros(shape, dtype=np.float32)
        self._cursor = np.zeros(crank.n, dtype=np.int64)
        self._late = np.zeros(crank.n, dtype=np.bool_)  # whether a slot's chunk came late
        self._recorder = Recorder(crank, role=self._acting.role, keep_images=keep_images)
        self._refill(np.arange(crank.n))
        self._settle_idle()

    @property
    def active(self) -> NDArray[np.int64]:
        """The slots that run an episode now."""
        return np.flatnonzero(self._place >= 0)

    def place_of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which planned episode each of the slots `ids` runs now; -1 where idle."""
        return self._place[ids]

    def advance(self) -> list[tuple[int, Episode]]:
        """Turn the crank once.

        Returns:
            The episodes that ended in this step, each with its place in the plan.
        """
        actions = self.next_actions()
        result = self.crank.step(actions)
        active = self.active
        self._cursor[result.next_asked] = 0  # what is left of a chunk was for the last instruction
        after = self.crank.observe(active, images=self.keep_images)
        camera = self.crank.task.camera.name
        self._recorder.after(active, actions, result, after, camera, late=self._late)
        return self._collect(active, result, self._failed(active))

    def next_actions(self) -> NDArray[np.float32]:
        """The next action of every slot, (n, n_act); asks the policy where a chunk is used up.

        Raises:
            BadAction: If what the policy returns has a wrong shape or type, or is not finite.
        """
        active = self.active
        hungry = active[self._cursor[active] == 0]
        if len(hungry):
            self._chunks[hungry] = self._acting.chunk(hungry, self._observe(hungry))
            self._late[hungry] = self._acting.late(hungry)
        actions = np.zeros((self.crank.n, self._chunks.shape[2]), dtype=np.float32)
        actions[active] = self._chunks[active, self._cursor[active]]
        self._cursor[active] = (self._cursor[active] + 1) % self._acting.n_action_steps
        return actions

    def latest_images(self, ids: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The newest pictures of the slots `ids`; pictures must be kept."""
        return self._recorder.latest_images(ids)

    def _observe(self, ids: NDArray[np.int64]) -> Observation:
        if self._acting.needs_images and self.keep_images:
            name = self.crank.task.camera.name
            seen = self.crank.observe(ids, images=False)
            images = {name: self.latest_images(ids)}
            return Observation(images=images, proprio=seen.proprio, time_s=seen.time_s)
        return self.crank.observe(ids, images=self._acting.needs_images)

    def _failed(self, active: NDArray[np.int64]) -> dict[int, str]:
        """Slots in which who acts cannot go on, and why: their episodes end with this step."""
        if not self._acting.may_fail:
            return {}
        told = {slot: self._acting.failure(slot) for slot in active.tolist()}
        return {slot: why for slot, why in told.items() if why}

    def _collect(
        self, active: NDArray[np.int64], result: StepResult, failed: dict[int, str]
    ) -> list[tuple[int, Episode]]:
        ends = result.terminated | result.truncated
        ends[list(failed)] = True
        over = active[ends[active]]
        ended = [
            (int(self._place[s]), self._recorder.episode(s, result, failed.get(s, "")))
            for s in over.tolist()
        ]
        self._place[over] = -1
        self._n_turns = self._n_turns + 1 if len(self.active) else 0
        if not self._in_step or self._n_turns % self._acting.n_action_steps == 0:
            self._refill(np.flatnonzero(self._place < 0))
        return ended

    def _refill(self, slots: NDArray[np.int64]) -> None:
        """Start the next planned episodes in idle `slots`; what finds no episode stays idle."""
        filled: list[int] = []
        specs: list[EpisodeSpec] = []
        for slot, (place, spec) in zip(slots, self._plan, strict=False):
            self._place[slot] = place
            filled.append(int(slot))
            specs.append(spec)
        if filled:
            ids = np.array(filled)
            self.crank.start(ids, specs)
            self._cursor[ids] = 0
            self._acting.begin(ids)
            start = self.crank.observe(ids, images=self.keep_images)
            self._recorder.begin(ids, start, self.crank.task.camera.name)

    def _settle_idle(self) -> None:
        """Give slots without an episode a sound scene: a model's bare default can blow up."""
        idle = np.flatnonzero(self._place < 0)
        example = next((spec for spec in self.crank.specs if spec is not None), None)
        if len(idle) and example is not None:
            self.crank.start(idle, [example] * len(idle))


def rollout(
    crank: Crank, policy: Actor, plan: Iterable[EpisodeSpec], *, keep_images: bool = False
) -> Iterator[tuple[int, Episode]]:
    """Run every planned episode; yields (place in the plan, episode) as they end."""
    looks = bool(policy.needs_images)  # and so is dear to ask
    run = Rollout(crank, policy, plan, keep_images=keep_images, in_step=looks)
    while len(run.active):
        yield from run.advance()


def run_all(
    crank: Crank, policy: Actor, plan: Iterable[EpisodeSpec], *, keep_images: bool = False
) -> list[Episode]:
    """Every planned episode, in the order of the plan."""
    ended = sorted(rollout(crank, policy, plan, keep_images=keep_images), key=lambda pair: pair[0])
    return [episode for _, episode in ended]
