"""Teacher: whoever acts with the truth before its eyes."""

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vla_sim.errors import BadConfig
from vla_sim.protocols.policy import Policy
from vla_sim.records.episode import Role
from vla_sim.records.teacher_input import TeacherInput


@runtime_checkable
class Teacher(Protocol):
    """Like a `Policy`, but given the true state and the true goal; results say so.

    It may have a `reset` as a `StatefulPolicy` has.
    """

    @property
    def needs_images(self) -> bool:
        """Whether cameras have to be rendered for it."""
        ...

    @property
    def n_action_steps(self) -> int:
        """How many steps of a chunk are executed before the next call; read once."""
        ...

    def teach(self, known: TeacherInput) -> NDArray[np.float32]:
        """Normalised actions, shape (m, k, n_act), as `Policy.chunk` returns them."""
        ...


Actor = Policy | Teacher


def role_of(actor: object) -> Role:
    """Whether an object is a policy or a teacher.

    Raises:
        BadConfig: If it is neither or both, lacks a member, or is a class.
    """
    name = name_of(actor)
    if isinstance(actor, type):
        raise BadConfig(f"{name} is a class, not a policy; give an instance of it, {name}()")
    roles: dict[str, Role] = {"chunk": "policy", "teach": "teacher"}
    can = [verb for verb in roles if callable(getattr(actor, verb, None))]
    if len(can) == 2:
        raise BadConfig(
            f"{name} has both chunk, which a policy has, and teach, which gets the truth; keep one"
        )
    needed = ("needs_images", "n_action_steps")
    lacking = [member for member in needed if not hasattr(actor, member)]
    if not can or lacking:
        listed = ", ".join([*([] if can else ["chunk"]), *lacking])
        raise BadConfig(
            f"{name} is no policy: it lacks {listed}; a policy has needs_images, n_action_steps "
            "and chunk(told)"
        )
    return roles[can[0]]


def name_of(actor: object) -> str:
    """What errors and run cards call it: the name of its class."""
    return (actor if isinstance(actor, type) else type(actor)).__qualname__
