"""Counterfactual labels: what the expert would do now, for everything that the scene admits."""

import numpy as np
from numpy.typing import NDArray

from vla_sim.envs.crank import Crank
from vla_sim.envs.task_table import TaskTable
from vla_sim.protocols.expert import Expert
from vla_sim.protocols.task import Points
from vla_sim.records.manner import MANNERS
from vla_sim.records.triple import CHUNK_SIZE, GRID, N_ACT, N_GOALS, N_PROPRIO, Rows


class Labeller:
    """Cuts step triples from the present state of a crank's slots.

    Every goal of the scene is labelled; the episode's own goal in the episode's manner, the others
    in manners that change from step to step.
    """

    def __init__(self, crank: Crank, expert: Expert, table: TaskTable | None = None) -> None:
        """Labels of a crank's task.

        Args:
            crank: Where it happens.
            expert: Who labels.
            table: The tasks that rows count by; None for those of the package.
        """
        self.crank = crank
        self.expert = expert
        self.task_index = (table or TaskTable()).index(crank.task_id)

    def rows(
        self,
        ids: NDArray[np.int64],
        on_policy: NDArray[np.bool_],
        images: NDArray[np.uint8] | None = None,
    ) -> Rows:
        """The step triples of the slots `ids` now, as the rows of `StepTriples`.

        Args:
            ids: Slots, shape (m,).
            on_policy: Whether the learner acts in each of them, shape (m,).
            images: Their pictures now, where somebody has rendered them already.
        """
        crank, m = self.crank, len(ids)
        n_goals, manner = crank.n_goals[ids], self._asked(ids)
        columns = np.arange(N_GOALS) % n_goals[:, None]  # (m, N_GOALS), repeats are weight 0
        labelled = int(n_goals.max())
        state = crank.task.privileged()
        repeated = {k: np.repeat(v[ids], labelled, axis=0) for k, v in state.items()}
        chunk = np.zeros((m, N_GOALS, CHUNK_SIZE, N_ACT), dtype=np.float32)
        chunk[:, :labelled, :, : crank.embodiment.n_act] = self.expert.chunk(
            repeated, columns[:, :labelled].ravel(), manner[:, :labelled].ravel(), CHUNK_SIZE
        ).reshape(m, labelled, CHUNK_SIZE, -1)
        if images is not None and not len(crank.view.hazard_geoms):
            image, hazard = images, np.zeros((m, GRID, GRID), dtype=np.uint8)
        else:
            image, hazard = crank.view.rgb_and_hazard(ids)
        points = crank.task.points()
        at, cell, visible = self._placed(points, ids)
        proprio = np.zeros((m, N_PROPRIO), dtype=np.float32)
        seen = crank.view.relative(crank.robot.proprio())[ids]
        proprio[:, : seen.shape[1]] = seen
        pick = np.arange(m)[:, None], columns
        return {
            "image": image,
            "proprio": proprio,
            "task": np.full(m, self.task_index, dtype=np.int64),
            "meaning": crank.meanings[ids[:, None], columns, manner],
            "weight": (np.arange(N_GOALS) < n_goals[:, None]).astype(np.float32),
            "chunk": chunk,
            "goal_point": at[pick].astype(np.float32),
            "has_point": points.exists[ids][pick],
            "held": points.held[ids][pick],
            "cell": cell[pick],
            "cell_visible": visible[pick],
            "hazard": hazard,
            "on_policy": on_policy,
        }

    def _placed(
        self, points: Points, ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.bool_]]:
        """Where the points of the slots `ids` are, in space and in the picture, and if in view.

        (m, k, N_QUERIES, 3), (m, k, N_QUERIES, 2), (m, k, N_QUERIES); zero where there is none.
        """
        view, exists = self.crank.view, points.exists[ids]
        at = np.zeros((*exists.shape, 3))
        cell = np.zeros((*exists.shape, 2), dtype=np.float32)
        visible = np.zeros(exists.shape, dtype=np.bool_)
        for query in np.flatnonzero(exists.any(axis=(0, 1))):
            at[:, :, query] = view.relative_points(points.at[:, :, query])[ids]
            cell[:, :, query], visible[:, :, query] = view.locate(points.shown_by[:, :, query], ids)
        none = ~exists
        at[none], cell[none], visible[none] = 0.0, 0.0, False
        return at, cell, visible

    def _asked(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Manner index of each goal of each slot, (m, N_GOALS)."""
        crank = self.crank
        turn = crank.seed[ids] + crank.steps[ids]
        manner = (turn[:, None] + np.arange(N_GOALS)) % len(MANNERS)
        manner[np.arange(len(ids)), crank.goal[ids]] = crank.manner[ids]
        return manner.astype(np.int64)
