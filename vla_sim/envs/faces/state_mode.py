"""The observation mode "state": the truth as numbers, for learning without pictures."""

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import N_QUERIES

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
FAR = 1_000.0
"""In place of infinity, which in the true state says that there is no such thing."""


class StateMode:
    """`proprio`, `goal`, `manner` and `world`; no picture is drawn and no word is shown.

    `goal` says what the instruction means: for each of `QUERIES` the way from the controlled point
    to the point that answers it (3) [m], in the world's axes, and 1 where there is one, else zeros;
    then 1 if the thing is held. `manner` is 1 at the asked one of `MANNERS`. `world` is the true
    state that experts read (`Task.privileged`), its parts by name one after another, within FAR.

    Whoever acts on it knows the goal without being told: it is for learning algorithms and for
    teachers. The benchmark shows policies nothing of it.
    """

    def __init__(self, crank: Crank) -> None:
        self._crank = crank
        self._all = np.arange(crank.n)
        widths = {
            "proprio": crank.embodiment.n_proprio,
            "goal": 4 * N_QUERIES + 1,
            "manner": len(MANNERS),
            "world": self._world(self._all).shape[1],
        }
        self.space = spaces.Dict(
            {name: spaces.Box(-np.inf, np.inf, (n,), np.float32) for name, n in widths.items()}
        )

    def see(self, ids: Ids) -> dict[str, Floats]:
        """Observations of the simulations `ids`."""
        crank = self._crank
        manner = np.zeros((len(ids), len(MANNERS)), dtype=np.float32)
        manner[np.arange(len(ids)), crank.manner[ids]] = 1.0
        return {
            "proprio": crank.observe(ids, images=False).proprio.astype(np.float32),
            "goal": self._goal(ids),
            "manner": manner,
            "world": self._world(ids),
        }

    def _goal(self, ids: Ids) -> Floats:
        points, goal = self._crank.task.points(), self._crank.goal[ids]
        exists = points.exists[ids, goal]  # (m, N_QUERIES)
        way = points.at[ids, goal] - self._crank.robot.motion.point[ids, None]
        way[~exists] = 0.0
        per_query = np.concatenate([way, exists[..., None]], axis=-1).reshape(len(ids), -1)
        return np.column_stack([per_query, points.held[ids, goal]]).astype(np.float32)

    def _world(self, ids: Ids) -> Floats:
        parts = sorted(self._crank.task.privileged().items())
        flat = [np.reshape(values[ids], (len(ids), -1)) for _, values in parts]
        return np.clip(np.concatenate(flat, axis=1), -FAR, FAR).astype(np.float32)
