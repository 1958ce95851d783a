"""Outsiders: somebody else's policies, tried before the first episode, and let fail in one."""

from collections.abc import Sequence

import numpy as np

from vla_sim.agents.tolerated import ToleratedPolicy, in_a_line
from vla_sim.envs.acting import Acting
from vla_sim.envs.crank import Crank, CrankConfig
from vla_sim.envs.plan import draw_spec
from vla_sim.envs.streams import TRAIN_SEEDS_FROM
from vla_sim.errors import BadConfig, VlaSimError
from vla_sim.loop.choice import Choice
from vla_sim.loop.policies import check_pictures, policy_of
from vla_sim.protocols.teacher import Actor, Teacher

_TRIED_SEED = TRAIN_SEEDS_FROM - 1
"""A scene that nobody is measured or trained on."""


def acting_for(chosen: str | Choice, crank: Crank) -> Actor:
    """Who acts in a crank's episodes under a name, see `policy_of`; somebody else's may fail."""
    return tolerated(policy_of(chosen, crank), chosen)


def tolerated(actor: Actor, chosen: str | Choice) -> Actor:
    """The actor, behind what lets it fail in one episode alone where it is somebody else's."""
    choice = chosen if isinstance(chosen, Choice) else Choice(name=chosen)
    if not choice.is_outside or isinstance(actor, Teacher):
        return actor
    return ToleratedPolicy(actor)


def try_out(choice: Choice, task_ids: Sequence[str], config: CrankConfig) -> None:
    """Find out whether a policy can act at all, before anything is measured.

    Somebody else's is asked for one chunk on each task; an aligned model says what it looks at.

    Raises:
        VlaSimError: If it cannot be had, its chunk is none, or it knows pictures of another size.
    """
    if not choice.is_outside:
        check_pictures(choice, config)
        return
    only = np.zeros(1, dtype=np.int64)
    for task_id in task_ids:
        crank = Crank(task_id, 1, config)
        crank.start(only, [draw_spec(task_id, _TRIED_SEED)])
        try:
            acting = Acting(policy_of(choice, crank), crank)
            acting.begin(only)
            acting.chunk(only, crank.observe(only, images=acting.needs_images))
            acting.begin(only)  # whoever remembers this forgets it
        except VlaSimError:
            raise
        except Exception as error:  # theirs, whatever it is
            raise BadConfig(
                f"the policy {choice.name!r} failed on its first observation of {task_id}: "
                f"{in_a_line(error)} (--debug shows where)"
            ) from error
