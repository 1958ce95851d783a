"""SAC as a learner, with the start policy's and the expert's episodes in its memory."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from stable_baselines3 import SAC
from torch import Tensor

from vla_sim.agents.rl_priced import PricedBuffer
from vla_sim.agents.rl_sac import (
    DemonstratedBuffer,
    StartedSacPolicy,
    load_sac_tensors,
    sac_tensors,
)
from vla_sim.agents.rl_slots import SlotVecEnv
from vla_sim.align.checkpoint import Checkpoint
from vla_sim.disk import atomic
from vla_sim.errors import DamagedFile
from vla_sim.loop.budget import Budget
from vla_sim.loop.rl.demonstrators import expert_correction, no_correction
from vla_sim.loop.rl.rl_learner import RlLearner
from vla_sim.loop.rl.rl_run import FinetuneRun

Floats = NDArray[np.float32]

_COLUMNS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
_PRICED = ("unpriced", "owed")
"""Columns besides, where violations have a price."""
_DEMONSTRATED_FROM = 500_000
"""Place in the run's block of scenes from which demonstrations are taken: others than its own."""


class SacLearner(RlLearner):
    """Learns again and again from all that it remembers."""

    def __init__(self, run: FinetuneRun, encoder: Checkpoint, budget: Budget) -> None:
        super().__init__(run, encoder, budget)
        self.sac: SAC = run.sac.build(
            self.env, rate=lambda: self.rate(run.sac.learning_rate), seed=run.seed
        )
        assert isinstance(self.sac.replay_buffer, DemonstratedBuffer)
        self.memory = self.sac.replay_buffer
        self._columns = (*_COLUMNS, *(_PRICED if run.bounds.most else ()))
        self._n_rows = 0
        if run.bounds.most:
            self.memory.price(self.env.prices)

    @property
    def algorithm(self) -> SAC:
        """SB3's."""
        return self.sac

    @property
    def action_std(self) -> float:
        """Of what was decided last: the standard deviation over the slots' remembered decisions."""
        rows = self.memory.actions[self._newest]
        return float(rows.std(axis=(0, 1)).mean()) if len(rows) else 0.0

    @property
    def _newest(self) -> NDArray[np.int64]:
        """The places in memory of what the last round added, the oldest first; it goes round."""
        added = np.arange(max(self._n_rows - self.run.sac.n_steps, 0), self._n_rows)
        return added % self.memory.buffer_size

    @property
    def weights(self) -> dict[str, Tensor]:
        """Weights and the optimisers' moments."""
        return sac_tensors(self.sac)

    @property
    def actor(self) -> dict[str, Tensor]:
        """The weights that act."""
        return {k: v for k, v in self.sac.policy.state_dict().items() if k.startswith("actor.")}

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Put `weights` back.

        Raises:
            DamagedFile: If they are of another network.
        """
        load_sac_tensors(self.sac, weights)

    def learn(self) -> None:
        """Act in all slots, and learn from it and all before; the actor stands still at first."""
        run, policy = self.run, self.sac.policy
        if run.sac.demonstrations and self.memory.demonstrated is None:
            self.memory.demonstrated = self._demonstrations()
            self.memory.share = run.sac.demonstrations
        if run.bounds.most:
            self.memory.price(self.env.prices)
        assert isinstance(policy, StartedSacPolicy)
        policy.hold(self.budget.n_spent < run.residual.warm_up_env_steps)
        self.sac.learn(run.sac.n_steps * run.n_slots, reset_num_timesteps=False)
        self._n_rows += run.sac.n_steps

    @property
    def notes(self) -> dict[str, Any]:
        """What going on needs, as JSON can hold it."""
        return super().notes | {"n_rows": self._n_rows}

    def save(self, place: Path) -> None:
        """Write what the last round added to the memory, and drop what the memory has forgotten.

        What the round before still remembers stays: until all of this one is saved, that is what a
        run goes on from.
        """
        n, size = self.run.sac.n_steps, self.memory.buffer_size
        held = {name: getattr(self.memory, name)[self._newest] for name in self._columns}
        folder = place / "memory"
        folder.mkdir(parents=True, exist_ok=True)
        atomic.replace_file(_file(folder, self._n_rows), lambda part: save_file(held, part))
        for old in folder.glob("*.safetensors"):
            if int(old.stem) <= self._n_rows - n - size:
                old.unlink()

    def go_on(self, tensors: Mapping[str, Tensor], notes: Mapping[str, Any], place: Path) -> None:
        """Put everything back, the memory too.

        Raises:
            DamagedFile: If they are of another network, or something is missing.
        """
        super().go_on(tensors, notes, place)
        n, size = self.run.sac.n_steps, self.memory.buffer_size
        self._n_rows = int(notes["n_rows"])
        for end in range(n, self._n_rows + 1, n):
            if end <= self._n_rows - size:
                continue
            path = _file(place / "memory", end)
            try:
                held = load_file(path)
                for name in self._columns:
                    getattr(self.memory, name)[np.arange(end - n, end) % size] = held[name]
            except (OSError, KeyError, ValueError) as error:
                raise DamagedFile(f"{path} is missing or damaged; finetune again") from error
        self.memory.pos = self._n_rows % size
        self.memory.full = self._n_rows >= size

    def _demonstrations(self) -> PricedBuffer:
        """Decisions of the start policy and of the expert, in scenes of their own."""
        run, config = self.run, self.run.sac
        env = self.slots()
        env.n_begun = _DEMONSTRATED_FROM
        per_turn = run.n_slots * run.slots.action_repeat
        n_start, n_expert = config.start_env_steps // per_turn, config.expert_env_steps // per_turn
        memory = PricedBuffer(
            (n_start + n_expert) * run.n_slots,
            env.observation_space,
            env.action_space,
            device="cpu",
            n_envs=run.n_slots,
        )
        if run.bounds.most:
            memory.price(env.prices)
        _show(env, no_correction(env), memory, n_start)
        if n_expert:
            _show(env, expert_correction(env), memory, n_expert)
        return memory


def _show(
    env: SlotVecEnv, decide: Callable[[], Floats], memory: PricedBuffer, n_turns: int
) -> None:
    """Let somebody decide for some turns, and remember what came of it."""
    seen = env.reset()
    for _ in range(n_turns):
        decided = decide()
        after, reward, over, infos = env.step(decided)
        assert isinstance(seen, np.ndarray) and isinstance(after, np.ndarray)
        beyond = after.copy()
        for slot in np.flatnonzero(over).tolist():
            beyond[slot] = infos[slot]["terminal_observation"]
        memory.add(seen, beyond, decided, reward, over, infos)
        seen = after


def _file(folder: Path, n_rows: int) -> Path:
    """The file of the round that ended with so many rows."""
    return folder / f"{n_rows:09d}.safetensors"
