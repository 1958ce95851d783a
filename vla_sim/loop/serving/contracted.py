"""The contracted policy: whoever speaks a contract acts here, behind a wire or in this process."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadMessage
from vla_sim.loop.serving.translation import OWN_SEED, STEP, Message, Translation
from vla_sim.records.contract import Contract
from vla_sim.records.observation import PolicyInput


class Asked(Protocol):
    """Whoever answers messages."""

    def answers(self, rows: Sequence[int], messages: Sequence[Message]) -> list[object]:
        """An answer to each message; a text where there is none, which says why.

        Raises:
            PolicyUnreachable: If nobody answers any more.
        """
        ...

    def forget(self, rows: Sequence[int]) -> None:
        """Another episode begins in these rows."""
        ...


class ContractedPolicy:
    """Sends each row's message, and runs what the answers mean.

    Attributes:
        failures: {row: why its last answer was none}.
    """

    def __init__(
        self, translation: Translation, asked: Asked, *, n_action_steps: int, chunk_steps: int
    ) -> None:
        """A policy of one contract on one robot.

        Args:
            translation: Between our words and theirs.
            asked: Who answers.
            n_action_steps: Steps of a chunk that are run.
            chunk_steps: Steps that a chunk has, always.
        """
        sights = translation.contract.sights
        self.needs_images = "scene" in sights
        self.cameras: tuple[str, ...] = sights
        self.n_action_steps = n_action_steps
        self.failures: dict[int, str] = {}
        self._translation = translation
        self._asked = asked
        self._chunk_steps = chunk_steps
        self._late: set[int] = set()

    def is_late(self, row: int) -> bool:
        """Whether the row's last answer was for an earlier observation, as far as it says so."""
        return row in self._late

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Other episodes begin in the rows `ids`."""
        for row in ids.tolist():
            self.failures.pop(row, None)
            self._late.discard(row)
        self._asked.forget(ids.tolist())

    def chunk(self, told: PolicyInput) -> NDArray[np.float32]:
        """What the answers mean, (m, chunk, n_act); NaN where one was none."""
        shape = (len(told), self._chunk_steps, told.embodiment.n_act)
        out = np.full(shape, np.nan, dtype=np.float32)
        messages = [self._translation.message(told, place) for place in range(len(told))]
        rows = told.row.tolist()
        tool = told.observation.tool
        for place, answer in enumerate(self._asked.answers(rows, messages)):
            try:
                stands = None if tool is None else tool[place].astype(np.float64)
                late = is_late(answer, int(told.step[place]), int(told.own_seed[place]))
                out[place] = self._read(answer, stands)
                (self._late.add if late else self._late.discard)(rows[place])
            except BadMessage as error:
                self.failures[rows[place]] = str(error)
        return out

    def _read(self, answer: object, tool: NDArray[np.float64] | None) -> NDArray[np.float32]:
        if isinstance(answer, str):
            raise BadMessage(answer)
        chunk = self._translation.chunk(answer, tool)
        if len(chunk) != self._chunk_steps:
            raise BadMessage(f"{len(chunk)} steps came, and {self._chunk_steps} before")
        return chunk


def is_late(answer: object, step: int, own_seed: int) -> bool:
    """Whether an answer says that it is for an earlier observation of the same episode.

    A server may send back the step and the seed of the message that its chunk is for, under the
    keys under which they came. One that does not is taken to answer what it was asked.

    Raises:
        BadMessage: If the answer is for another episode, or for an observation that was not sent.
    """
    if not isinstance(answer, Mapping):
        return False
    if (theirs := answer.get(OWN_SEED, own_seed)) != own_seed:
        raise BadMessage(f"{OWN_SEED}: {theirs!r} came, of another episode; asked was {own_seed}")
    was: Any = answer.get(STEP, step)
    if isinstance(was, bool) or not isinstance(was, int | np.integer) or not 0 <= was <= step:
        raise BadMessage(f"{STEP}: {was!r} came, and the observations until now are 0 to {step}")
    return bool(was < step)


class ObjectAsked:
    """An object with openpi's `infer(observation) -> {"actions": ...}`, in this process.

    What it remembers it cannot keep apart by row, so it is told of every new episode by its own
    `reset()`, where it has one, and simulations are best run one at a time (`--n-slots 1`).
    """

    def __init__(self, policy: Any) -> None:
        self.policy = policy

    def answers(self, rows: Sequence[int], messages: Sequence[Message]) -> list[object]:
        """What it infers from each."""
        return [self._answer(message) for message in messages]

    def forget(self, rows: Sequence[int]) -> None:
        """Reset it, where it can be."""
        if rows and callable(reset := getattr(self.policy, "reset", None)):
            reset()

    def _answer(self, message: Message) -> object:
        try:
            return self.policy.infer(message)
        except Exception as error:  # theirs, whatever it is; it costs the episode
            return f"{type(error).__name__}: {error}"


def contracted(
    contract: Contract, translation: Translation, asked: Asked, task_id: str, image_size: int
) -> ContractedPolicy:
    """The policy, after one answer to a blank message has shown how long its chunks are.

    Raises:
        BadMessage: If the answer is none, or not what the contract says.
        PolicyUnreachable: If nobody answers.
    """
    blank = translation.blank(task_id, image_size)
    (answer,) = asked.answers([-1], [blank])
    asked.forget([-1])
    if isinstance(answer, str):
        raise BadMessage(f"it answered a blank observation with an error: {answer}")
    n_steps = len(translation.chunk(answer, None))
    run = contract.actions.run or n_steps
    return ContractedPolicy(translation, asked, n_action_steps=run, chunk_steps=n_steps)
