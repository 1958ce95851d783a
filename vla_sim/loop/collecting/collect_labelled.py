"""Labelled episodes: a plan of episodes, each with the triples of all its steps."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.envs.rollout import Rollout
from vla_sim.loop.simulating.labels import Labeller
from vla_sim.protocols.teacher import Actor
from vla_sim.records.episode import Episode, EpisodeSpec
from vla_sim.records.triple import Rows


class LabelStore:
    """The labels of the episode that each slot runs, one row per control step."""

    def __init__(self, n: int, horizon_steps: int) -> None:
        self._n = n
        self._horizon_steps = horizon_steps
        self._columns: dict[str, NDArray[np.generic]] = {}

    def put(self, ids: NDArray[np.int64], step: NDArray[np.int64], rows: Rows) -> None:
        """Note the rows of the slots `ids`, taken `step` (m,) steps after their start."""
        for name, values in rows.items():
            if name not in self._columns:
                shape = (self._n, self._horizon_steps, *values.shape[1:])
                self._columns[name] = np.zeros(shape, dtype=values.dtype)
            self._columns[name][ids, step] = values

    def take(self, slot: int, n_steps: int) -> Rows:
        """The rows of the episode that ended in `slot`."""
        return {name: column[slot, :n_steps].copy() for name, column in self._columns.items()}


def labelled_episodes(
    crank: Crank, policy: Actor, labeller: Labeller, plan: Sequence[EpisodeSpec], *, teaches: bool
) -> Iterator[tuple[int, list[tuple[Episode, Rows]]]]:
    """Run a plan; after every step, yield how many slots moved and the episodes that ended.

    Pictures are drawn once a step, and travel in the rows.

    Args:
        crank: The simulations.
        policy: Who acts.
        labeller: Labels every step for every goal, whoever acts.
        plan: The episodes.
        teaches: The policy is the expert itself: its states are not a learner's.
    """
    sees = policy.needs_images
    run = Rollout(crank, policy, plan, keep_images=sees)
    store = LabelStore(crank.n, crank.horizon_steps)
    while len(ids := run.active):
        on_policy = np.full(len(ids), not teaches)
        images = run.latest_images(ids) if sees else None
        store.put(ids, crank.steps[ids], labeller.rows(ids, on_policy, images))
        slot_of = dict(zip(run.place_of(ids).tolist(), ids.tolist(), strict=True))
        ended = [
            (episode, store.take(slot_of[place], episode.n_steps))
            for place, episode in run.advance()
        ]
        yield len(ids), ended
