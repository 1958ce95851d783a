"""The tolerated policy: somebody else's, which may fail in one episode and go on in the others."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadAction, PolicyUnreachable
from vla_sim.protocols.policy import LatePolicy, Policy
from vla_sim.protocols.teacher import name_of
from vla_sim.records.observation import PolicyInput

Floats = NDArray[np.float32]
_MOST_TOLD = 300
"""Characters of somebody else's error."""


class ToleratedPolicy:
    """Passes a policy's chunks on; a row whose chunk is none has failed, and gets zeros.

    Where a whole batch fails, each of its rows is asked for alone, to find those that are to blame:
    a policy that remembers is then asked twice about the others. What fails in an episode does not
    depend on the batch: the length of a chunk is compared with the first of the same episode.

    A policy may say itself that a row failed: by a chunk that is not finite, and the reason in its
    `failures`, {row: why}; what is no such table says nothing.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.needs_images = policy.needs_images
        self.n_action_steps = policy.n_action_steps
        self.cameras = tuple(getattr(policy, "cameras", ()))
        self._failed: dict[int, str] = {}
        self._length: dict[int, int] = {}

    def failure(self, row: int) -> str:
        """Why it cannot go on with the row's episode; "" where it can."""
        return self._failed.get(row, "")

    def is_late(self, row: int) -> bool:
        """Whether the policy says so of the row's last chunk."""
        return isinstance(self.policy, LatePolicy) and self.policy.is_late(row)

    def reset(self, ids: NDArray[np.int64]) -> None:
        """Forget the rows `ids`, as the policy does."""
        for row in ids.tolist():
            self._failed.pop(row, None)
            self._length.pop(row, None)
        reset = getattr(self.policy, "reset", None)
        if not callable(reset):
            return
        try:
            reset(ids.copy())
        except PolicyUnreachable:
            raise
        except Exception as error:  # whatever it is, it is theirs
            self._failed |= dict.fromkeys(ids.tolist(), f"reset: {in_a_line(error)}")

    def chunk(self, told: PolicyInput) -> Floats:
        """The policy's chunks, cut to the steps that are run, (m, n_action_steps, n_act).

        Raises:
            PolicyUnreachable: If it lies behind a server that is gone: no episode can go on then.
        """
        out = np.zeros((len(told), self.n_action_steps, told.embodiment.n_act), dtype=np.float32)
        for place, answer in enumerate(self.whole(told)):
            if not isinstance(answer, str):
                out[place] = answer[: self.n_action_steps]
        return out

    def whole(self, told: PolicyInput) -> list[Floats | str]:
        """For each row its whole chunk (k, n_act), or why there is none."""
        rows = told.row.tolist()
        out: list[Floats | str] = [self.failure(row) for row in rows]
        left = np.array([place for place, why in enumerate(out) if not why], dtype=np.int64)
        if not len(left):
            return out
        answers = self._asked(told if len(left) == len(told) else told.take(left))
        for place, answer in zip(left.tolist(), answers, strict=True):
            out[place] = answer
            if isinstance(answer, str):
                self._failed[rows[place]] = answer
        return out

    def _asked(self, told: PolicyInput) -> list[Floats | str]:
        """For each row its chunk, or why there is none."""
        try:
            chunk = self._shaped(told, self.policy.chunk(told))
        except PolicyUnreachable:
            raise
        except Exception as error:
            if len(told) == 1:
                return [in_a_line(error)]
            return [self._asked(told.take(np.array([k])))[0] for k in range(len(told))]
        return [self._finite(int(row), one) for row, one in zip(told.row, chunk, strict=True)]

    def _shaped(self, told: PolicyInput, chunk: object) -> Floats:
        name, m, n_act = name_of(self.policy), len(told), told.embodiment.n_act
        right = f"a float array of shape ({m}, k, {n_act}) with k >= {self.n_action_steps}"
        if not isinstance(chunk, np.ndarray) or not np.issubdtype(chunk.dtype, np.floating):
            kind = chunk.dtype if isinstance(chunk, np.ndarray) else type(chunk).__name__
            raise BadAction(f"{name} returned {kind}; what is wanted is {right}")
        fits = chunk.ndim == 3 and (len(chunk), chunk.shape[2]) == (m, n_act)
        if not fits or chunk.shape[1] < self.n_action_steps:
            raise BadAction(f"{name} returned the shape {chunk.shape}; what is wanted is {right}")
        length = chunk.shape[1]
        before = [self._length.get(row, length) for row in told.row.tolist()]
        if other := next((n for n in before if n != length), 0):
            raise BadAction(f"{name} returned {length} steps, and {other} before")
        self._length |= dict.fromkeys(told.row.tolist(), length)
        return chunk.astype(np.float32)

    def _finite(self, row: int, chunk: Floats) -> Floats | str:
        run = chunk[: self.n_action_steps]
        if np.isfinite(run).all():
            return chunk
        wrong = float(run[~np.isfinite(run)][0])
        said = getattr(self.policy, "failures", None)
        why = said.get(row) if isinstance(said, Mapping) else None
        if isinstance(why, str) and why:
            return why
        return f"BadAction: {name_of(self.policy)} returned {wrong}"


def in_a_line(error: Exception) -> str:
    """An error in a line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:_MOST_TOLD]
