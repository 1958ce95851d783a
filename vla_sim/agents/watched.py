"""A policy that is watched: it acts as ever, and what it shows of itself is written down."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vla_sim.agents.aligned import padded
from vla_sim.agents.last_chunk import Floats, LastChunk
from vla_sim.envs.language.rephrase import wordings
from vla_sim.protocols.chunk_model import ProposingModel
from vla_sim.protocols.policy import Policy
from vla_sim.records.observation import PolicyInput
from vla_sim.records.proposals import Proposals
from vla_sim.records.signals import SIGNALS
from vla_sim.records.triple import N_QUERIES, QUERIES

N_REPHRASED = 3
"""Other wordings that the words are held against."""


@dataclass(frozen=True, kw_only=True)
class _Last(LastChunk):
    """And z_S of it."""

    state: Floats


class WatchedPolicy:
    """Asks the model beside the policy; what is done is the policy's, to the last bit.

    Attributes:
        traces: {own seed of an episode: its rows of SIGNALS, one a decision}.
    """

    def __init__(self, policy: Policy, model: ProposingModel) -> None:
        self.policy = policy
        self.model = model
        self.traces: dict[int, list[Floats]] = {}
        self._last: dict[int, _Last] = {}

    @property
    def needs_images(self) -> bool:
        """The model looks."""
        return True

    @property
    def n_action_steps(self) -> int:
        """As the policy has it."""
        return self.policy.n_action_steps

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget what rows did before."""
        for row in ids.tolist():
            self._last.pop(row, None)
        forget = getattr(self.policy, "reset", None)
        if callable(forget):
            forget(ids)

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """What the policy does."""
        (images,) = told.observation.images.values()
        wordings = [_wordings(said.text) for said in told.instructions]
        found = self.model.propose(told.task_id, images, padded(told.observation.proprio), wordings)
        for place in range(len(told)):
            self._note(told, place, found)
        return self.policy.chunk(told)

    def _note(self, told: PolicyInput, place: int, found: Proposals) -> None:
        row, step = int(told.row[place]), int(told.step[place])
        last = self._last.get(row)
        chunk, state = found.chunk[place, :-1], found.state[place]
        if last is None:
            signals = signals_of(found, place, None, None)
        else:
            left = last.ahead(step, at_most=chunk.shape[1])
            signals = signals_of(found, place, last.state, left)
        self._last[row] = _Last(step=step, chunk=chunk[0], state=state[0])
        if step == 0:
            self.traces[int(told.own_seed[place])] = []
        self.traces.setdefault(int(told.own_seed[place]), []).append(signals)


def signals_of(
    found: Proposals, place: int, last_state: Floats | None, left: Floats | None
) -> Floats:
    """A row of SIGNALS.

    Args:
        found: For what was said, its rephrasings, and no words, in this order.
        place: Which row of it.
        last_state: (E,), z_S of the decision before; None at the first.
        left: (<= K, A), what the chunk before still held for now; None at the first.
    """
    chunk, state = found.chunk[place], found.state[place]
    own, others = chunk[0], chunk[1:-1]
    attention = found.attention[place].reshape(len(state), N_QUERIES, -1)  # (W, Q, cells)
    entropy = -(attention[0] * np.log(attention[0] + 1e-12)).sum(-1) / np.log(attention.shape[-1])
    spread = 0.5 * np.abs(attention[1:-1] - attention[0]).sum(-1).mean(0)
    values = {
        "disagreement": 1.0 - state[0] @ found.action[place, 0],
        "wording_spread": 1.0 - (state[1:-1] @ state[0]).mean(),
        "chunk_spread": np.abs(others - own).mean(),
        "inconsistency": 0.0 if left is None else np.abs(own[: len(left)] - left).mean(),
        "drift": 0.0 if last_state is None else 1.0 - last_state @ state[0],
        "effort": np.abs(own).mean(),
        "unsaid": 1.0 - state[-1] @ state[0],
    }
    for query, name in enumerate(QUERIES):
        values[f"{name}_peak"] = found.peak[place, 0, query]
        values[f"{name}_entropy"] = entropy[query]
        values[f"{name}_spread"] = spread[query]
    return np.array([values[name] for name in SIGNALS], dtype=np.float32)


def _wordings(text: str) -> list[str]:
    return [*wordings(text, N_REPHRASED + 1), ""]
