"""Acting: whoever acts is given what its role may see, and what comes back is checked, once."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.errors import BadAction, BadConfig
from vla_sim.protocols.policy import FalliblePolicy, LatePolicy
from vla_sim.protocols.teacher import Actor, Teacher, name_of, role_of
from vla_sim.records.observation import Observation


class Acting:
    """A policy or a teacher in the slots of a crank.

    Attributes:
        role: Which of the two.
        needs_images: Whether it looks.
        n_action_steps: How many steps of a chunk are executed.
        looks_at_wrist: Whether it wants the wrist camera's pictures too.
    """

    def __init__(self, actor: Actor, crank: Crank) -> None:
        """Look at who acts, before anything moves.

        Raises:
            BadConfig: If it is neither policy nor teacher, or `n_action_steps` is no whole number
                from 1 on.
        """
        self.role = role_of(actor)
        self.actor = actor
        self.crank = crank
        self.needs_images = bool(actor.needs_images)
        self.n_action_steps = _whole(actor)
        self.looks_at_wrist = "wrist" in getattr(actor, "cameras", ())
        if self.looks_at_wrist:
            _ = crank.wrist  # refused here where there is none

    def begin(self, ids: NDArray[np.int64]) -> None:
        """Say that new episodes begin in the slots `ids`, to those who remember."""
        reset = getattr(self.actor, "reset", None)
        if callable(reset):
            reset(ids.copy())

    def chunk(self, ids: NDArray[np.int64], observation: Observation) -> NDArray[np.float32]:
        """The actions for the slots `ids`, float32 (m, n_action_steps, n_act).

        Raises:
            BadAction: If what comes back has another type or shape, or is not finite, and no shield
                takes that.
        """
        if self.looks_at_wrist:
            images = {**observation.images, "wrist": self.crank.wrist.rgb(ids)}
            observation = replace(observation, images=images)
        if isinstance(self.actor, Teacher):
            returned = self.actor.teach(self.crank.known(ids, observation))
        else:
            returned = self.actor.chunk(self.crank.told(ids, observation))
        return self._checked(returned, len(ids))

    def failure(self, slot: int) -> str:
        """Why who acts in a slot cannot go on; "" where it can."""
        return self.actor.failure(slot) if isinstance(self.actor, FalliblePolicy) else ""

    def late(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the last chunks of the slots `ids` were for earlier observations, (m,)."""
        if not isinstance(self.actor, LatePolicy):
            return np.zeros(len(ids), dtype=np.bool_)
        return np.array([self.actor.is_late(slot) for slot in ids.tolist()], dtype=np.bool_)

    @property
    def may_fail(self) -> bool:
        """Whether a failure costs an episode, and not the run."""
        return isinstance(self.actor, FalliblePolicy)

    def _checked(self, chunk: object, m: int) -> NDArray[np.float32]:
        n_steps, n_act = self.n_action_steps, self.crank.embodiment.n_act
        right = (
            f"{self.crank.task_id} with {m} simulations wants a floating-point numpy array of "
            f"shape ({m}, k, {n_act}) with k >= {n_steps}, the n_action_steps"
        )
        name = name_of(self.actor)
        if not isinstance(chunk, np.ndarray):
            raise BadAction(f"{name} returned a {type(chunk).__name__}; {right}")
        if not np.issubdtype(chunk.dtype, np.floating):
            raise BadAction(f"{name} returned a chunk of {chunk.dtype}; {right}")
        fits = chunk.ndim == 3 and (len(chunk), chunk.shape[2]) == (m, n_act)
        if not fits or chunk.shape[1] < n_steps:
            raise BadAction(f"{name} returned a chunk of shape {chunk.shape}; {right}")
        run = chunk[:, :n_steps].astype(np.float32)
        if self.crank.shield is None and not np.isfinite(run).all():
            row, step, component = np.argwhere(~np.isfinite(run))[0]
            raise BadAction(
                f"{name} returned {chunk[row, step, component]} in row {row}, step {step}, "
                f"component {component}; actions are finite numbers in [-1, 1]"
            )
        return run


def _whole(actor: Actor) -> int:
    n: object = actor.n_action_steps
    if not isinstance(n, Integral) or isinstance(n, bool) or n < 1:
        raise BadConfig(
            f"n_action_steps of {name_of(actor)} is {n!r}; it must be a whole number from 1 on"
        )
    return int(n)
